//! The binary without migrations of its own: which tree its commands read, how they check it, and
//! which commands need none.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod plan;
mod schema;
#[path = "../../../support/mod.rs"]
mod support;
#[cfg(feature = "otlp")]
mod traces;

use std::fs;
use std::path::Path;

use migrator_runtime::{Migrator, Registry, Settings, Target, connect, embed_migrations};
use support::{block_on, database, migrator, on, output, query};
use tempfile::{TempDir, tempdir};

/// The tree of three services, compiled in.
static REGISTRY: Registry = embed_migrations!("../trees/good-two-legs/database");
const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../trees/good-two-legs/database"
);

const MANIFEST: &str =
    "tiers = [\"Only\"]\n\n[services.shop]\ntier = \"Only\"\ndirectory = \"shop\"\n";
const STEM: &str = "20240101120000_0a1b2c3d_create_orders";

fn folder() -> TempDir {
    tempdir().expect("a folder is made")
}

/// Writes a tree of one migration, which creates the table `orders`.
fn tree(folder: &Path) {
    let service = folder.join("migrations/shop");
    fs::create_dir_all(&service).expect("the folders are made");
    fs::write(folder.join("services.toml"), MANIFEST).expect("it can be written");
    for (direction, sql) in [
        ("up", "CREATE TABLE orders ();\n"),
        ("down", "DROP TABLE orders;\n"),
    ] {
        fs::write(service.join(format!("{STEM}.{direction}.sql")), sql).expect("it can be written");
    }
}

/// A folder with a tree in `database`.
fn checkout() -> TempDir {
    let checkout = folder();
    tree(&checkout.path().join("database"));
    checkout
}

/// A folder with a tree, one of whose scripts is malformed, and another has a warning.
fn checkout_with_an_error() -> TempDir {
    let checkout = checkout();
    let service = checkout.path().join("database/migrations/shop");
    let stem = "20240102120000_1a1b2c3d_create_lines";
    for (direction, sql) in [
        (
            "up",
            "-- migrator: allow M0216 because it is empty\nCREATE TABLE lines ();\n",
        ),
        ("down", "DORP TABLE lines;\n"),
    ] {
        fs::write(service.join(format!("{stem}.{direction}.sql")), sql).expect("it can be written");
    }
    checkout
}

#[test]
fn each_way_to_name_the_tree_reaches_each_command_on_migrations() {
    let (url, elsewhere) = (database(), folder());
    let named = elsewhere.path().join("migrations of the shop");
    tree(&named);
    let option = format!("--directory={}", named.display());
    let run = |arguments: &[&str]| output(&mut on(&url, elsewhere.path(), arguments));
    let up = run(&["up", "--service=shop", &option]);
    assert!(up.starts_with("exit: 0\n"), "{up}");
    let redo = run(&["redo", "--service=shop", &option]);
    assert!(redo.starts_with("exit: 0\n"), "{redo}");
    let drift = run(&["drift", &option]);
    assert!(drift.starts_with("exit: 0\n"), "{drift}");
    assert!(!elsewhere.path().join(".migrator").exists());

    let mut status = on(&url, elsewhere.path(), &["status", "--check"]);
    let status = output(status.env("MIGRATOR_DIRECTORY", &named));
    assert!(status.starts_with("exit: 0\n"), "{status}");
    assert!(status.ends_with("stderr -----\n"), "{status}");

    let checkout = checkout();
    let below = checkout.path().join("database/migrations");
    let found = output(&mut on(&url, &below, &["status", "--check"]));
    assert!(found.starts_with("exit: 0\n"), "{found}");
    let down = output(&mut on(&url, &below, &["down", "--service=shop", "--yes"]));
    assert!(down.starts_with("exit: 0\n"), "{down}");
    let repair = ["repair", "--service=shop", "--accept-change"];
    let repair = output(&mut on(&url, &below, &repair));
    assert!(repair.starts_with("exit: 0\n"), "{repair}");
    let verify = output(migrator(&["verify"]).current_dir(&below));
    assert!(verify.contains("1 migration verified"), "{verify}");
}

