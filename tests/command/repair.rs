//! `repair`: what it records, and what the catalog must show.

use super::{document, folder};
use crate::assert_output;
use crate::support::{database, execute, on, output, query};

#[test]
fn repair_records_a_changed_script() {
    let (url, folder) = (database(), folder());
    output(&mut on(
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
    assert_output!(&mut on(&url, folder.path(), &repair));
    assert_output!(&mut on(&url, folder.path(), &repair));
    let event = "SELECT kind || ': ' || regexp_replace(message, 'became \\d+', 'became …') \
                 FROM migrator.event ORDER BY id DESC LIMIT 1";
    assert_eq!(
        query(&url, event),
        ["accept: the edited scripts were recorded: checksum 1 became …"]
    );
    let up = output(&mut on(&url, folder.path(), &["up", "--service=core"]));
    assert!(up.starts_with("exit: 0"), "{up}");
    assert_output!(&mut on(
        &url,
        folder.path(),
        &[
            "repair",
            "--service=core",
            "--version=20200101000000",
            "--accept-change"
        ]
    ));
    assert_output!(&mut on(
        &url,
        folder.path(),
        &["repair", "--service=core", "--applied"]
    ));
}

#[test]
fn a_repair_names_the_nearest_of_an_unknown_service() {
    let (url, folder) = (database(), folder());
    output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=1"],
    ));
    let version = "--version=20240108091207";
    for outcome in ["--applied", "--reverted"] {
        let repair = ["repair", "--service=tennant", version, outcome];
        let output = output(&mut on(&url, folder.path(), &repair));
        assert!(output.starts_with("exit: 2\n"), "{output}");
        assert!(output.contains("did you mean `tenant`"), "{output}");
    }
}

#[test]
fn repair_checks_the_catalog_before_it_records() {
    let (url, folder) = (database(), folder());
    output(&mut on(&url, folder.path(), &["up", "--service=core"]));
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
    assert_output!(&mut repair("--applied"));
    execute(&url, "DROP INDEX core.audit_log_row_idx");
    assert_output!(&mut repair("--applied"));
    assert_output!(&mut repair("--reverted"));
    // The index is there again, so the catalog contradicts `--reverted`.
    output(&mut on(&url, folder.path(), &["up", "--service=core"]));
    execute(&url, interrupted);
    assert_output!(&mut repair("--reverted"));
    assert_output!(&mut repair("--applied"));
}

#[test]
fn a_repair_that_fails_in_the_middle_reports_what_it_has_recorded() {
    let (url, folder) = (database(), folder());
    let up = ["up", "--service=core", "--steps=3"];
    output(&mut on(&url, folder.path(), &up));
    execute(
        &url,
        "UPDATE migrator.core_history SET checksum = '1', fingerprint = '0'; \
         CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF NEW.version = (SELECT min(version) FROM migrator.core_history \
             WHERE checksum = '1' AND version > (SELECT min(version) FROM migrator.core_history)) \
           THEN RAISE EXCEPTION 'not this one'; END IF; \
         RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE UPDATE ON migrator.core_history \
         FOR EACH ROW EXECUTE FUNCTION public.refuse()",
    );
    let repair = ["repair", "--service=core", "--accept-change"];
    let mut json = on(&url, folder.path(), &repair);
    let shown = document(json.arg("--output=json"));
    let edits = shown["edits"].as_array().expect("a list");
    let recorded: Vec<bool> = edits.iter().map(|edit| edit["recorded"] == true).collect();
    assert_eq!(recorded, [true, false, false], "{shown}");
    assert!(shown.get("recorded").is_none(), "{shown}");
    let notes = shown["errors"][0]["notes"].to_string();
    let note = "the run had recorded 1 migration, which remains recorded";
    assert!(notes.contains(note), "{notes}");
    assert_eq!(shown["errors"][0]["code"], "M0505");
}
