//! The development server against the real Postgres.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;

use crate::support::{ask, eventually, part, send, stage};
use migrator_localpg::{DevServer, Error, Started, Stopped};
use tempfile::TempDir;

/// A checkout whose server is stopped, and whose data are deleted, when the test ends or fails.
struct Checkout {
    path: PathBuf,
    _parent: TempDir,
}

impl Checkout {
    fn new() -> Self {
        Self::in_a_folder_of_mode(0o755)
    }

    fn in_a_folder_of_mode(mode: u32) -> Self {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), Permissions::from_mode(mode)).unwrap();
        let path = parent.path().join("check \"out");
        fs::create_dir(&path).unwrap();
        Self {
            path,
            _parent: parent,
        }
    }

    fn start(&self) -> DevServer {
        DevServer::start(&self.path).unwrap()
    }

    fn fail(&self) -> Error {
        DevServer::start(&self.path).unwrap_err()
    }

    fn stop(&self) -> Stopped {
        DevServer::stop(&self.path).unwrap()
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let stopped = DevServer::stop(&self.path);
        if let Ok(elsewhere) = fs::read_link(self.path.join(".migrator/dev")) {
            fs::remove_dir_all(elsewhere).unwrap();
        }
        assert!(thread::panicking() || stopped.is_ok());
    }
}

fn runs_as_root(checkout: &Checkout) -> bool {
    fs::metadata(&checkout.path).unwrap().uid() == 0
}

