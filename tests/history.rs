//! A history that a build of format 1 created on this platform: it is read, upgraded and used.
#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod support;

use std::path::Path;

use support::{database, execute, on, output, query};

/// The schema `migrator` of a database in which a build of format 1 had applied core, tenant and
/// most of auth. It had reverted a migration, and failed in the middle of the index on sessions.
const HISTORY: &str = include_str!("../runtime/tests/fixtures/platform_format_1.sql");

/// The additions of later builds of format 1.
const PARENT_KEY: &str = "ALTER TABLE migrator.history ADD PRIMARY KEY (version);";

/// The index that made the run fail.
const INDEX: &str = "CREATE INDEX sessions_expires_at_idx ON auth.sessions (id);";

fn run(url: &str, arguments: &[&str]) -> String {
    output(&mut on(
        url,
        Path::new(env!("CARGO_TARGET_TMPDIR")),
        arguments,
    ))
}

fn succeeds(url: &str, arguments: &[&str]) -> String {
    let output = run(url, arguments);
    assert!(output.starts_with("exit: 0\n"), "{arguments:?}: {output}");
    output
}

fn format(url: &str) -> String {
    query(url, "SELECT format::text FROM migrator.format").join(", ")
}

/// A database as the build of format 1 left it.
fn left_by_format_1(further: &str) -> String {
    let url = database();
    succeeds(&url, &["up", "--service=auth", "--to=20240530112934"]);
    execute(&url, "DROP SCHEMA migrator CASCADE");
    execute(&url, HISTORY);
    execute(&url, further);
    execute(&url, INDEX);
    url
}

#[test]
fn a_history_of_format_1_is_read_upgraded_and_used() {
    for further in ["", PARENT_KEY] {
        let url = left_by_format_1(further);
        let before = succeeds(&url, &["status"]);
        let entries = succeeds(&url, &["status", "--migrations", "--output=json"]);
        assert!(before.contains("1 dirty, 2 pending"), "{before}");
        succeeds(&url, &["up", "--service=core", "--dry-run"]);
        succeeds(&url, &["up", "--service=core"]);
        assert_eq!(format(&url), "1", "nothing was pending");

        // The index exists again, and the run fails. It changes only the format.
        let failed = run(&url, &["up", "--service=auth"]);
        assert!(failed.starts_with("exit: 3\n"), "{failed}");
        assert_eq!(format(&url), "2");
        assert_eq!(succeeds(&url, &["status"]), before);
        let upgraded = succeeds(&url, &["status", "--migrations", "--output=json"]);
        assert_eq!(upgraded, entries);

        let version = "--version=20240828060259";
        let repair = ["repair", "--service=auth", version, "--reverted"];
        execute(&url, "DROP INDEX auth.sessions_expires_at_idx");
        succeeds(&url, &repair);
        succeeds(&url, &["up", "--service=auth"]);
        succeeds(&url, &["redo", "--service=auth"]);
        succeeds(&url, &["drift"]);
        succeeds(&url, &["down", "--service=all", "--all", "--yes"]);
        succeeds(&url, &["up", "--service=user"]);
    }
}
