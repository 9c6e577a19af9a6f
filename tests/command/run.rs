//! `up`, `down` and `redo`.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{document, folder};
use crate::support::{block_on, connect, database, execute, on, output, query};
use crate::{assert_output, support};

#[test]
fn a_service_is_applied_and_then_nothing_is_pending() {
    let (url, folder) = (database(), folder());
    let up = ["up", "--service=core"];
    assert_output!(&mut on(&url, folder.path(), &up));
    assert_output!(&mut on(&url, folder.path(), &up));
}

#[test]
fn up_first_applies_the_services_that_a_service_depends_on() {
    let (url, folder) = (database(), folder());
    assert_output!(&mut on(
        &url,
        folder.path(),
        &["up", "--service=user", "--steps=1", "--dry-run", "-q"]
    ));
    let output = output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=user", "--steps=1"],
    ));
    assert!(
        output.contains(" of auth, core and tenant, on which user depends\n"),
        "{output}"
    );
    assert_output!(&mut on(&url, folder.path(), &["status"]));
}

#[test]
fn a_dry_run_writes_nothing() {
    let (url, folder) = (database(), folder());
    assert_output!(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=2", "--dry-run"]
    ));
    let schemas = support::query(
        &url,
        "SELECT nspname::text FROM pg_namespace WHERE nspname IN ('core', 'migrator')",
    );
    assert!(schemas.is_empty());
}

#[test]
fn a_role_with_one_connection_needs_single_connection() {
    let (url, folder) = (database(), folder());
    let (_, name) = url.rsplit_once('/').expect("a name");
    execute(
        &url,
        &format!(
            "CREATE ROLE limited_{name} LOGIN CONNECTION LIMIT 1;
             GRANT CREATE ON DATABASE {name} TO limited_{name}"
        ),
    );
    let url = url.replace("//postgres@", &format!("//limited_{name}@"));
    let up = ["up", "--service=core", "--steps=1", "--lock-wait=0"];
    let refused = output(&mut on(&url, folder.path(), &up));
    assert!(refused.starts_with("exit: 5\n"), "{refused}");
    let message = "error[M0903]: the run cannot open a second connection, which holds its lock: ";
    assert!(refused.contains(message), "{refused}");
    let help = "; or, if the database or its pooler has only one connection for this run, use \
                `--single-connection`\n";
    assert!(refused.contains(help), "{refused}");
    let applied = output(on(&url, folder.path(), &up).arg("--single-connection"));
    assert!(applied.starts_with("exit: 0\n"), "{applied}");
    let down = ["down", "--service=core", "--yes"];
    let mut down = on(&url, folder.path(), &down);
    let reverted = output(down.env("MIGRATOR_SINGLE_CONNECTION", "true"));
    assert!(reverted.starts_with("exit: 0\n"), "{reverted}");
}

#[test]
fn an_irreversible_migration_is_shown_and_not_reverted() {
    let (url, folder) = (database(), folder());
    let run = |arguments: &[&str]| output(&mut on(&url, folder.path(), arguments));
    run(&["up", "--service=core", "--steps=2"]);
    // Another binary has applied a migration that this one does not have.
    let (version, name, up) = (20_991_231_235_959, "deadbeef_erase", "SELECT 1;");
    let checksum = migrator_model::sql::checksum(name, version, up);
    execute(
        &url,
        &format!(
            "UPDATE migrator.core_history SET version = {version}, name = '{name}', \
             checksum = '{checksum}', up_script = '{up}', \
             down_script = '-- migrator: irreversible because the rows are gone' \
             WHERE version = (SELECT max(version) FROM migrator.core_history)"
        ),
    );
    for arguments in [
        &["down", "--service=core"][..],
        &["down", "--service=core", "--to=0", "--dry-run"],
        &["redo", "--service=core"],
    ] {
        let output = run(arguments);
        assert!(
            output.starts_with("exit: 3\n----- stdout -----\n"),
            "{output}"
        );
        assert!(output.contains("error[M0408]"), "{output}");
        assert!(
            output.contains("cannot be reverted: the rows are gone"),
            "{output}"
        );
    }
    let status = run(&["status", "--service=core", "--migrations"]);
    assert!(
        status.contains(" UTC  irreversible: the rows are gone\n"),
        "{status}"
    );
    let status = run(&["status", "--service=core"]);
    assert!(
        status.contains("1 applied migration cannot be reverted"),
        "{status}"
    );
    let mut status = on(&url, folder.path(), &["status", "--output=json"]);
    let core = document(&mut status)["services"][0]["migrations"].clone();
    let migrations = core.as_array().expect("a list");
    let reasons = migrations.iter().map(|m| m["irreversible"].clone());
    assert!(
        reasons
            .into_iter()
            .any(|reason| reason == "the rows are gone")
    );
}