#[test]
fn a_tree_in_a_folder_has_the_history_of_a_compiled_in_tree() {
    let (compiled_in, in_folder, elsewhere) = (database(), database(), folder());
    block_on(async {
        let settings = Settings::parse(&compiled_in).expect("it is a URL");
        let mut client = connect(settings).await.expect("the server answers");
        let mut migrator = Migrator::new(&REGISTRY);
        let up = migrator.up(&mut client, Target::all()).await;
        up.expect("it is applied");
    });
    let run = |url: &str, arguments: &[&str]| {
        let directory = format!("--directory={FOLDER}");
        let arguments = [arguments, &[&directory]].concat();
        output(&mut on(url, elsewhere.path(), &arguments))
    };
    let up = run(&in_folder, &["up", "--service=all"]);
    assert!(up.contains("5 migrations of 3 services applied"), "{up}");
    let history = "SELECT pg_catalog.to_jsonb(h)::text FROM (
        SELECT tableoid::regclass, version, name, checksum, fingerprint, up_script, down_script
        FROM migrator.history ORDER BY version) h";
    assert_eq!(query(&compiled_in, history), query(&in_folder, history));
    let status = run(&compiled_in, &["status", "--check"]);
    assert!(status.starts_with("exit: 0\n"), "{status}");
    let down = run(&compiled_in, &["down", "--service=all", "--all", "--yes"]);
    assert!(
        down.contains("5 migrations of 3 services reverted"),
        "{down}"
    );
}

#[test]
fn a_tree_with_an_error_changes_no_database() {
    let (url, checkout) = (database(), checkout_with_an_error());
    for arguments in [
        &["up", "--service=shop"][..],
        &["up", "--service=shop", "--dry-run"],
        &["down", "--service=shop", "--yes"],
        &["redo", "--service=shop"],
        &["status"],
        &["repair", "--service=shop", "--accept-change"],
        &["verify"],
        &["drift"],
    ] {
        let ran = output(&mut on(&url, checkout.path(), arguments));
        assert!(ran.starts_with("exit: 3\n"), "{arguments:?}: {ran}");
        assert!(ran.contains("create_lines.down.sql:1:1\n"), "{ran}");
    }
    let made = "SELECT nspname::text FROM pg_namespace WHERE nspname IN ('shop', 'migrator')";
    assert_eq!(query(&url, made), [""; 0]);
    let check = output(migrator(&["check"]).current_dir(checkout.path()));
    assert!(check.starts_with("exit: 3\n"), "{check}");
    assert_output!(migrator(&["status"]).current_dir(checkout.path()));
    assert_output!(migrator(&["status", "--output=json"]).current_dir(checkout.path()));
}

#[test]
fn warnings_of_the_tree_are_printed_and_the_command_continues() {
    let (url, checkout) = (database(), checkout_with_an_error());
    let script = "database/migrations/shop/20240102120000_1a1b2c3d_create_lines.down.sql";
    fs::write(checkout.path().join(script), "DROP TABLE lines;\n").expect("it can be written");
    assert_output!(&mut on(&url, checkout.path(), &["status"]));
}

#[test]
fn without_a_tree_a_command_names_init_unless_it_needs_no_tree() {
    let (url, empty) = (database(), folder());
    assert_output!(&mut on(&url, empty.path(), &["status"]));
    for arguments in [
        &["up", "--service=all"][..],
        &["verify"],
        &["drift"],
        &["create", "--service=shop", "--name=notes"],
        &["server", "status"],
    ] {
        let ran = output(&mut on(&url, empty.path(), arguments));
        assert!(ran.starts_with("exit: 2\n"), "{ran}");
        assert!(ran.contains("`migrator init --folder`"), "{ran}");
    }
    let named = ["status", "--directory=nowhere"];
    let named = output(&mut on(&url, empty.path(), &named));
    assert!(named.contains("there is no tree in `nowhere`"), "{named}");
    for arguments in [
        &["explain", "M0104"][..],
        &["completions", "bash"],
        &["help", "up"],
        &["schema"],
    ] {
        let ran = output(&mut on(&url, empty.path(), arguments));
        assert!(ran.starts_with("exit: 0\n"), "{arguments:?}: {ran}");
    }
    let init = ["init", "--folder", "--service=shop"];
    let init = output(migrator(&init).current_dir(empty.path()));
    assert!(init.starts_with("exit: 0\n"), "{init}");
}

#[test]
fn the_help_says_that_the_migrations_are_in_a_folder() {
    let help = output(&mut migrator(&["--help"]));
    assert!(
        help.contains("Applies and reverts the Postgres migrations of a folder"),
        "{help}"
    );
    assert!(help.contains("`database` here or above"), "{help}");
    assert!(!help.contains("compiled into"), "{help}");
}
