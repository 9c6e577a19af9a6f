//! Proves the scripts that `create` drafts: `verify` applies and reverts each pair on a server.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{ORDERS, document, tree, verify};
use crate::support::{migrator, output};

/// Up scripts without a down script, a paragraph each, one migration after the other.
const UPS: &str = include_str!("drafts.sql");

/// Descriptions of migrations, one after the other.
const DESCRIPTIONS: &[&str] = &[
    "table shop.notes",
    "column shop.notes.region text",
    "column shop.notes.reply_to bigint",
    "column shop.notes.size int NOT NULL DEFAULT 0",
    "index shop.notes(region, reply_to)",
    "function shop.text_of(a int, b text[]) returns text",
    "function shop.touch() returns trigger",
    "function shop.nothing() returns void",
    "function shop.all_notes() returns setof shop.notes",
    "function shop.pairs(a int) returns table(b int, c text)",
    "function shop.on_ddl() returns event_trigger",
    "enum shop.state(new, in progress, done)",
    "column shop.notes.state shop.state",
    "foreign key shop.notes(reply_to) -> shop.notes(id)",
];

fn create(folder: &Path, arguments: &[&str]) -> String {
    let mut all = vec!["create"];
    all.extend(arguments);
    output(migrator(&all).current_dir(folder))
}

/// Fails unless `verify` calls this many migrations sound.
fn assert_sound(folder: &Path, count: usize) {
    let proof = document(&mut verify(folder, &["--output=json"]));
    let all = proof["migrations"].as_array().cloned().unwrap_or_default();
    let faulty: Vec<&Value> = all.iter().filter(|one| one["verdict"] != "sound").collect();
    assert!(faulty.is_empty(), "{faulty:#?}");
    assert_eq!(all.len(), count, "{proof:#}");
}

#[test]
fn each_migration_of_a_description_reverts_itself() {
    let folder = tree(&[ORDERS]);
    for description in DESCRIPTIONS {
        let from = format!("--from={description}");
        let created = create(folder.path(), &["--service=shop", &from]);
        assert!(created.starts_with("exit: 0\n"), "{description}: {created}");
    }
    assert_sound(folder.path(), 1 + DESCRIPTIONS.len());
}

#[test]
fn each_complete_draft_of_a_down_script_reverts_its_up_script() {
    let folder = tree(&[ORDERS]);
    let migrations = folder.path().join("database/migrations/shop_service");
    let ups = UPS.split("\n\n");
    for (index, up) in ups.clone().enumerate() {
        let stem = format!("202402010000{index:02}_{index:08x}_step_{index}");
        let path = migrations.join(format!("{stem}.up.sql"));
        fs::write(&path, format!("{}\n", up.trim_end())).expect("it is written");
        let path = path.to_str().expect("a path");
        let drafted = create(folder.path(), &["--down-for", path, "--output=json"]);
        assert!(drafted.starts_with("exit: 0\n"), "{up}\n{drafted}");
        assert!(!drafted.contains("\"gaps\""), "{up}\n{drafted}");
    }
    assert_sound(folder.path(), 1 + ups.count());
}
