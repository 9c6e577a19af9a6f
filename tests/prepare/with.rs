//! `with`: a command on a new database, which is dropped afterwards.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use migrator_localpg::{Programs, Throwaway};
use tempfile::{TempDir, tempdir};

use crate::running::{Running, run};
use crate::support::{database, execute, migrator, on, output, query, text, until};

const MIGRATOR: &str = env!("CARGO_BIN_EXE_migrator");

/// `with`, whose janitor ends soon.
fn with(url: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = on(url, folder, &[&["with"], arguments].concat());
    command.env("MIGRATOR_TEST_GRACE", "1");
    command
}

fn folder() -> TempDir {
    tempdir().expect("a folder is made")
}

/// A server of one test, so that its databases can be counted.
fn server() -> Throwaway {
    let programs = Programs::find(None).expect("programs");
    Throwaway::start_with(programs).expect("a server")
}

/// The databases of commands on a server.
fn lent(url: &str) -> Vec<String> {
    let of_commands = r"SELECT datname::text FROM pg_database WHERE datname LIKE 'migrator\_test%'";
    query(url, of_commands)
}

/// Starts a command in a process group of its own, as a service manager does.
fn start(url: &str, arguments: &[&str]) -> Running {
    let folder = folder();
    let mut command = with(url, folder.path(), arguments);
    command.process_group(0);
    run(command, folder)
}

#[test]
fn the_command_gets_a_migrated_database_and_nothing_remains() {
    let (server, folder) = (server(), folder());
    let url = server.url("postgres");
    let status = [MIGRATOR, "status", "--service=all", "--check"];
    let first = output(&mut with(
        &url,
        folder.path(),
        &[&["--"], &status[..]].concat(),
    ));
    assert!(first.starts_with("exit: 0\n"), "{first}");
    assert!(
        first.contains("database: postgresql://postgres@/migrator_test_"),
        "{first}"
    );
    let note = "note: running on the new database postgresql://";
    assert!(
        first.contains(note) && first.contains(" with 77 migrations ("),
        "{first}"
    );
    assert_eq!(lent(&url), Vec::<String>::new());
    let of_core = [&["-q", "--service=core", "--"], &status[..]].concat();
    let pending = output(&mut with(&url, folder.path(), &of_core));
    assert!(pending.starts_with("exit: 6\n"), "{pending}");
    assert!(pending.ends_with("----- stderr -----\n"), "{pending}");
    // At last, the janitor drops the templates too.
    until(
        &url,
        r"SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname LIKE 'migrator\_%')",
    );
}

#[test]
fn the_variables_lead_to_the_new_database_alone() {
    let folder = folder();
    let show = r#"echo "$DATABASE_URL|$PGHOST|$PGPORT|$PGUSER|$PGDATABASE|${PGSERVICE-none}""#;
    let mut command = with(&database(), folder.path(), &["-q", "--", "sh", "-c", show]);
    command.env("PGPORT", "1").env("PGDATABASE", "elsewhere");
    let shown = command.output().expect("it runs");
    let shown = String::from_utf8(shown.stdout).expect("it is text");
    let parts: Vec<&str> = shown.trim().split('|').collect();
    let [url, host, port, user, name, service] = parts[..] else {
        panic!("{shown}")
    };
    let encoded = host.replace('/', "%2F");
    assert_eq!(url, format!("postgresql://{user}@{encoded}:{port}/{name}"));
    assert_eq!((port, user, service), ("5432", "postgres", "none"));
    assert!(name.starts_with("migrator_test_"), "{name}");
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    let folder = folder();
    let url = database();
    let script = folder.path().join("script");
    fs::write(&script, "exit 0\n").expect("it is written");
    let script = script.to_str().expect("it is UTF-8");
    for (command, code) in [
        (&["sh", "-c", "exit 42"][..], 42),
        (&["sh", "-c", "kill -KILL $$"], 137),
        (&["no-such-program"], 127),
        (&[script], 126),
    ] {
        let ended = output(&mut with(&url, folder.path(), &[&["--"], command].concat()));
        assert!(ended.starts_with(&format!("exit: {code}\n")), "{ended}");
        assert_eq!(
            ended.contains("error[M0908]: cannot run `"),
            [126, 127].contains(&code)
        );
    }
    let own = with(&url, folder.path(), &["--output=json", "--", "true"]).output();
    assert_eq!(own.expect("it runs").status.code(), Some(2));
}

#[test]
fn the_command_has_the_standard_streams() {
    let folder = folder();
    let input = folder.path().join("input");
    fs::write(&input, "from standard input\n").expect("it is written");
    let input = fs::File::open(&input).expect("it is there");
    let cat = ["-q", "--", "sh", "-c", "cat; echo to standard error >&2"];
    let mut command = with(&database(), folder.path(), &cat);
    let streams = output(command.stdin(Stdio::from(input)));
    assert_eq!(
        streams,
        "exit: 0\n----- stdout -----\nfrom standard input\n----- stderr -----\nto standard error\n"
    );
}

