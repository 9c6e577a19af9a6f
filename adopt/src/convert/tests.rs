//! Folders of other tools in, files of a tree out.

use migrator_model::{Registry, Tree, resolve};

use super::{Converted, Destination, Draft, Undo, convert};
use crate::files::Files;
use crate::tools::{ALL, find};

const MANIFEST: &str =
    "tiers = [\"One\"]\n[services.notes]\ntier = \"One\"\ndirectory = \"notes\"\n";

fn tree(converted: &Converted) -> Tree {
    let files = converted.migrations.iter().flat_map(|one| &one.files);
    let tree = Tree::new("database").with_file("services.toml", MANIFEST);
    files.fold(tree, |tree, file| {
        tree.with_file(
            &format!("migrations/notes/{}", file.name),
            file.text.as_str(),
        )
    })
}

fn empty() -> Registry {
    resolve(&tree(&Converted::default())).registry
}

fn draft(up: &str) -> Draft {
    match up.contains("CREATE TABLE a ") {
        true => Draft::Script("DROP TABLE a;\n".to_owned()),
        false => Draft::Impossible("it only inserts rows".to_owned()),
    }
}

fn converted(files: &[(&str, &str)], registry: &Registry) -> Converted {
    let tool = find("golang-migrate").unwrap();
    let source = tool.read(&Files::of("db", files));
    convert(
        tool,
        &source,
        Destination {
            registry,
            service: "notes",
        },
        &draft,
    )
    .unwrap()
}

const FILES: &[(&str, &str)] = &[
    ("1_a.up.sql", "BEGIN;\nCREATE TABLE a (id int);\nCOMMIT;\n"),
    ("2_b.up.sql", "INSERT INTO a VALUES (1);\n"),
    ("2_b.down.sql", "BEGIN;\n-- nothing\nCOMMIT;\n"),
    ("3_c.up.sql", "-- nothing\n"),
    ("3_c.down.sql", "BEGIN;\nDELETE FROM a;\nCOMMIT;\n"),
];

#[test]
fn the_files_are_a_sound_tree() {
    let converted = converted(FILES, &empty());
    let resolved = resolve(&tree(&converted));
    assert_eq!(resolved.problems, []);
    let texts: Vec<_> = converted
        .migrations
        .iter()
        .flat_map(|one| &one.files)
        .collect();
    assert_eq!(
        texts[0].text,
        "-- Adopted from golang-migrate: 1_a.up.sql\n\nCREATE TABLE a (id int);\n"
    );
    assert!(
        texts[1]
            .text
            .ends_with("Check this draft.\nDROP TABLE a;\n"),
        "{}",
        texts[1].text
    );
    assert!(
        texts[3]
            .text
            .ends_with("-- migrator: irreversible because it only inserts rows\n")
    );
    assert!(
        texts[4].text.contains("SELECT 1;\n\n-- nothing\n"),
        "{}",
        texts[4].text
    );
    let undo: Vec<_> = converted.migrations.iter().map(|one| &one.undo).collect();
    let reason = Undo::Irreversible("it only inserts rows".to_owned());
    assert_eq!(undo, [&Undo::Drafted, &reason, &Undo::Converted]);
}

#[test]
fn a_second_run_writes_only_what_is_new() {
    let first = converted(FILES, &empty());
    let registry = resolve(&tree(&first)).registry;
    let mut files = FILES.to_vec();
    files.push(("4_d.up.sql", "INSERT INTO a VALUES (2);\n"));
    let second = converted(&files, &registry);
    let ids = |all: &Converted| {
        all.migrations
            .iter()
            .map(|one| one.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&second)[..3], ids(&first));
    let written: Vec<_> = second
        .migrations
        .iter()
        .map(|one| one.files.len())
        .collect();
    assert_eq!(written, [0, 0, 0, 2]);
}

#[test]
fn two_transactions_in_a_file_are_a_problem() {
    let tool = find("golang-migrate").unwrap();
    let text = "BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;\n";
    let source = tool.read(&Files::of("db", &[("1_a.up.sql", text)]));
    let registry = empty();
    let into = Destination {
        registry: &registry,
        service: "notes",
    };
    let problems = convert(tool, &source, into, &draft).unwrap_err();
    assert_eq!(
        problems[0].place.as_ref().unwrap().to_string(),
        "db/1_a.up.sql:3:1"
    );
}

/// A folder of each tool whose up script has the line `LINE`: the tool, the file with the line and
/// its text, and another file of the folder.
const LINES: &[(&str, &str, &str, (&str, &str))] = &[
    (
        "alembic",
        "up.sql",
        "BEGIN;\n\nCREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL\n);\n\n\
         -- Running upgrade  -> 1a\n\nLINE\n\n\
         INSERT INTO alembic_version (version_num) VALUES ('1a');\n\nCOMMIT;\n",
        ("README", ""),
    ),
    ("dbmate", "1_a.sql", "-- migrate:up\nLINE\n", ("README", "")),
    ("diesel", "1_a/up.sql", "LINE\n", ("README", "")),
    (
        "drizzle",
        "0000_a.sql",
        "LINE\n",
        (
            "meta/_journal.json",
            r#"{"dialect":"postgresql","entries":[{"idx":0,"when":1704110400123,"tag":"0000_a"}]}"#,
        ),
    ),
    ("flyway", "V1__a.sql", "LINE\n", ("README", "")),
    ("golang-migrate", "1_a.up.sql", "LINE\n", ("README", "")),
    ("goose", "1_a.sql", "-- +goose Up\nLINE\n", ("README", "")),
    ("node-pg-migrate", "1_a.sql", "LINE\n", ("README", "")),
    ("prisma", "1_a/migration.sql", "LINE\n", ("README", "")),
    ("refinery", "V1__a.sql", "LINE\n", ("README", "")),
    (
        "sqitch",
        "deploy/a.sql",
        "LINE\n",
        (
            "sqitch.plan",
            "%project=notes\n\na 2024-01-01T12:00:00Z A <a@example.com>\n",
        ),
    ),
    ("sqlx", "1_a.sql", "LINE\n", ("README", "")),
    ("supabase", "1_a.sql", "LINE\n", ("README", "")),
];

#[test]
fn what_is_no_sql_has_its_place_for_each_tool() {
    let names: Vec<&str> = LINES.iter().map(|(tool, ..)| *tool).collect();
    let all: Vec<&str> = ALL.iter().map(|tool| tool.name()).collect();
    assert_eq!(names, all);
    let registry = empty();
    let into = Destination {
        registry: &registry,
        service: "notes",
    };
    for (name, path, text, other) in LINES {
        let tool = find(name).unwrap();
        let line = text.split("LINE").next().unwrap().lines().count() + 1;
        for (bad, column) in [
            ("\\i other.sql", 1),
            ("SELECT :x;", 8),
            ("SELECT ${x};", 8),
            ("COPY a FROM stdin;", 1),
        ] {
            let text = text.replace("LINE", bad);
            let source = tool.read(&Files::of("db", &[(path, text.as_str()), *other]));
            let problems = convert(tool, &source, into, &draft).unwrap_err();
            let places: Vec<String> = problems
                .iter()
                .map(|problem| problem.place.as_ref().unwrap().to_string())
                .collect();
            let place = format!("db/{path}:{line}:{column}");
            assert!(places.contains(&place), "{name}: {bad}: {problems:?}");
        }
    }
}
