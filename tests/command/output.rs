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
