//! Folders of other tools in, files of a tree out.

use migrator_model::{Registry, Tree, resolve};

use super::{Converted, Destination, Draft, Undo, convert};
use crate::files::Files;
use crate::tools::find;

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
