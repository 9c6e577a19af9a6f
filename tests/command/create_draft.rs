//! `create --from`, `--down-for` and `--restamp`.

use std::fs;
use std::path::Path;

use super::{checkout, write};
use crate::support::{migrator, output};

const SHOP: &str = "database/migrations/shop_service";
const STEM: &str = "database/migrations/shop_service/20240101120000_0a1b2c3d_create_orders";

fn run(folder: &Path, arguments: &[&str]) -> String {
    output(migrator(arguments).current_dir(folder))
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join(SHOP)).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names.map(|name| name.display().to_string()).collect();
    names.sort();
    names
}

#[test]
fn each_description_gives_a_migration_without_findings() {
    let checkout = checkout();
    for (spec, name) in [
        ("table notes", "create_notes_table"),
        ("column notes.region text", "add_region_to_notes"),
        ("column notes.author_id bigint", "add_author_id_to_notes"),
        (
            "index notes(author_id, region)",
            "index_notes_by_author_id_region",
        ),
        ("function f(a int) returns text", "create_f_function"),
        ("function touch() returns trigger", "create_touch_function"),
        ("enum state(new, done)", "create_state_type"),
        (
            "foreign key notes(author_id) -> notes(id)",
            "add_notes_author_id_fkey",
        ),
    ] {
        let from = format!("--from={spec}");
        let created = run(checkout.path(), &["create", "--service=shop", &from]);
        assert!(created.starts_with("exit: 0\n"), "{spec}: {created}");
        assert_eq!(created.matches(name).count(), 2, "{created}");
        let check = run(checkout.path(), &["check", "--deny-warnings"]);
        assert!(check.starts_with("exit: 0\n"), "{spec}: {check}");
    }
    let named = ["create", "--service=shop", "--from=enum e(a)", "--name=x"];
    assert!(run(checkout.path(), &named).contains("_x.up.sql"));
}

#[test]
fn a_description_that_means_nothing_is_refused() {
    let checkout = checkout();
    for spec in [
        "notes",
        "table",
        "table a.b.c",
        "table notes; DROP TABLE orders",
        "column notes text",
        "column orders.x text NOT",
        "index notes(a b)",
        "function f returns",
        "enum state()",
        "foreign key a(b)",
    ] {
        let from = format!("--from={spec}");
        let refused = run(checkout.path(), &["create", "--service=shop", &from]);
        assert!(refused.starts_with("exit: 2\n"), "{spec}: {refused}");
        assert!(refused.contains("table tenant.notes"), "{spec}: {refused}");
    }
    assert_eq!(files(checkout.path()).len(), 2);
}

#[test]
fn a_missing_down_script_is_drafted() {
    let checkout = checkout();
    let (up, down) = (format!("{STEM}.up.sql"), format!("{STEM}.down.sql"));
    let draft = ["create", "--down-for", &up];
    let refused = run(checkout.path(), &draft);
    assert!(refused.starts_with("exit: 2\n"), "{refused}");
    assert!(refused.contains("exists"), "{refused}");

    fs::remove_file(checkout.path().join(&down)).expect("it is there");
    let drafted = run(checkout.path(), &draft);
    assert!(drafted.starts_with("exit: 0\n"), "{drafted}");
    let text = fs::read_to_string(checkout.path().join(&down)).expect("it was written");
    assert_eq!(text, "DROP TABLE orders;\n");
    let check = run(checkout.path(), &["check", "--deny-warnings"]);
    assert!(check.starts_with("exit: 0\n"), "{check}");
}

#[test]
fn what_cannot_be_derived_is_printed_and_reported() {
    let checkout = checkout();
    let (up, down) = (format!("{STEM}.up.sql"), format!("{STEM}.down.sql"));
    let text = "CREATE TABLE orders ();\nCREATE OR REPLACE VIEW v AS SELECT 1;\n";
    write(checkout.path(), &up, text);
    write(
        checkout.path(),
        &down,
        "SELECT 1; -- replace this line by what takes the change back\n",
    );
    let drafted = run(checkout.path(), &["create", "--down-for", &up]);
    assert!(drafted.starts_with("exit: 0\n"), "{drafted}");
    assert!(drafted.contains("DROP VIEW v"), "{drafted}");
    assert!(drafted.contains("(line 2)"), "{drafted}");
    let check = run(checkout.path(), &["check", "--deny-warnings"]);
    assert!(!check.starts_with("exit: 0\n"), "{check}");

    write(checkout.path(), &up, "INSERT INTO orders DEFAULT VALUES;\n");
    fs::remove_file(checkout.path().join(&down)).expect("it is there");
    let impossible = run(checkout.path(), &["create", "--down-for", &up]);
    assert!(impossible.starts_with("exit: 2\n"), "{impossible}");
    assert!(impossible.contains("(line 1)"), "{impossible}");
    assert!(!checkout.path().join(&down).exists());
}

#[test]
fn restamp_renames_both_files() {
    let checkout = checkout();
    let up = format!("{STEM}.up.sql");
    let restamp = ["create", "--restamp", &up];
    let renamed = run(checkout.path(), &restamp);
    assert!(renamed.starts_with("exit: 0\n"), "{renamed}");
    assert_eq!(renamed.matches("20240101120000").count(), 2, "{renamed}");
    let files = files(checkout.path());
    assert_eq!(files.len(), 2, "{files:?}");
    for file in &files {
        assert!(file.contains("_0a1b2c3d_create_orders."), "{file}");
        assert!(file.as_str() > "20250101000000", "{file}");
    }
    let check = run(checkout.path(), &["check"]);
    assert!(check.starts_with("exit: 0\n"), "{check}");
    let gone = run(checkout.path(), &restamp);
    assert!(gone.starts_with("exit: 2\n"), "{gone}");
}

#[test]
fn a_migration_that_another_requires_is_not_restamped() {
    let checkout = checkout();
    let manifest = "tiers = [\"Only\"]\n\n[services.shop]\ntier = \"Only\"\n\
        directory = \"shop_service\"\n\n[services.mail]\ntier = \"Only\"\n\
        directory = \"mail\"\ndepends_on = [\"shop\"]\n";
    write(checkout.path(), "database/services.toml", manifest);
    fs::create_dir_all(checkout.path().join("database/migrations/mail")).expect("a folder");
    let other = "database/migrations/mail/20240102120000_1a1b2c3d_create_letters";
    let text = "-- migrator: requires shop/20240101120000\nCREATE TABLE letters ();\n";
    write(checkout.path(), &format!("{other}.up.sql"), text);
    let down = "DROP TABLE letters;\n";
    write(checkout.path(), &format!("{other}.down.sql"), down);
    let up = format!("{STEM}.up.sql");
    let refused = run(checkout.path(), &["create", "--restamp", &up]);
    assert!(refused.starts_with("exit: 2\n"), "{refused}");
    assert!(refused.contains("create_letters"), "{refused}");
    assert!(checkout.path().join(&up).is_file());
}