#[test]
fn the_newest_migration_is_reverted_unless_others_need_it() {
    let (url, folder) = (database(), folder());
    let run = |arguments: &[&str]| output(&mut on(&url, folder.path(), arguments));
    run(&["up", "--service=tenant"]);
    assert_output!(&mut on(&url, folder.path(), &["down", "--service=tenant"]));
    assert_output!(&mut on(
        &url,
        folder.path(),
        &["down", "--service=core", "--steps=2"]
    ));
    assert_output!(&mut on(
        &url,
        folder.path(),
        &["down", "--service=core", "--cascade", "--dry-run"]
    ));
    let refused = output(&mut on(&url, folder.path(), &["redo", "--service=core"]));
    let help = "revert all of them with `migrator down --service=core --cascade` (`--dry-run` \
                shows them), then run `migrator up`";
    assert!(
        refused.contains("error[M0405]") && refused.contains(help),
        "{refused}"
    );
    assert_output!(&mut on(&url, folder.path(), &["redo", "--service=tenant"]));
}

#[test]
fn a_redo_whose_apply_fails_says_that_the_revert_remains() {
    let (url, folder) = (database(), folder());
    output(&mut on(&url, folder.path(), &["up", "--service=tenant"]));
    execute(
        &url,
        "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'no index today'; END $$; \
         CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE INDEX') \
         EXECUTE FUNCTION public.refuse()",
    );
    let redo = output(&mut on(&url, folder.path(), &["redo", "--service=tenant"]));
    assert!(redo.contains("error[M0501]"), "{redo}");
    assert!(
        redo.contains("the run had reverted 1 migration, which remains reverted"),
        "{redo}"
    );
    let help = "fix it; then run `migrator up --service=tenant --to=20251118094406`: `redo` would \
                now revert an earlier migration";
    assert!(redo.contains(help), "{redo}");
    assert!(!redo.contains("run again"), "{redo}");
    execute(&url, "DROP EVENT TRIGGER refuse");
    let up = output(&mut on(&url, folder.path(), &["up", "--service=tenant"]));
    assert!(up.contains("1 migration of 1 service applied"), "{up}");
}

#[test]
fn a_failed_script_names_its_place_and_leaves_what_was_done() {
    let (url, folder) = (database(), folder());
    execute(&url, "CREATE SCHEMA tenant");
    output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=8"],
    ));
    assert_output!(&mut on(&url, folder.path(), &["up", "--service=tenant"]));
}

#[test]
fn a_changed_entry_is_refused() {
    let (url, folder) = (database(), folder());
    output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=2"],
    ));
    execute(
        &url,
        "UPDATE migrator.core_history SET checksum = '1', fingerprint = '0'",
    );
    assert_output!(&mut on(&url, folder.path(), &["up", "--service=core"]));
}

#[test]
fn up_waits_for_the_lock_as_long_as_lock_wait_says() {
    let (url, folder) = (database(), folder());
    let (first, second) = block_on(async {
        let blocker = connect(&url).await;
        blocker
            .batch_execute("BEGIN; CREATE SCHEMA core")
            .await
            .expect("it is free");
        let first = on(&url, folder.path(), &["up", "--service=core", "--steps=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let waiting = "SELECT 1 FROM pg_stat_activity \
                       WHERE wait_event_type = 'Lock' AND datname = current_database()";
        // In one transaction the view would always show the same rows, so this opens a session.
        let watcher = connect(&url).await;
        let deadline = Instant::now() + Duration::from_secs(30);
        while watcher
            .query(waiting, &[])
            .await
            .expect("it answers")
            .is_empty()
        {
            assert!(Instant::now() < deadline, "the first run never waited");
        }
        let second = output(&mut on(
            &url,
            folder.path(),
            &["up", "--service=core", "--lock-wait=0"],
        ));
        blocker.batch_execute("ROLLBACK").await.expect("it ends");
        (first.wait_with_output().expect("it ends"), second)
    });
    insta::with_settings!({ filters => support::filters() }, {
        insta::assert_snapshot!(second);
    });
    assert!(support::text(&first).starts_with("exit: 0\n"), "{first:?}");
}

#[test]
fn a_large_revert_needs_yes_where_nobody_can_be_asked() {
    let (url, folder) = (database(), folder());
    let run = |arguments: &[&str]| output(&mut on(&url, folder.path(), arguments));
    run(&["up", "--service=core", "--steps=3"]);
    let recorded = || query(&url, "SELECT version::text FROM migrator.core_history").len();
    for (more, option) in [
        (&["--service=core", "--all"][..], "`--all`"),
        (&["--service=core", "--to=0"], "`--to`"),
        (&["--service=core", "--cascade"], "`--cascade`"),
        (&["--service=all"], "`--service` with several services"),
        (
            &["--service=core,auth", "--steps=1"],
            "`--service` with several services",
        ),
    ] {
        let refused = run(&[&["down"], more].concat());
        assert!(refused.starts_with("exit: 2\n"), "{more:?}: {refused}");
        let message = format!("error: {option} needs `--yes` where `down` cannot ask");
        assert!(refused.contains(&message), "{more:?}: {refused}");
        let json = [&["down", "--output=json"], more].concat();
        let json = document(&mut on(&url, folder.path(), &json));
        assert_eq!(json["exit"], 2);
        let message = json["errors"][0]["message"].as_str().expect("a text");
        assert!(message.starts_with(option), "{message}");
        assert_eq!(recorded(), 3);
    }
    let one = run(&["down", "--service=core"]);
    assert!(one.starts_with("exit: 0\n"), "{one}");
    assert_eq!(recorded(), 2);
    let all = run(&["down", "--service=core", "--all", "--yes"]);
    assert!(all.starts_with("exit: 0\n"), "{all}");
    assert_eq!(recorded(), 0);
}
