//! Scripts in, findings out.

use migrator_model::{Code, Problem, Tree, resolve};

const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n";

const BASE: &str = "CREATE SCHEMA shop; CREATE TABLE shop.items (id serial PRIMARY KEY, kind text);
    CREATE VIEW shop.names AS SELECT kind FROM shop.items; CREATE TYPE shop.mood AS ENUM ();
    CREATE FUNCTION shop.price(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';";

fn analysed(scripts: &[(&str, &str)]) -> Vec<Problem> {
    let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
    let base = [(BASE, "SELECT 1;")];
    for (number, (up, down)) in base.iter().chain(scripts).enumerate() {
        let stem = format!("migrations/a/2024010100000{number}_0000000{number}_m");
        tree = tree
            .with_file(&format!("{stem}.up.sql"), *up)
            .with_file(&format!("{stem}.down.sql"), *down);
    }
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, []);
    let findings = crate::analyse(&resolved);
    let unread = findings.iter().find(|one| one.code == Code::M0208);
    assert_eq!(unread, None);
    findings
}

fn found(scripts: &[(&str, &str)]) -> Vec<String> {
    let findings = analysed(scripts).into_iter();
    let ours = findings.filter(|one| one.code == Code::M0325);
    ours.map(|one| format!("{} ({})", one.message, one.help))
        .collect()
}

/// A script, the name in it that no script makes, and the nearest name.
const MISSPELT: &[(&str, &str, &str)] = &[
    (
        "ALTER TABLE shop.itms ADD z int;",
        "table or view `shop.itms`",
        "shop.items",
    ),
    (
        "CREATE INDEX i ON shop.item (id);",
        "table or view `shop.item`",
        "shop.items",
    ),
    (
        "CREATE TABLE shop.x (id int REFERENCES shop.itmes);",
        "table or view `shop.itmes`",
        "shop.items",
    ),
    (
        "CREATE VIEW shop.x AS SELECT * FROM shop.nams;",
        "table or view `shop.nams`",
        "shop.names",
    ),
    (
        "INSERT INTO shop.itens VALUES (1);",
        "table or view `shop.itens`",
        "shop.items",
    ),
    (
        "ALTER TABLE shop.items ADD m shop.mod;",
        "type `shop.mod`",
        "shop.mood",
    ),
    (
        "SELECT shop.prices(1);",
        "function `shop.prices`",
        "shop.price",
    ),
    (
        "DROP TABLE shop.itms;",
        "table or view `shop.itms`",
        "shop.items",
    ),
    (
        "GRANT SELECT ON shop.itms TO PUBLIC;",
        "table or view `shop.itms`",
        "shop.items",
    ),
];

#[test]
fn a_name_that_no_script_makes_is_found_with_the_nearest() {
    for (script, name, near) in MISSPELT {
        let expected = format!("no script of the tree creates the {name} (did you mean `{near}`?)");
        assert_eq!(found(&[(script, "SELECT 1;")]), [expected], "{script}");
    }
    let both = [(
        "ALTER TABLE shop.itms ADD z int;",
        "ALTER TABLE shop.itms DROP z;",
    )];
    assert_eq!(found(&both).len(), 1);
    let down = [(
        "ALTER TABLE shop.items ADD z int;",
        "ALTER TABLE shop.itms DROP z;",
    )];
    assert_eq!(found(&down).len(), 1);
    let unlike = found(&[("SELECT 1 FROM shop.completely_else;", "SELECT 1;")]);
    assert_eq!(
        unlike,
        [
            "no script of the tree creates the table or view `shop.completely_else` (correct the name, or create it in an earlier migration)"
        ]
    );
}

fn codes(up: &str, down: &str) -> Vec<&'static str> {
    let found = analysed(&[(up, down)]).into_iter();
    let found = found.filter(|one| one.path().is_some_and(|path| !path.contains("00000000_m")));
    found.map(|one| one.code.as_str()).collect()
}