fn pid_of(server: &DevServer) -> String {
    let file = fs::read_to_string(server.folder().join("data/postmaster.pid")).unwrap();
    file.lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn a_server_is_started_then_reused_then_stopped() {
    let checkout = Checkout::new();
    assert!(DevServer::running(&checkout.path).is_none());
    assert_eq!(checkout.stop(), Stopped::WasNotRunning);

    let first = checkout.start();
    assert_eq!(first.started(), Started::Now);
    ask(first.url().as_str(), "CREATE TABLE kept AS SELECT 1")
        .await
        .unwrap();

    let second = checkout.start();
    assert_eq!(second.started(), Started::AlreadyRunning);
    assert_eq!(
        (second.url(), second.version()),
        (first.url(), first.version())
    );
    assert_eq!(
        ask(&second.url(), "SHOW server_version")
            .await
            .unwrap()
            .split(' ')
            .next()
            .unwrap(),
        first.version()
    );
    assert_eq!(
        DevServer::running(&checkout.path).unwrap().folder(),
        first.folder()
    );

    assert_eq!(checkout.stop(), Stopped::Now);
    assert!(ask(&first.url(), "SELECT 1").await.is_err());
    assert_eq!(checkout.stop(), Stopped::WasNotRunning);

    let third = checkout.start();
    assert_eq!(third.started(), Started::Now);
    assert_eq!(
        ask(&third.url(), "SELECT count(*) FROM kept")
            .await
            .unwrap(),
        "1"
    );
}

#[tokio::test]
async fn a_server_is_durable_and_has_no_network() {
    let checkout = Checkout::new();
    let url = checkout.start().url();
    assert_eq!(ask(&url, "SHOW fsync").await.unwrap(), "on");
    assert_eq!(ask(&url, "SHOW synchronous_commit").await.unwrap(), "on");
    assert_eq!(ask(&url, "SHOW listen_addresses").await.unwrap(), "");
    let sockets = ask(&url, "SHOW unix_socket_directories").await.unwrap();
    let sockets = Path::new(sockets.trim_matches('"'));
    assert_eq!(fs::metadata(sockets).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn psql_reads_the_url() {
    let checkout = Checkout::new();
    let url = checkout.start().url();
    // psql takes from the environment what a URL leaves open.
    let psql = Command::new("psql")
        .env("PGPORT", "1")
        .args(["-XAtc", "SELECT 42", &url])
        .output();
    assert_eq!(String::from_utf8(psql.unwrap().stdout).unwrap(), "42\n");
}

#[test]
fn eight_processes_at_once_get_the_same_server() {
    let checkout = Checkout::new();
    let racers: Vec<Child> = (0..8)
        .map(|_| {
            part("dev_server::race_for_the_server", &checkout.path)
                .spawn()
                .unwrap()
        })
        .collect();
    let pids: Vec<u32> = racers.iter().map(Child::id).collect();
    assert!(
        racers
            .into_iter()
            .all(|mut racer| racer.wait().unwrap().success())
    );

    let server = DevServer::running(&checkout.path).unwrap();
    let outcomes: Vec<String> = pids
        .iter()
        .map(|pid| fs::read_to_string(checkout.path.join(pid.to_string())).unwrap())
        .collect();
    let with = |started| {
        let line = format!("{} {} {started:?}", server.url(), pid_of(&server));
        outcomes.iter().filter(|outcome| **outcome == line).count()
    };
    assert_eq!(
        (with(Started::Now), with(Started::AlreadyRunning)),
        (1, 7),
        "{outcomes:?}"
    );
}

#[test]
#[ignore = "a part in another test"]
fn race_for_the_server() {
    let Some(checkout) = stage() else { return };
    let server = DevServer::start(&checkout).unwrap();
    let line = format!(
        "{} {} {:?}",
        server.url(),
        pid_of(&server),
        server.started()
    );
    fs::write(checkout.join(std::process::id().to_string()), line).unwrap();
}

#[test]
fn threads_at_once_get_the_same_server() {
    let checkout = Checkout::new();
    let started: Vec<Started> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| checkout.start().started()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(
        started
            .iter()
            .filter(|started| **started == Started::Now)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_crash_is_no_obstacle() {
    let checkout = Checkout::new();
    let server = checkout.start();
    ask(&server.url(), "CREATE TABLE kept AS SELECT 1")
        .await
        .unwrap();
    send("KILL", &pid_of(&server));
    eventually("the server dies", || {
        DevServer::running(&checkout.path).is_none()
    });

    let server = checkout.start();
    assert_eq!(server.started(), Started::Now);
    assert_eq!(
        ask(&server.url(), "SELECT count(*) FROM kept")
            .await
            .unwrap(),
        "1"
    );
}

#[test]
fn a_process_id_that_is_another_programs_by_now_is_no_obstacle() {
    let checkout = Checkout::new();
    let server = checkout.start();
    let file = server.folder().join("data/postmaster.pid");
    let left = fs::read_to_string(&file).unwrap();
    checkout.stop();
    let pid = left.lines().next().unwrap();
    fs::write(
        &file,
        left.replacen(pid, &std::process::id().to_string(), 1),
    )
    .unwrap();

    assert_eq!(checkout.start().started(), Started::Now);
}

#[test]
fn data_of_another_major_version_are_refused() {
    let checkout = Checkout::new();
    let server = checkout.start();
    checkout.stop();
    let data = server.folder().join("data");
    fs::write(data.join("PG_VERSION"), "9.6\n").unwrap();

    let error = checkout.fail();
    assert!(
        matches!(&error, Error::OtherMajor { folder, data: major, .. }
        if *folder == data && major == "9.6")
    );
    assert!(error.to_string().contains(data.to_str().unwrap()));
    assert!(error.help().contains("install Postgres 9.6"));
}

#[test]
fn a_server_that_does_not_start_is_quoted() {
    let checkout = Checkout::new();
    let server = checkout.start();
    checkout.stop();
    let settings = server.folder().join("data/postgresql.conf");
    fs::write(settings, "no_such_setting = on\n").unwrap();

    let error = checkout.fail();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
    assert!(
        error
            .help()
            .contains(server.folder().join("log").to_str().unwrap())
    );
}

#[test]
fn a_checkout_that_only_root_may_enter_keeps_its_data_elsewhere() {
    let checkout = Checkout::in_a_folder_of_mode(0o700);
    let server = checkout.start();
    let place = checkout.path.join(".migrator/dev");
    if runs_as_root(&checkout) {
        assert_eq!(fs::read_link(&place).unwrap(), server.folder());
        assert!(server.folder().starts_with("/var/lib/migrator"));
    } else {
        assert_eq!(fs::canonicalize(&place).unwrap(), server.folder());
        assert!(!place.is_symlink());
    }
    assert_eq!(checkout.start().started(), Started::AlreadyRunning);
    assert_eq!(fs::metadata(server.folder()).unwrap().mode() & 0o777, 0o700);
}
