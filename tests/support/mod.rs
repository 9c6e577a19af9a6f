//! Runs the binary, and shows its result as one text.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod page;
pub mod terminal;

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use migrator_localpg::Throwaway;
use tokio::runtime::Runtime;
use tokio_postgres::Client;

/// The binary of the package that is under test: with this platform's tree, or that of migrator-cli.
pub const BINARY: &str = match (
    option_env!("CARGO_BIN_EXE_migrator"),
    option_env!("CARGO_BIN_EXE_migrator-in-folder"),
) {
    (Some(binary), _) | (None, Some(binary)) => binary,
    (None, None) => "",
};

/// A `PATH` on which the binary is called `migrator`. It gets a link in the folder.
pub fn path_with_binary(folder: &Path) -> String {
    symlink(BINARY, folder.join("migrator")).expect("a link is made");
    let path = std::env::var("PATH").expect("there is a PATH");
    format!("{}:{path}", folder.display())
}

/// The binary, without the variables of the caller that it would read.
pub fn migrator(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).stdin(Stdio::null());
    clear(&mut command);
    command
}

/// Removes the variables that name a database or set an option.
pub fn clear(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let heeded = ["PG", "MIGRATOR_", "OTEL_"]
            .iter()
            .any(|start| text.starts_with(start));
        if heeded && text != "MIGRATOR_PG_BIN"
            || ["DATABASE_URL", "JOB_COMPLETION_INDEX", "NO_COLOR"].contains(&&*text)
        {
            command.env_remove(&name);
        }
    }
}

/// The binary in an empty folder, on a database.
pub fn on(url: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = migrator(arguments);
    command.env("DATABASE_URL", url).current_dir(folder);
    command
}

/// Exit code, standard output and standard error in one text.
pub fn output(command: &mut Command) -> String {
    text(&command.output().expect("the binary runs"))
}

/// The same as [`output`] for a process that has ended.
pub fn text(output: &Output) -> String {
    let stream = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "exit: {}\n----- stdout -----\n{}----- stderr -----\n{}",
        output
            .status
            .code()
            .map_or("none".to_owned(), |code| code.to_string()),
        stream(&output.stdout),
        stream(&output.stderr)
    )
}

/// The URL of a new database on this process's server.
pub fn database() -> String {
    let server = Throwaway::shared().expect("a server starts");
    block_on(server.create_database()).expect("a database is made")
}

/// Runs a future on its own runtime.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(future)
}

/// Connects, without TLS.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("the server answers");
    tokio::spawn(connection);
    client
}

/// Runs statements on a database.
pub fn execute(url: &str, sql: &str) {
    block_on(async { connect(url).await.batch_execute(sql).await }).expect(sql);
}

/// The first column of the rows of a query, as text.
pub fn query(url: &str, sql: &str) -> Vec<String> {
    let rows = block_on(async { connect(url).await.query(sql, &[]).await }).expect(sql);
    rows.iter().map(|row| row.get(0)).collect()
}

/// The condition of the trigger that holds core's third migration in the middle.
pub const THIRD: &str = "(SELECT count(*) FROM migrator.core_history) = 2";

/// Creates a trigger: each DDL statement first runs `what` if `when` is true.
pub fn hold(url: &str, when: &str, what: &str) {
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

/// A session that holds its locks until it is dropped.
pub fn session(url: &str, lock: &str) -> (Runtime, Client) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let client = runtime.block_on(connect(url));
    let locked = runtime.block_on(client.batch_execute(&format!("BEGIN; {lock}")));
    locked.expect("it is free");
    (runtime, client)
}

/// Waits until a query has a row.
pub fn until(url: &str, sql: &str) {
    let started = Instant::now();
    block_on(async {
        let session = connect(url).await;
        while session.query(sql, &[]).await.expect(sql).is_empty() {
            assert!(started.elapsed() < Duration::from_secs(60), "{sql}");
        }
    });
}

/// Waits until the activity of a session of the database meets a condition.
pub fn until_activity(url: &str, condition: &str) {
    let others = "datname = current_database() AND pid <> pg_backend_pid()";
    until(
        url,
        &format!("SELECT 1 FROM pg_stat_activity WHERE {others} AND {condition}"),
    );
}

/// Filters for values that differ between runs: times, the database, the process.
pub fn filters() -> Vec<(&'static str, &'static str)> {
    vec![
        // A step shows no time if two answers arrive together.
        (
            r"(?m)^((?:applied|reverted) \S+) \(\d+(\.\d+)? (ms|s)\)$",
            "$1",
        ),
        // On a slow machine, a test may take long enough for these lines.
        (r"(?m)^slowest: .*\n", ""),
        (r"(?m)^note: .*: running for \d+ .*\n", ""),
        (r"\d+(\.\d+)? (ms|s)\b", "[time]"),
        (r"postgresql://\S+", "[database]"),
        (r"\(process \d+\)", "(process [pid])"),
        (r"\(pid \d+,", "(pid [pid],"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "[moment]"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[moment]"),
    ]
}

/// A snapshot of a command's result, without the values that differ between runs.
#[macro_export]
macro_rules! assert_output {
    ($command:expr) => {
        insta::with_settings!({ filters => $crate::support::filters() }, {
            insta::assert_snapshot!($crate::support::output($command));
        })
    };
}
