//! A script that cannot be read does not hide what is wrong with the others, and
//! what may be its doing is not found in them.

#![expect(
    clippy::expect_used,
    reason = "a test stops where it fails; what clippy allows in tests leaves out their helpers"
)]

use migrator_analysis::analyse;
use migrator_model::{Tree, resolve};

const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n\n\
                        [services.b]\ntier = \"One\"\ndirectory = \"b\"\n";

/// Migrations of two services, alternately, each an up and a down script.
fn found(scripts: &[(&str, &str)]) -> Vec<String> {
    let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
    for service in ["a", "b"] {
        tree = tree.with_file(&path(service, 59, "up"), "SELECT 1;");
        tree = tree.with_file(&path(service, 59, "down"), "SELECT 1;");
    }
    for (number, (up, down)) in (10..).zip(scripts) {
        tree = tree
            .with_file(&path("a", number, "up"), *up)
            .with_file(&path("a", number, "down"), *down);
    }
    codes(&tree)
}

fn codes(tree: &Tree) -> Vec<String> {
    let resolved = resolve(tree);
    let mut findings = analyse(&resolved);
    findings.extend(resolved.problems);
    findings.sort_by(|a, b| a.place.cmp(&b.place));
    let shown = findings.iter().map(|finding| {
        let path = finding.path().expect("a finding of the tree has a place");
        let file = path.rsplit('/').next().unwrap_or(path);
        let version = file.get(12..14).unwrap_or(file);
        let direction = file.rsplit('.').nth(1).expect("a script has a direction");
        format!("{version} {direction} {}", finding.code)
    });
    shown.collect()
}

fn path(service: &str, number: usize, direction: &str) -> String {
    let uid = format!("{}{number:07}", if service == "a" { "a" } else { "b" });
    format!("migrations/{service}/202401010000{number}_{uid}_step.{direction}.sql")
}

const ITEMS: (&str, &str) = (
    "CREATE SCHEMA shop; CREATE TABLE shop.items (id int PRIMARY KEY, kind varchar(10));",
    "DROP TABLE shop.items; DROP SCHEMA shop;",
);

/// Finds M0213 in its up script and M0229 in its down script.
const FAULTY: (&str, &str) = ("ALTER TABLE shop.items ADD y int NOT NULL;", "SELECT 1;");

#[test]
fn a_fault_of_one_script_does_not_hide_those_of_others() {
    for (broken, code) in [
        ("ALTER TABLE shop.items DROP COLUMN x text;", "M0208"),
        ("CREATE TABEL shop.others (id int);", "M0208"),
        ("SELECT 1 SELECT 2;", "M0208"),
        ("\\connect other", "M0209"),
        ("BEGIN; SELECT 1; COMMIT;", "M0210"),
        ("VACUUM;", "M0211"),
        ("-- migrator: no-such\nSELECT 1;", "M0204"),
        ("SELECT 'a;", "M0207"),
        ("-- nothing", "M0203"),
        ("SELECT '\0';", "M0202"),
    ] {
        for scripts in [
            [ITEMS, (broken, "SELECT 1;"), FAULTY],
            [(broken, "SELECT 1;"), ITEMS, FAULTY],
            [ITEMS, FAULTY, (broken, "SELECT 1;")],
        ] {
            let found = found(&scripts);
            let at = scripts
                .iter()
                .position(|script| *script == FAULTY)
                .expect("it is there");
            let number = 10 + at;
            let broken_at = scripts.iter().position(|script| script.0 == broken);
            let mut expected = vec![
                format!("{} up {code}", 10 + broken_at.expect("it is there")),
                format!("{number} up M0213"),
                format!("{number} up M0229"),
            ];
            expected.sort();
            let mut found_sorted = found.clone();
            found_sorted.sort();
            assert_eq!(found_sorted, expected, "{broken:?}");
        }
        let found = found(&[ITEMS, ("ALTER TABLE shop.items ADD x int;", broken), FAULTY]);
        assert_eq!(
            found,
            [
                format!("11 down {code}"),
                "12 up M0213".to_owned(),
                "12 up M0229".to_owned()
            ],
            "{broken:?}"
        );
    }
}

#[test]
fn possible_effects_of_a_broken_script_are_not_reported_in_others() {
    // Each would be found if the first script of the pair did nothing.
    for (broken, later) in [
        (
            "ALTER TABLE shop.items DROP kind; CREATE TABEL x ();",
            "ALTER TABLE shop.items ADD COLUMN IF NOT EXISTS kind int NOT NULL DEFAULT 1;",
        ),
        (
            "ALTER TABLE shop.items ALTER kind SET NOT NULL; CREAT TABLE x ();",
            "ALTER TABLE shop.items ALTER kind SET NOT NULL;",
        ),
        (
            "ALTER TABLE shop.items ALTER kind TYPE varchar(5); CREAT TABLE x ();",
            "ALTER TABLE shop.items ALTER kind TYPE varchar(9);",
        ),
        (
            "CREATE TABEL shop.late (id int NOT NULL);",
            "ALTER TABLE shop.late ALTER id SET NOT NULL;",
        ),
        (
            "CREATE DOMIAN shop.flag AS int DEFAULT 1;",
            "ALTER TABLE shop.items ADD f shop.flag NOT NULL;",
        ),
        (
            "CREAT TABLE shop.late ();",
            "COMMENT ON TABLE shop.late IS 'x';",
        ),
        (
            "DROP TABLE shop.old; CREAT TABLE x ();",
            "CREATE TABLE shop.old ();",
        ),
    ] {
        let found = found(&[
            ITEMS,
            ("CREATE TABLE shop.old ();", "DROP TABLE shop.old;"),
            (broken, "SELECT 1;"),
            (
                later,
                "-- migrator: allow M0230 because of the test\nDROP TABLE shop.old; ALTER TABLE shop.items DROP kind, DROP f;",
            ),
        ]);
        let ups: Vec<&String> = found
            .iter()
            .filter(|one| one.contains(" up ") && !one.contains("M0228"))
            .collect();
        assert_eq!(ups, ["12 up M0208"], "{later}");
    }
}

#[test]
fn a_file_with_a_wrong_name_does_not_hide_other_faults() {
    let tree = Tree::new("database")
        .with_file(
            "services.toml",
            MANIFEST
                .split("[services.b]")
                .next()
                .expect("it has a begin"),
        )
        .with_file(&path("a", 10, "up"), ITEMS.0)
        .with_file(&path("a", 10, "down"), ITEMS.1)
        .with_file(
            "migrations/a/20240101000011_zzzzzzzz_step.up.sql",
            "DROP TABLE shop.items;",
        )
        .with_file(
            "migrations/a/20240101000011_zzzzzzzz_step.down.sql",
            "SELECT 1;",
        )
        .with_file(&path("a", 12, "up"), FAULTY.0)
        .with_file(&path("a", 12, "down"), FAULTY.1);
    let found = codes(&tree);
    assert_eq!(
        found,
        ["11 down M0103", "11 up M0103", "12 up M0213", "12 up M0229"]
    );
}