#[test]
fn a_missing_table_is_reported_once() {
    for (up, down) in [
        ("ALTER TABLE shop.itms ADD z int NOT NULL;", "SELECT 1;"),
        (
            "ALTER TABLE shop.itms ADD z int NOT NULL;",
            "ALTER TABLE shop.items DROP z;",
        ),
        (
            "ALTER TABLE shop.items ADD z int;",
            "ALTER TABLE shop.itms DROP z;",
        ),
        (
            "ALTER TABLE shop.itms ADD z uuid DEFAULT gen_random_uuid();",
            "SELECT 1;",
        ),
        (
            "ALTER TABLE shop.itms ALTER id SET NOT NULL, ALTER kind TYPE int;",
            "SELECT 1;",
        ),
        (
            "ALTER TABLE shop.itms ADD CHECK (id > 0); ALTER TABLE shop.itms DROP kind;",
            "SELECT 1;",
        ),
        ("ALTER TABLE shop.itms RENAME kind TO sort;", "SELECT 1;"),
        ("ALTER TABLE shop.itms RENAME TO things;", "SELECT 1;"),
        ("CREATE UNIQUE INDEX i ON shop.itms (id);", "SELECT 1;"),
        ("DROP TABLE shop.itms;", "SELECT 1;"),
        (
            "ALTER TABLE shop.items ADD FOREIGN KEY (id) REFERENCES shop.itmes;",
            "ALTER TABLE shop.items DROP CONSTRAINT items_id_fkey;",
        ),
    ] {
        assert_eq!(codes(up, down), ["M0325"], "{up} | {down}");
    }
}

#[test]
fn another_fault_beside_a_missing_table_is_reported() {
    for (up, down, codes_of_it) in [
        // The view is left, whatever it reads.
        (
            "CREATE VIEW shop.v AS SELECT 1 FROM shop.itms;",
            "SELECT 1;",
            ["M0227", "M0325"],
        ),
        (
            "ALTER TABLE shop.items ADD z int NOT NULL REFERENCES shop.itmes;",
            "ALTER TABLE shop.items DROP z;",
            ["M0213", "M0325"],
        ),
        (
            "ALTER TABLE shop.itms ADD z int; ALTER TABLE shop.items ADD y int NOT NULL;",
            "ALTER TABLE shop.items DROP y;",
            ["M0325", "M0213"],
        ),
    ] {
        assert_eq!(codes(up, down), codes_of_it, "{up} | {down}");
    }
}

#[test]
fn a_table_that_is_allowed_to_be_missing_has_other_faults() {
    let up = "-- migrator: allow M0325 because the operator makes it
        ALTER TABLE shop.itms ADD z int NOT NULL;";
    assert_eq!(codes(up, "ALTER TABLE shop.itms DROP z;"), ["M0213"]);
}

#[test]
fn a_name_that_may_exist_is_not_reported() {
    for script in [
        "DROP TABLE IF EXISTS shop.itms;",
        "ALTER TABLE IF EXISTS shop.itms ADD z int;",
        "SELECT * FROM other.itms;",
        "SELECT * FROM itms;",
        "DO $$ BEGIN CREATE TABLE shop.itms (); END $$; SELECT * FROM shop.itms;",
        "DO $$ BEGIN EXECUTE 'CREATE TABLE shop.' || 'itms ()'; END $$; SELECT * FROM shop.itms;",
        "SELECT make_partitions('shop.items'); SELECT * FROM shop.items_2024;",
        "CREATE EXTENSION citext SCHEMA shop; ALTER TABLE shop.items ADD c shop.citext;",
        "ALTER SEQUENCE shop.items_id_seq RESTART;",
        "ALTER INDEX shop.items_pkey SET (fillfactor = 70);",
        "SET search_path = shop; CREATE TABLE itms (); SELECT * FROM shop.itms;",
        "ALTER TABLE shop.items RENAME TO itms; SELECT * FROM shop.itms;",
        "CREATE SCHEMA z CREATE TABLE w (); SELECT * FROM z.w;",
        "CREATE SCHEMA IF NOT EXISTS old; SELECT * FROM old.whatever;",
        "WITH itms AS (SELECT 1) SELECT * FROM itms;",
        "SELECT shop.kind FROM shop.items shop;",
        "CREATE FUNCTION shop.g(a shop.items.id%TYPE) RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ] {
        let found = found(&[(script, "SELECT 1;")]);
        assert!(found.is_empty(), "{script}: {found:?}");
    }
}
