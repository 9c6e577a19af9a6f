//! Which tree a command reads: the compiled-in one, or a folder's.

use std::fs;
use std::path::Path;

use super::{checkout, folder, write};
use crate::assert_output;
use crate::support::{database, migrator, on, output, query};

#[test]
fn a_command_without_a_database_and_a_tree_fails() {
    let folder = folder();
    assert_output!(migrator(&["up", "--service=all"]).current_dir(folder.path()));
}

#[test]
fn a_folder_without_a_tree_is_refused() {
    let folder = folder();
    for call in ["check", "status"] {
        assert_output!(migrator(&[call, "--directory=nowhere"]).current_dir(folder.path()));
    }
    let output = output(migrator(&["server", "start", "--directory=."]).current_dir(folder.path()));
    assert!(output.contains("there is no tree in `.`"), "{output}");
}

#[test]
fn a_checkout_without_a_database_uses_a_server_of_its_own() {
    let checkout = checkout();
    // A migration of the tree that is compiled in.
    let stem = "database/migrations/shop_service/20240108091207_e2790687_create_core_schema";
    for direction in ["up", "down"] {
        write(
            checkout.path(),
            &format!("{stem}.{direction}.sql"),
            "SELECT 1;\n",
        );
    }
    let run = |arguments: &[&str]| output(migrator(arguments).current_dir(checkout.path()));
    let status = run(&["status"]);
    let stopped = run(&["server", "stop"]);
    assert!(status.starts_with("exit: 0\n"), "{status}");
    assert!(
        status.contains("using the local development server, started"),
        "{status}"
    );
    assert!(stopped.contains("was stopped"), "{stopped}");
    assert!(run(&["server", "status"]).contains("does not run"));
}

#[test]
fn in_the_folder_of_another_tree_no_server_is_started() {
    let checkout = checkout();
    for command in ["status", "verify", "schema"] {
        let output = output(migrator(&[command]).current_dir(checkout.path()));
        assert!(output.starts_with("exit: 2\n"), "{output}");
        assert!(
            output
                .contains("error[M0907]: the tree in `database` is not compiled into this binary"),
            "{output}"
        );
    }
    assert!(!checkout.path().join(".migrator").exists());
}

#[test]
fn a_variable_that_names_another_tree_is_refused_by_the_commands_on_the_compiled_in_tree() {
    let (url, folder, checkout) = (database(), folder(), checkout());
    let other = checkout.path().join("database");
    for directory in [Path::new("mytree"), &other] {
        for arguments in [
            &["up", "--service=core"][..],
            &["up", "--service=core", "--dry-run"],
            &["up", "--service=core", "--fleet=-"],
            &["down", "--service=core"],
            &["redo", "--service=core"],
            &["status"],
            &["repair", "--service=core", "--accept-change"],
        ] {
            let mut command = on(&url, folder.path(), arguments);
            let output = output(command.env("MIGRATOR_DIRECTORY", directory));
            assert!(
                output.starts_with("exit: 2\n----- stdout -----\n-----"),
                "{output}"
            );
            assert!(
                output.contains("error[M0907]: MIGRATOR_DIRECTORY names `"),
                "{output}"
            );
        }
    }
    write(folder.path(), ".env", "MIGRATOR_DIRECTORY=mytree\n");
    let from_file = output(&mut on(&url, folder.path(), &["up", "--service=core"]));
    assert!(from_file.starts_with("exit: 2\n"), "{from_file}");
    let made = "SELECT nspname::text FROM pg_namespace WHERE nspname IN ('core', 'migrator')";
    assert_eq!(query(&url, made), [""; 0]);
    // The variable may name the compiled-in tree: all commands read the same settings file.
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("database");
    let mut status = on(&url, folder.path(), &["status"]);
    let status = output(status.env("MIGRATOR_DIRECTORY", own));
    assert!(
        status.starts_with("exit: 0\n") && status.ends_with("stderr -----\n"),
        "{status}"
    );
}

#[test]
fn a_command_on_the_compiled_in_tree_notes_the_other_tree_in_its_folder() {
    let (url, checkout) = (database(), checkout());
    let tree = checkout.path().join("database");
    let below = tree.join("migrations");
    let folders = [
        (checkout.path(), "database"),
        (&tree, "."),
        (&below, "database"),
    ];
    for (folder, shown) in folders {
        let output = output(&mut on(&url, folder, &["status"]));
        let note = "note: this binary has its own 77 migrations; the tree in `";
        assert!(
            output.starts_with("exit: 0\n") && output.contains(note),
            "{output}"
        );
        assert!(
            output.contains(&format!("{shown}` is not read\n")),
            "{output}"
        );
    }
    let up = ["up", "--service=core", "--steps=1"];
    let up = output(&mut on(&url, checkout.path(), &up));
    assert_eq!(up.matches("is not read").count(), 1, "{up}");
    let quiet = output(&mut on(&url, checkout.path(), &["status", "-q"]));
    assert!(!quiet.contains("is not read"), "{quiet}");
    // A tree without migrations, or with a manifest that cannot be read, is another tree too.
    fs::remove_dir_all(&below).expect("it is there");
    for manifest in ["tiers = [\"Only\"]\n", "tiers = [\n"] {
        write(checkout.path(), "database/services.toml", manifest);
        let output = output(&mut on(&url, checkout.path(), &["status"]));
        assert!(output.contains("is not read"), "{output}");
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in [own.to_owned(), own.join("database"), own.join("cli/src")] {
        let output = output(&mut on(&url, &folder, &["status"]));
        assert!(!output.contains("note"), "{output}");
    }
}
