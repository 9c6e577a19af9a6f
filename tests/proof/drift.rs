//! `drift` and `schema`: an applied database.

use std::fs;

use tempfile::tempdir;

use super::document;
use crate::support::{database, execute, on, output};

#[test]
fn drift_is_reported_with_exit_code_6() {
    let (url, folder) = (database(), tempdir().expect("a folder is made"));
    let up = output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=tenant", "-q"],
    ));
    assert!(up.starts_with("exit: 0\n"), "{up}");
    let drift = |arguments: &[&str]| on(&url, folder.path(), &[&["drift"], arguments].concat());
    assert_output!(&mut drift(&[]));
    let elsewhere = output(&mut drift(&["--schema=elsewhere"]));
    assert!(
        elsewhere.contains("the schema `elsewhere` has no history"),
        "{elsewhere}"
    );
    execute(
        &url,
        "CREATE TABLE tenant.backup (); ALTER TABLE tenant.tenants DROP COLUMN name CASCADE; \
         COMMENT ON SCHEMA core IS 'changed'",
    );
    assert_output!(&mut drift(&[]));
    let document = document(&mut drift(&["--output=json"]));
    assert_eq!(document["exit"], 6);
    assert_eq!(document["differences"][0]["code"], "M0603");
    assert_eq!(document["differences"][0]["after"], "changed");
}

/// Adds an entry whose script no binary has.
fn record_foreign(url: &str, script: &str) {
    let (version, name) = (20_991_231_235_959, "deadbeef_foreign");
    let checksum = migrator_model::sql::checksum(name, version, script);
    execute(
        url,
        &format!(
            "DELETE FROM migrator.core_history WHERE version = {version}; \
             INSERT INTO migrator.core_history \
               (version, name, applied_on, checksum, up_script, down_script) \
             VALUES ({version}, '{name}', 'now', '{checksum}', $up${script}$up$, 'SELECT 1')"
        ),
    );
}

#[test]
fn a_script_of_the_history_alone_is_noted() {
    let (url, folder) = (database(), tempdir().expect("a folder is made"));
    output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "-q"],
    ));
    let drift = |arguments: &[&str]| on(&url, folder.path(), &[&["drift"], arguments].concat());
    record_foreign(&url, "SELECT 1");
    assert_output!(&mut drift(&[]));
    record_foreign(
        &url,
        "DO $$ BEGIN COPY (SELECT 1) TO PROGRAM 'true'; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    );
    assert_output!(&mut drift(&[]));
    let document = document(&mut drift(&["--output=json"]));
    let step = "core/20991231235959_deadbeef_foreign";
    assert_eq!(document["exit"], 1);
    assert_eq!(document["from_history"], serde_json::json!([step]));
    assert_eq!(document["caught"], serde_json::json!([step]));
    record_foreign(&url, "SELECT pg_sleep(1e9)");
    assert_output!(&mut drift(&["--script-timeout=500ms"]));
}

#[test]
fn a_schema_is_printed_or_written_without_the_history() {
    let (url, folder) = (database(), tempdir().expect("a folder is made"));
    output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "-q"],
    ));
    let schema = |arguments: &[&str]| on(&url, folder.path(), &[&["schema"], arguments].concat());
    let first = output(&mut schema(&[]));
    if first.contains("[M0908]") {
        // The packages from npm lack `pg_dump`.
        assert!(
            first.contains("there is no `pg_dump` of version "),
            "{first}"
        );
        assert!(
            first.contains("help: install PostgreSQL's client programs"),
            "{first}"
        );
        return;
    }
    assert!(first.starts_with("exit: 0\n"), "{first}");
    assert!(first.contains("CREATE SCHEMA core;"), "{first}");
    assert!(!first.contains("migrator."), "{first}");
    assert_eq!(first, output(&mut schema(&[])), "two dumps are one text");
    let written = output(&mut schema(&["--file=schema.sql"]));
    assert!(written.contains("is in schema.sql"), "{written}");
    let file = fs::read_to_string(folder.path().join("schema.sql")).expect("it was written");
    assert!(first.contains(file.trim()), "{file}");
    assert_output!(&mut schema(&["--file=nowhere/schema.sql"]));
}
