//! The binary and real signals: its output, its exit code, and what remains on the server.
//!
//! An event trigger holds a script in the middle.
#![cfg(unix)]
#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, fs};

use serde_json::Value;
use support::{block_on, connect, database, execute, filters, on, query, said, text};
use tempfile::{TempDir, tempdir};
use tokio::runtime::Runtime;
use tokio_postgres::Client;

/// The condition of the trigger that holds core's third migration in the middle.
const THIRD: &str = "(SELECT count(*) FROM migrator.core_history) = 2";

/// Creates a trigger: each DDL statement first runs `what` if `when` is true.
fn hold(url: &str, when: &str, what: &str) {
    execute(
        url,
        &format!(
            "CREATE FUNCTION public.hold() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN \
               IF pg_catalog.to_regclass('migrator.core_history') IS NOT NULL THEN \
                 IF {when} THEN {what} END IF; END IF; END $$; \
             CREATE EVENT TRIGGER hold ON ddl_command_start EXECUTE FUNCTION public.hold()"
        ),
    );
}

fn let_go(url: &str) {
    execute(url, "DROP EVENT TRIGGER hold");
}

/// Waits until a query has a row.
fn until(url: &str, sql: &str) {
    let started = Instant::now();
    block_on(async {
        let session = connect(url).await;
        while session.query(sql, &[]).await.expect(sql).is_empty() {
            assert!(started.elapsed() < Duration::from_secs(60), "{sql}");
        }
    });
}

/// Waits until the activity of a session of the database meets a condition.
fn until_activity(url: &str, condition: &str) {
    let others = "datname = current_database() AND pid <> pg_backend_pid()";
    until(
        url,
        &format!("SELECT 1 FROM pg_stat_activity WHERE {others} AND {condition}"),
    );
}

/// Checks that no session is active and that no run holds a lock.
fn nothing_goes_on(url: &str) {
    until(
        url,
        "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity \
           WHERE datname = current_database() AND pid <> pg_backend_pid() \
             AND backend_type = 'client backend' AND state <> 'idle') \
         AND NOT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
           WHERE l.locktype = 'advisory' AND d.datname = current_database())",
    );
}

fn recorded(url: &str) -> Vec<String> {
    query(
        url,
        "SELECT name || coalesce(' dirty ' || dirty, '') FROM migrator.core_history ORDER BY version",
    )
}

/// A session that holds its locks until it is dropped.
fn session(url: &str, lock: &str) -> (Runtime, Client) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let client = runtime.block_on(connect(url));
    let locked = runtime.block_on(client.batch_execute(&format!("BEGIN; {lock}")));
    locked.expect("it is free");
    (runtime, client)
}

/// The binary while it runs.
struct Running {
    child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: BufReader<std::process::ChildStderr>,
    said: Vec<u8>,
    _folder: TempDir,
}

fn start(url: &str, arguments: &[&str]) -> Running {
    let folder = tempdir().expect("a folder is made");
    let mut command = on(url, folder.path(), arguments);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let stdout = child.stdout.take().expect("it is piped");
    let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
    Running {
        child,
        stdout: thread::spawn(move || all(stdout)),
        stderr,
        said: Vec::new(),
        _folder: folder,
    }
}

fn all(mut stdout: ChildStdout) -> Vec<u8> {
    let mut bytes = Vec::new();
    stdout.read_to_end(&mut bytes).expect("it is readable");
    bytes
}

impl Running {
    fn signal(&self, name: &str) {
        let kill = [
            "-c",
            r#"kill -s "$0" "$1""#,
            name,
            &self.child.id().to_string(),
        ];
        let status = Command::new("sh").args(kill).status().expect("sh runs");
        assert!(status.success());
    }

    /// Waits until a line of standard error says this.
    fn until_said(&mut self, what: &str) {
        let mut line = Vec::new();
        while !String::from_utf8_lossy(&line).contains(what) {
            line.clear();
            let read = self.stderr.read_until(b'\n', &mut line);
            self.said.extend(&line);
            let so_far = String::from_utf8_lossy(&self.said);
            assert!(read.expect("it is readable") > 0, "{what}: {so_far}");
        }
    }

    fn end(mut self) -> Output {
        let read = self.stderr.read_to_end(&mut self.said);
        read.expect("it is readable");
        Output {
            status: self.child.wait().expect("it ends"),
            stdout: self.stdout.join().expect("it is read"),
            stderr: self.said,
        }
    }
}

macro_rules! assert_ended {
    ($running:expr) => {
        insta::with_settings!({ filters => filters() }, {
            insta::assert_snapshot!(text(&$running.end()));
        })
    };
}

