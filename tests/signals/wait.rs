//! A signal to a command that waits or reads.

use std::path::PathBuf;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use tempfile::tempdir;

use super::{THIRD, hold, nothing_goes_on, recorded, start, until, until_activity};
use crate::support::{database, execute, on, output, query, session, text};

#[test]
fn a_signal_ends_the_wait_for_the_lock() {
    let url = database();
    hold(&url, THIRD, "PERFORM pg_sleep(60);");
    let first = start(&url, &["up", "--service=core"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    let mut second = start(&url, &["up", "--service=core"]);
    second.until_said("waiting for the lock");
    second.signal("INT");
    assert_ended!(second);
    first.signal("TERM");
    assert_eq!(first.end().status.code(), Some(143));
    nothing_goes_on(&url);
}

#[test]
fn a_signal_between_two_tries_ends_the_run() {
    let url = database();
    execute(&url, "CREATE TABLE public.busy ()");
    hold(&url, THIRD, "LOCK TABLE public.busy;");
    let other = session(&url, "LOCK TABLE public.busy IN SHARE MODE");
    let arguments = ["up", "--service=core", "--lock-timeout=50ms"];
    let mut up = start(&url, &arguments);
    up.until_said("trying again in");
    up.signal("INT");
    let output = text(&up.end());
    assert!(output.starts_with("exit: 130\n"), "{output}");
    assert!(output.contains("error[M0518]"), "{output}");
    drop(other);
    nothing_goes_on(&url);
    assert_eq!(recorded(&url).len(), 2);
}

#[test]
fn a_step_that_takes_long_is_reported_without_a_terminal() {
    let url = database();
    execute(&url, "CREATE TABLE public.busy ()");
    hold(&url, THIRD, "LOCK TABLE public.busy;");
    let other = session(&url, "LOCK TABLE public.busy IN SHARE MODE");
    let arguments = ["up", "--service=core", "--lock-timeout=60s"];
    let mut up = start(&url, &arguments);
    up.until_said(": running for 10 s; waiting behind ");
    drop(other);
    let output = text(&up.end());
    assert!(output.starts_with("exit: 0\n"), "{output}");
    nothing_goes_on(&url);
}

#[test]
fn a_signal_ends_a_command_that_reads() {
    let url = database();
    let folder = tempdir().expect("a folder is made");
    output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=1"],
    ));
    let other = session(&url, "LOCK TABLE migrator.history");
    let status = start(&url, &["status"]);
    until_activity(&url, "wait_event_type = 'Lock'");
    status.signal("TERM");
    let output = text(&status.end());
    assert!(output.starts_with("exit: 143\n"), "{output}");
    drop(other);
    nothing_goes_on(&url);
}

/// The folder of the throwaway server of a command that runs, and one file in it.
fn throwaway_log(command: &Child) -> Option<PathBuf> {
    let own = format!("server-{}-", command.id());
    let places = [
        PathBuf::from("/dev/shm"),
        env::temp_dir(),
        PathBuf::from("/tmp"),
    ];
    let entries = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
    let users = places.into_iter().flat_map(entries);
    let users = users.filter(|user| user.file_name().to_string_lossy().starts_with("migrator-"));
    let mut servers = users.flat_map(|user| entries(user.path()));
    let server = servers.find(|server| server.file_name().to_string_lossy().starts_with(&own));
    Some(server?.path().join("log"))
}

#[test]
fn a_signal_to_drift_stops_its_throwaway_server() {
    let url = database();
    let folder = tempdir().expect("a folder is made");
    output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "-q"],
    ));
    let script = "DO $$ BEGIN RAISE LOG 'the script sleeps'; PERFORM pg_sleep(1e9); END $$";
    let (version, name) = (20_991_231_235_959, "deadbeef_foreign");
    let checksum = migrator_model::sql::checksum(name, version, script);
    execute(
        &url,
        &format!(
            "INSERT INTO migrator.core_history \
               (version, name, applied_on, checksum, up_script, down_script) \
             VALUES ({version}, '{name}', 'now', '{checksum}', $up${script}$up$, 'SELECT 1')"
        ),
    );
    let running = start(&url, &["drift", "--script-timeout=0s"]);
    let started = Instant::now();
    let log = loop {
        let log = throwaway_log(&running.child);
        let text = log.as_ref().and_then(|log| fs::read(log).ok());
        if String::from_utf8_lossy(&text.unwrap_or_default()).contains("the script sleeps") {
            break log.expect("it was read");
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{log:?}");
        thread::yield_now();
    };
    running.signal("TERM");
    let output = running.end();
    assert_eq!(output.status.code(), Some(143), "{}", text(&output));
    assert!(!log.exists(), "{}", log.display());
    nothing_goes_on(&url);
}

#[test]
fn a_database_lent_to_verify_is_left_empty_after_a_signal() {
    let url = database();
    let option = format!("--database-url={url}");
    let verify = start(&url, &["verify", &option, "--service=core"]);
    until(&url, "SELECT 1 FROM pg_proc WHERE proname = 'uuid_v7'");
    verify.signal("INT");
    let output = text(&verify.end());
    assert!(output.starts_with("exit: 130\n"), "{output}");
    assert!(
        output.contains("error[M0518]: the run was stopped"),
        "{output}"
    );
    nothing_goes_on(&url);
    let left = "SELECT nspname::text FROM pg_namespace \
                WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'";
    assert_eq!(query(&url, left), ["public"]);
}

#[test]
fn the_note_and_the_error_name_the_blocking_session() {
    let url = database();
    execute(&url, "CREATE TABLE public.busy ()");
    hold(&url, THIRD, "LOCK TABLE public.busy;");
    let other = session(
        &url,
        "SET application_name = 'billing'; LOCK TABLE public.busy IN SHARE MODE",
    );
    let mut up = start(&url, &["up", "--service=core", "--lock-timeout=400ms"]);
    up.until_said("trying again in");
    drop(other);
    let output = text(&up.end());
    assert!(output.starts_with("exit: 0\n"), "{output}");
    assert!(
        output.contains("lock timeout, behind `billing` (pid "),
        "{output}"
    );
    assert!(
        output.contains(
            ", idle in a transaction after `BEGIN; SET application_name = 'billing'; LOCK"
        ),
        "{output}"
    );
}

#[test]
fn a_signal_ends_the_wait_for_a_fleets_list() {
    let url = database();
    let query = "--fleet-query=SELECT pg_sleep(300)::text";
    let up = start(&url, &["up", "--service=core", query]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("TERM");
    let ended = Instant::now();
    let output = text(&up.end());
    assert!(ended.elapsed() < Duration::from_secs(60), "{output}");
    assert!(output.starts_with("exit: 143\n"), "{output}");
    assert!(
        output.contains("error[M0518]: the run was stopped"),
        "{output}"
    );
    assert!(!output.contains("names no database"), "{output}");
}
