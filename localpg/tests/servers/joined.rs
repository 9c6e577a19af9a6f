//! Servers that processes share: each process is a part, and has a place of its own for what it
//! shares with the other parts of the same test, so that tests do not meet.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use crate::support::{ask, eventually, part, send, stage};
use migrator_localpg::Joined;
use tempfile::TempDir;

/// Long enough for a process to start, short enough to wait for.
const GRACE: Duration = Duration::from_secs(1);

/// Where the server of a test is found, through `TMPDIR`. The server's user must get in.
fn place() -> TempDir {
    let place = tempfile::Builder::new()
        .prefix("j")
        .tempdir_in("/tmp")
        .unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    place
}

struct Member {
    process: Child,
    note: PathBuf,
}

impl Member {
    /// A process that joins, and stays until it is killed.
    fn new(place: &TempDir, name: &str) -> Self {
        let stage = place.path().join(name);
        fs::create_dir(&stage).unwrap();
        let mut command: Command = part("joined::join_until_killed", &stage);
        Self {
            process: command.env("TMPDIR", place.path()).spawn().unwrap(),
            note: stage.join("note"),
        }
    }

    /// The folder of the server that it joined.
    fn server(&self) -> PathBuf {
        eventually("a process joins", || self.note.exists());
        PathBuf::from(fs::read_to_string(&self.note).unwrap())
    }
}

/// SIGKILL, also when the test fails.
impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The URL of a server, as another process printed it.
fn url(server: &Path) -> String {
    let folder = server.to_str().unwrap().replace('/', "%2F");
    format!("postgresql://postgres@{folder}:5432/postgres")
}

#[test]
#[ignore = "a part in other tests"]
fn join_until_killed() {
    let Some(stage) = stage() else { return };
    let joined = Joined::join(GRACE).unwrap();
    let unfinished = stage.join("unfinished");
    fs::write(&unfinished, joined.folder().to_str().unwrap()).unwrap();
    fs::rename(unfinished, stage.join("note")).unwrap();
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn processes_that_start_at_once_share_one_server() {
    let place = place();
    let members: Vec<Member> = (0..8)
        .map(|number| Member::new(&place, &number.to_string()))
        .collect();
    let servers: HashSet<PathBuf> = members.iter().map(Member::server).collect();
    assert_eq!(servers.len(), 1);
    let server = servers.into_iter().next().unwrap();
    assert_eq!(ask(&url(&server), "SHOW fsync").await.unwrap(), "off");
    drop(members);
    eventually("the server goes with the last", || !server.exists());
}

#[tokio::test]
async fn a_server_stays_as_long_as_one_of_its_processes() {
    let place = place();
    let first = Member::new(&place, "first");
    let server = first.server();
    let pid = fs::read_to_string(server.join("data/postmaster.pid")).unwrap();
    let process = Path::new("/proc").join(pid.lines().next().unwrap());
    let second = Member::new(&place, "second");
    assert_eq!(second.server(), server);

    drop(first);
    let third = Member::new(&place, "third");
    assert_eq!(third.server(), server);
    drop(second);
    assert_eq!(ask(&url(&server), "SELECT 1").await.unwrap(), "1");

    drop(third);
    // Whoever comes in the grace time finds it too.
    let fourth = Member::new(&place, "fourth");
    assert_eq!(fourth.server(), server);
    assert_eq!(ask(&url(&server), "SELECT 1").await.unwrap(), "1");
    drop(fourth);
    eventually("its folder is removed", || !server.exists());
    eventually("its process ends", || !process.exists());
}

/// The moment in which a server ends is the one in which another process may come.
#[tokio::test]
async fn whoever_joins_while_a_server_ends_has_one_that_works() {
    let place = place();
    let first = Member::new(&place, "first");
    first.server();
    drop(first);
    // Around the end of the grace time, a little later each time.
    for number in [970, 985, 1000, 1015] {
        tokio::time::sleep(Duration::from_millis(number)).await;
        let next = Member::new(&place, &number.to_string());
        let server = next.server();
        assert_eq!(ask(&url(&server), "SELECT 1").await.unwrap(), "1");
        drop(next);
    }
}

#[tokio::test]
async fn a_server_that_broke_is_replaced() {
    let place = place();
    let first = Member::new(&place, "first");
    let broken = first.server();
    let pid = fs::read_to_string(broken.join("data/postmaster.pid")).unwrap();
    send("KILL", pid.lines().next().unwrap());
    eventually("the supervisor has seen it", || {
        broken.join("ended").exists()
    });
    let second = Member::new(&place, "second");
    let server = second.server();
    assert_ne!(server, broken);
    assert_eq!(ask(&url(&server), "SELECT 1").await.unwrap(), "1");
    drop(first);
    drop(second);
    eventually("both are removed", || !server.exists() && !broken.exists());
}
