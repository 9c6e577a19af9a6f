//! What reaches the output, and what happens if nothing can be written.

use std::fs;

use super::{checkout, folder, write};
use crate::support;
use crate::support::{database, execute, migrator, on, output};

#[test]
fn results_that_cannot_be_written_are_a_failure() {
    let full = || fs::File::options().write(true).open("/dev/full");
    let output = migrator(&["explain", "M0104"])
        .stdout(full().expect("it can be opened"))
        .output()
        .expect("the binary runs");
    insta::assert_snapshot!(support::text(&output));
    let (reader, writer) = std::io::pipe().expect("a pipe is made");
    drop(reader);
    let output = migrator(&["explain", "M0104"])
        .stdout(writer)
        .output()
        .expect("the binary runs");
    assert_eq!(
        support::text(&output),
        "exit: 1\n----- stdout -----\n----- stderr -----\n"
    );
}

#[test]
fn foreign_text_never_begins_a_line_of_output() {
    let (url, folder, checkout) = (database(), folder(), checkout());
    output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=1"],
    ));
    execute(
        &url,
        "INSERT INTO migrator.core_history (version, name, applied_on, checksum) \
         VALUES (20990101000000, E'x\\n::error::a\\u009b2J\\u202e', 'now', '1')",
    );
    let status = ["status", "--migrations", "--service=core"];
    let shown = output(&mut on(&url, folder.path(), &status));
    assert!(
        shown.contains("x\\n::error::a\\u{9b}2J\\u{202e}"),
        "{shown}"
    );
    let script = "20240101120001_0a1b2c3e_b\n::error::a.up.sql";
    let path = format!("database/migrations/shop_service/{script}");
    write(checkout.path(), &path, "SELECT 1;\n");
    for form in ["--output=text", "--output=github"] {
        let shown = output(migrator(&["check", form]).current_dir(checkout.path()));
        assert!(!shown.contains("\n::error::a"), "{shown}");
        assert!(shown.contains("::error::a"), "{shown}");
    }
}

#[test]
fn quiet_prints_errors_alone() {
    let (url, folder) = (database(), folder());
    let run = |arguments: &[&str]| output(&mut on(&url, folder.path(), arguments));
    let nothing = "exit: 0\n----- stdout -----\n----- stderr -----\n";
    assert_eq!(
        run(&["up", "--service=tenant", "--steps=1", "--quiet"]),
        nothing
    );
    assert_eq!(run(&["redo", "--service=core", "-q"]), nothing);
    let planned = run(&["up", "--service=tenant", "--dry-run", "-q"]);
    assert!(planned.contains("would be applied"), "{planned}");
    execute(&url, "CREATE SCHEMA auth");
    let failed = run(&["up", "--service=auth", "-q"]);
    let error = "exit: 1\n----- stdout -----\n----- stderr -----\nerror[M0501]: ";
    assert!(failed.starts_with(error), "{failed}");
}

#[test]
fn verbose_shows_what_is_sent_without_passwords() {
    let (url, folder, checkout) = (database(), folder(), checkout());
    let up = ["up", "--service=core", "--steps=1", "-v"];
    let shown = output(&mut on(&url, folder.path(), &up));
    let (stdout, stderr) = shown.split_once("----- stderr -----").expect("two parts");
    assert!(!stdout.contains("sent: "), "{stdout}");
    assert!(
        stderr.contains("\nsent: ") && stderr.contains("CREATE SCHEMA core"),
        "{stderr}"
    );
    let path = "database/migrations/shop_service/20240101120000_0a1b2c3d_create_orders.up.sql";
    write(checkout.path(), path, "CREATE ROLE r PASSWORD 'geheim';\n");
    let check = ["check", "--server", "--verbose"];
    let shown = output(&mut on(&url, checkout.path(), &check));
    assert!(
        shown.contains("CREATE ROLE r PASSWORD '[hidden]'"),
        "{shown}"
    );
    assert!(!shown.contains("geheim"), "{shown}");
    let both = output(&mut migrator(&["status", "-q", "-v"]));
    assert!(both.starts_with("exit: 2\n"), "{both}");
}