#[test]
fn a_signal_is_passed_on_and_the_command_is_waited_for() {
    let server = server();
    let url = server.url("postgres");
    for (signal, code) in [("INT", 7), ("TERM", 7), ("HUP", 7)] {
        let trap = format!(
            "trap 'echo cleaned; exit 7' {signal}; echo ready >&2; while :; do sleep 0.05; done"
        );
        let mut with = start(&url, &["--", "sh", "-c", &trap]);
        with.until_said("ready");
        assert_eq!(lent(&url).len(), 1);
        with.signal(signal);
        let output = text(&with.end());
        let expected = format!("exit: {code}\n----- stdout -----\ncleaned\n");
        assert!(output.starts_with(&expected), "{output}");
        assert_eq!(lent(&url), Vec::<String>::new());
    }
    let mut with = start(&url, &["--", "sh", "-c", "echo ready >&2; exec sleep 600"]);
    with.until_said("ready");
    with.signal("TERM");
    let output = text(&with.end());
    assert!(output.starts_with("exit: 143\n"), "{output}");
    assert_eq!(lent(&url), Vec::<String>::new());
}

#[test]
fn a_signal_before_the_command_starts_leaves_no_database() {
    let server = server();
    let url = server.url("postgres");
    // A lock on the catalog of databases holds the creation of the template.
    let (runtime, holder) = {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime starts");
        let client = runtime.block_on(crate::support::connect(&url));
        let lock = "BEGIN; LOCK TABLE pg_database IN SHARE MODE";
        runtime
            .block_on(client.batch_execute(lock))
            .expect("it is free");
        (runtime, client)
    };
    let mut with = start(&url, &["--", "echo", "never"]);
    until(
        &url,
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE%' AND wait_event_type = 'Lock'",
    );
    with.signal("TERM");
    with.until_said("SIGTERM: stopping");
    drop(holder);
    drop(runtime);
    let output = text(&with.end());
    assert!(
        output.starts_with("exit: 143\n----- stdout -----\n-----"),
        "{output}"
    );
    assert_eq!(lent(&url), Vec::<String>::new());
}

#[test]
fn the_janitor_drops_the_database_of_a_killed_process() {
    let server = server();
    let url = server.url("postgres");
    let mut with = start(&url, &["--", "sh", "-c", "echo ready >&2; exec sleep 600"]);
    with.until_said("ready");
    assert_eq!(lent(&url).len(), 1);
    with.child.kill().expect("it runs");
    until(
        &url,
        r"SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname LIKE 'migrator\_%')",
    );
    // The command still runs, in the process group that it shared with `migrator`.
    let group = format!("kill -s KILL -- -{}", with.child.id());
    let killed = Command::new("sh").args(["-c", &group]).status();
    assert!(killed.expect("sh runs").success());
}

#[test]
fn without_a_database_a_temporary_server_is_used() {
    let folder = folder();
    let mut command = migrator(&[
        "with",
        "--",
        MIGRATOR,
        "status",
        "--service=core",
        "--check",
    ]);
    command.env("MIGRATOR_TEST_GRACE", "1");
    let output = output(command.current_dir(folder.path()));
    assert!(output.starts_with("exit: 0\n"), "{output}");
    assert!(!folder.path().join(".migrator").exists());
}

#[test]
fn in_a_checkout_the_local_server_is_used_if_it_runs() {
    let checkout = folder();
    let tree = checkout.path().join("database/migrations/shop_service");
    fs::create_dir_all(&tree).expect("the folders are made");
    let manifest =
        "tiers = [\"Only\"]\n\n[services.shop]\ntier = \"Only\"\ndirectory = \"shop_service\"\n";
    let manifest_path = checkout.path().join("database/services.toml");
    fs::write(manifest_path, manifest).expect("it is written");
    // A migration of the tree that is compiled in.
    for direction in ["up", "down"] {
        let name = format!("20240108091207_e2790687_create_core_schema.{direction}.sql");
        fs::write(tree.join(name), "SELECT 1;\n").expect("it is written");
    }
    let run = |arguments: &[&str]| {
        let mut command = migrator(arguments);
        command.env("MIGRATOR_TEST_GRACE", "1");
        output(command.current_dir(checkout.path()))
    };
    let with = ["with", "-q", "--", "sh", "-c", "echo \"$PGHOST\""];
    let before = run(&with);
    run(&["server", "start"]);
    let host = run(&with);
    let url = run(&["server", "status"]);
    run(&["server", "stop"]);
    let line = |text: &str| text.lines().nth(2).expect("a line").to_owned();
    let host = line(&host).replace('/', "%2F");
    assert!(line(&url).contains(&host), "{host}: {url}");
    assert_ne!(line(&before).replace('/', "%2F"), host);
}

#[test]
fn a_role_without_createdb_cannot_lend() {
    execute(&database(), "CREATE ROLE lends_nothing LOGIN");
    let url = database().replace("//postgres@", "//lends_nothing@");
    let refused = output(&mut with(&url, folder().path(), &["--", "true"]));
    assert!(refused.starts_with("exit: 5\n"), "{refused}");
    for part in [
        "error[M0903]: creating the ",
        "permission denied",
        "CREATEDB",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
}

#[test]
fn the_command_gets_the_password_and_no_message_shows_it() {
    let url = database().replace("//postgres@", "//postgres:s3cr3t@");
    let show = ["--", "sh", "-c", r#"echo "$PGPASSWORD $DATABASE_URL""#];
    let shown = with(&url, folder().path(), &show).output();
    let shown = shown.expect("it runs");
    let stdout = String::from_utf8_lossy(&shown.stdout);
    assert!(
        stdout.starts_with("s3cr3t postgresql://postgres:s3cr3t@"),
        "{stdout}"
    );
    let stderr = String::from_utf8_lossy(&shown.stderr);
    assert!(stderr.contains("note: running on"), "{stderr}");
    assert!(!stderr.contains("s3cr3t"), "{stderr}");
}
