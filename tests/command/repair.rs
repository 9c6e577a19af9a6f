//! `repair`: what it records, and what the catalog must show.

use super::folder;
use crate::assert_said;
use crate::support::{database, execute, on, query, said};

#[test]
fn repair_records_a_changed_script() {
    let (url, folder) = (database(), folder());
    said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=2"],
    ));
    execute(
        &url,
        "UPDATE migrator.core_history SET checksum = '1', fingerprint = '0', \
         up_script = replace(up_script, 'CREATE', E'-- as it was\\nCREATE') \
         WHERE version = 20240108091207",
    );
    let version = "--version=20240108091207";
    let repair = ["repair", "--service=core", version, "--accept-change"];
    assert_said!(&mut on(&url, folder.path(), &repair));
    assert_said!(&mut on(&url, folder.path(), &repair));
    let event = "SELECT kind || ': ' || regexp_replace(message, 'became \\d+', 'became …') \
                 FROM migrator.event ORDER BY id DESC LIMIT 1";
    assert_eq!(
        query(&url, event),
        ["accept: the edited scripts were recorded: checksum 1 became …"]
    );
    let up = said(&mut on(&url, folder.path(), &["up", "--service=core"]));
    assert!(up.starts_with("exit: 0"), "{up}");
    assert_said!(&mut on(
        &url,
        folder.path(),
        &[
            "repair",
            "--service=core",
            "--version=20200101000000",
            "--accept-change"
        ]
    ));
    assert_said!(&mut on(
        &url,
        folder.path(),
        &["repair", "--service=core", "--applied"]
    ));
}

#[test]
fn a_repair_names_the_nearest_of_an_unknown_service() {
    let (url, folder) = (database(), folder());
    said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=1"],
    ));
    let version = "--version=20240108091207";
    for outcome in ["--applied", "--reverted"] {
        let repair = ["repair", "--service=tennant", version, outcome];
        let said = said(&mut on(&url, folder.path(), &repair));
        assert!(said.starts_with("exit: 2\n"), "{said}");
        assert!(said.contains("did you mean `tenant`"), "{said}");
    }
}

#[test]
fn repair_checks_the_catalog_before_it_records() {
    let (url, folder) = (database(), folder());
    said(&mut on(&url, folder.path(), &["up", "--service=core"]));
    let version = "--version=20240702071503";
    let repair = |outcome| {
        on(
            &url,
            folder.path(),
            &["repair", "--service=core", version, outcome],
        )
    };
    let interrupted =
        "UPDATE migrator.core_history SET dirty = 'up' WHERE version = 20240702071503";
    execute(&url, interrupted);
    execute(
        &url,
        "UPDATE pg_index SET indisvalid = false \
         WHERE indexrelid = 'core.audit_log_row_idx'::regclass",
    );
    assert_said!(&mut repair("--applied"));
    execute(&url, "DROP INDEX core.audit_log_row_idx");
    assert_said!(&mut repair("--applied"));
    assert_said!(&mut repair("--reverted"));
    // The index is there again, so the catalog contradicts `--reverted`.
    said(&mut on(&url, folder.path(), &["up", "--service=core"]));
    execute(&url, interrupted);
    assert_said!(&mut repair("--reverted"));
    assert_said!(&mut repair("--applied"));
}
