//! Servers for a single test, processes that play a part, and waiting.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use migrator_localpg::Throwaway;
use migrator_runtime::testing::TestDatabase;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// The variable with the folder in which a part writes its note.
const STAGE: &str = "MIGRATOR_TESTING_STAGE";

/// How many seconds the temporary server, the templates and the janitor outlive a test.
const GRACE: &str = "1";

/// No test waits for longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where parts run: a folder for notes and shared files, and their server.
pub(crate) struct Scene {
    folder: TempDir,
    /// The user's server; without it the parts share a temporary one.
    users: Option<Throwaway>,
    /// The role and its password in the URL of the user's server.
    role: String,
}

impl Scene {
    /// Parts with `DATABASE_URL`.
    pub(crate) fn with_users_server() -> Self {
        Self {
            users: Some(Throwaway::start().unwrap()),
            ..Self::without_server()
        }
    }

    /// Parts without `DATABASE_URL`, which use only this scene's temporary server.
    pub(crate) fn without_server() -> Self {
        let folder = tempfile::Builder::new().prefix("t").tempdir_in("/tmp");
        let folder = folder.unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            folder,
            users: None,
            role: "postgres".to_owned(),
        }
    }

    /// The same with this role for the parts.
    pub(crate) fn with_role(self, role: &str) -> Self {
        Self {
            role: role.to_owned(),
            ..self
        }
    }

    /// The command that runs a test of this binary.
    pub(crate) fn command(&self, test: &str) -> Command {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args([test, "--exact", "--include-ignored", "--nocapture"])
            .env(STAGE, self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env("MIGRATOR_TEST_GRACE", GRACE)
            .env_remove("DATABASE_URL")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null());
        if self.users.is_some() {
            command.env("DATABASE_URL", self.url("postgres"));
        }
        command
    }

    /// The URL of a database of the user's server, with the role of the parts.
    pub(crate) fn url(&self, database: &str) -> String {
        let url = self.users.as_ref().unwrap().url(database);
        url.replace("//postgres@", &format!("//{}@", self.role))
    }

    /// Runs a part to its end.
    pub(crate) fn run(&self, test: &str) -> Output {
        self.command(test).output().unwrap()
    }

    /// Starts a part that runs until it is killed, and waits until it has written its note.
    pub(crate) async fn start(&self, test: &str) -> (Killed, String) {
        let note = self.folder.path().join("note");
        // Another part has left it.
        let _ = fs::remove_file(&note);
        let part = self.spawn(test);
        eventually("the part is ready", || note.exists()).await;
        (part, fs::read_to_string(note).unwrap())
    }

    /// Starts a part without output.
    pub(crate) fn spawn(&self, test: &str) -> Killed {
        let mut command = self.command(test);
        Killed(
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }

    /// The log of the user's server.
    pub(crate) fn log(&self) -> String {
        let server = self.users.as_ref().expect("a user's server");
        fs::read_to_string(server.folder().join("log")).unwrap()
    }

    /// A session on the user's server.
    pub(crate) async fn client(&self) -> Client {
        let server = self.users.as_ref().expect("a user's server");
        client(&server.url("postgres")).await
    }
}

/// A process that is killed when the test ends, if not before.
pub(crate) struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill(); // SIGKILL
        let _ = self.0.wait();
    }
}

/// Writes the database's URL for the test, and then runs until the process is killed.
pub(crate) fn stay(database: &TestDatabase) {
    let stage = stage().unwrap();
    let unfinished = stage.join("unfinished");
    fs::write(&unfinished, database.url()).unwrap();
    fs::rename(unfinished, stage.join("note")).unwrap();
    loop {
        std::thread::park();
    }
}

/// The folder of the part; `None` if somebody runs all ignored tests.
pub(crate) fn stage() -> Option<PathBuf> {
    env::var_os(STAGE).map(PathBuf::from)
}

/// The folder of the temporary server with this URL.
pub(crate) fn server_of(url: &str) -> PathBuf {
    let (_, rest) = url.split_once('@').unwrap();
    let (folder, _) = rest.split_once(':').unwrap();
    Path::new(&folder.replace("%2F", "/")).to_owned()
}

pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The first column of a query's rows.
pub(crate) async fn ask(client: &Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).await.unwrap();
    let rows = messages.iter().filter_map(|message| {
        if let SimpleQueryMessage::Row(row) = message {
            Some(row.get(0).unwrap_or_default().to_owned())
        } else {
            None
        }
    });
    rows.collect()
}

/// The test databases whose names begin with this.
pub(crate) async fn databases(client: &Client, kind: &str) -> BTreeSet<String> {
    let sql = format!(
        "SELECT datname FROM pg_catalog.pg_database WHERE datname LIKE 'migrator\\_{kind}%'"
    );
    ask(client, &sql).await.into_iter().collect()
}

/// Waits until no test database has a name that begins with this.
pub(crate) async fn gone(client: &Client, kind: &str) {
    let began = Instant::now();
    loop {
        let left = databases(client, kind).await;
        if left.is_empty() {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "still there: {left:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a query returns this.
pub(crate) async fn eventually_is(client: &Client, sql: &str, answer: &[&str]) {
    let began = Instant::now();
    loop {
        let now = ask(client, sql).await;
        if now == answer {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{sql}: {now:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a condition holds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what} within a minute");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