#[test]
fn a_signal_rolls_the_running_script_back_and_reports_the_steps_before() {
    let url = database();
    hold(&url, THIRD, "PERFORM pg_sleep(60);");
    let up = start(&url, &["up", "--service=core"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("INT");
    assert_ended!(up);
    nothing_goes_on(&url);
    assert_eq!(recorded(&url).len(), 2);
    let third = "SELECT proname::text FROM pg_proc WHERE proname = 'uuid_v7'";
    assert_eq!(query(&url, third), Vec::<String>::new());
    let_go(&url);
    let folder = tempdir().expect("a folder is made");
    let next = said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "-q"],
    ));
    assert!(next.starts_with("exit: 0\n"), "{next}");
    assert_eq!(recorded(&url).len(), 9);
}

#[test]
fn the_document_of_a_stopped_run_lists_its_steps() {
    let url = database();
    hold(&url, THIRD, "PERFORM pg_sleep(60);");
    let up = start(&url, &["up", "--service=core", "--output=json"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("TERM");
    let output = up.end();
    let document: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(output.status.code(), Some(143));
    assert_eq!(document["exit"], 143);
    assert_eq!(document["done"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["errors"][0]["code"], "M0518");
    nothing_goes_on(&url);
}

#[test]
fn a_signal_stops_down_as_it_stops_up() {
    let url = database();
    let folder = tempdir().expect("a folder is made");
    said(&mut on(&url, folder.path(), &["up", "--service=core"]));
    hold(&url, THIRD, "PERFORM pg_sleep(60);");
    let down = start(&url, &["down", "--service=core", "--all", "-q"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    down.signal("TERM");
    let said = text(&down.end());
    assert!(said.starts_with("exit: 143\n"), "{said}");
    assert_eq!(said.matches("\nreverted core/").count(), 7, "{said}");
    nothing_goes_on(&url);
    assert_eq!(recorded(&url).len(), 2);
}

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
    let said = text(&up.end());
    assert!(said.starts_with("exit: 130\n"), "{said}");
    assert!(said.contains("error[M0518]"), "{said}");
    drop(other);
    nothing_goes_on(&url);
    assert_eq!(recorded(&url).len(), 2);
}

#[test]
fn up_resumes_a_step_outside_a_transaction_after_a_signal() {
    let url = database();
    let is_dirty = "EXISTS (SELECT FROM migrator.core_history WHERE dirty IS NOT NULL)";
    hold(&url, is_dirty, "PERFORM pg_sleep(60);");
    let up = start(&url, &["up", "--service=core", "-q"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("INT");
    assert_ended!(up);
    nothing_goes_on(&url);
    let last = recorded(&url).pop().expect("some are");
    assert_eq!(last, "7ebcf483_index_audit_log_by_row dirty up");
    let_go(&url);
    let folder = tempdir().expect("a folder is made");
    let next = said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "-q"],
    ));
    assert!(next.starts_with("exit: 0\n"), "{next}");
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let url = database();
    // The script ignores a request to cancel.
    let deaf = "LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; \
                END LOOP;";
    hold(&url, THIRD, deaf);
    let mut up = start(&url, &["up", "--service=core"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("TERM");
    up.until_said("stopping");
    up.signal("INT");
    let said = text(&up.end());
    assert!(said.starts_with("exit: 130\n"), "{said}");
    assert!(!said.contains("error["), "{said}");
    execute(
        &url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event = 'PgSleep'",
    );
    nothing_goes_on(&url);
    assert_eq!(recorded(&url).len(), 2);
}

#[test]
fn a_signal_ends_a_command_that_reads() {
    let url = database();
    let folder = tempdir().expect("a folder is made");
    said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=1"],
    ));
    let other = session(&url, "LOCK TABLE migrator.history");
    let status = start(&url, &["status"]);
    until_activity(&url, "wait_event_type = 'Lock'");
    status.signal("TERM");
    let said = text(&status.end());
    assert!(said.starts_with("exit: 143\n"), "{said}");
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
    said(&mut on(
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
fn a_closed_pipe_does_not_stop_a_run() {
    let url = database();
    let folder = tempdir().expect("a folder is made");
    let mut up = on(&url, folder.path(), &["up", "--service=core", "-q"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut first = String::new();
    let stdout = up.stdout.take().expect("it is piped");
    // As with `head -1`, the pipe is closed after the first line.
    BufReader::new(stdout)
        .read_line(&mut first)
        .expect("it is readable");
    let output = up.wait_with_output().expect("it ends");
    assert!(first.starts_with("applied core/"), "{first}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(recorded(&url).len(), 9);
}

#[test]
fn a_closed_standard_output_is_reported_by_the_exit_code() {
    let url = database();
    let folder = tempdir().expect("a folder is made");
    let closed = |arguments: &str| {
        let command = format!("\"$0\" {arguments} >&- 2>&-");
        let mut sh = Command::new("sh");
        support::clear(&mut sh);
        sh.args(["-c", &command, env!("CARGO_BIN_EXE_migrator")])
            .env("DATABASE_URL", &url)
            .current_dir(folder.path());
        sh.status().expect("sh runs").code()
    };
    assert_eq!(closed("up --service=core"), Some(0));
    assert_eq!(closed("up --service=nowhere"), Some(2));
    assert_eq!(recorded(&url).len(), 9);
}

#[test]
fn a_database_lent_to_verify_is_left_empty_after_a_signal() {
    let url = database();
    let option = format!("--database-url={url}");
    let verify = start(&url, &["verify", &option, "--service=core"]);
    until(&url, "SELECT 1 FROM pg_proc WHERE proname = 'uuid_v7'");
    verify.signal("INT");
    let said = text(&verify.end());
    assert!(said.starts_with("exit: 130\n"), "{said}");
    assert!(said.contains("error[M0518]: the run was stopped"), "{said}");
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
    let said = text(&up.end());
    assert!(said.starts_with("exit: 0\n"), "{said}");
    assert!(
        said.contains("lock timeout, behind `billing` (pid "),
        "{said}"
    );
    assert!(
        said.contains(
            ", idle in a transaction after `BEGIN; SET application_name = 'billing'; LOCK"
        ),
        "{said}"
    );
}

#[test]
fn a_signal_stops_every_database_of_a_fleet() {
    let urls = [database(), database()];
    for url in &urls {
        hold(url, THIRD, "PERFORM pg_sleep(60);");
    }
    let folder = tempdir().expect("a folder is made");
    let list = folder.path().join("fleet");
    std::fs::write(&list, urls.join("\n")).expect("it is written");
    let fleet = format!("--fleet={}", list.display());
    let up = start(&urls[0], &["up", "--service=core", &fleet]);
    for url in &urls {
        until_activity(url, "wait_event = 'PgSleep'");
    }
    up.signal("INT");
    let said = text(&up.end());
    assert!(said.starts_with("exit: 130\n"), "{said}");
    let of_each = said.matches("(M0518 after 2 migrations, ").count();
    assert_eq!(of_each, 2, "{said}");
    for url in &urls {
        nothing_goes_on(url);
        assert_eq!(recorded(url).len(), 2);
    }
}

#[test]
fn a_signal_ends_the_wait_for_a_fleets_list() {
    let url = database();
    let query = "--fleet-query=SELECT pg_sleep(300)::text";
    let up = start(&url, &["up", "--service=core", query]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("TERM");
    let ended = Instant::now();
    let said = text(&up.end());
    assert!(ended.elapsed() < Duration::from_secs(60), "{said}");
    assert!(said.starts_with("exit: 143\n"), "{said}");
    assert!(said.contains("error[M0518]: the run was stopped"), "{said}");
    assert!(!said.contains("names no database"), "{said}");
}

#[test]
fn a_lost_terminal_stops_a_run_unless_it_runs_under_nohup() {
    let url = database();
    hold(&url, THIRD, "PERFORM pg_sleep(60);");
    let up = start(&url, &["up", "--service=core"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("HUP");
    let said = text(&up.end());
    assert!(said.starts_with("exit: 129\n"), "{said}");
    assert!(said.contains("SIGHUP: stopping"), "{said}");
    nothing_goes_on(&url);

    // As `nohup` does.
    let folder = tempdir().expect("a folder is made");
    let mut sh = Command::new("sh");
    support::clear(&mut sh);
    let ignoring = "trap '' HUP; exec \"$0\" up --service=core -q";
    let child = sh
        .args(["-c", ignoring, env!("CARGO_BIN_EXE_migrator")])
        .env("DATABASE_URL", &url)
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sh runs");
    until_activity(&url, "wait_event = 'PgSleep'");
    let signal = |name: &str| {
        let kill = ["-c", r#"kill -s "$0" "$1""#, name, &child.id().to_string()];
        let status = Command::new("sh").args(kill).status().expect("sh runs");
        assert!(status.success());
    };
    signal("HUP");
    signal("TERM");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(143), "{}", text(&output));
    nothing_goes_on(&url);
}
