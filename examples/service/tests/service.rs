//! Tests the service together with a deploy job, on a real server.
#![cfg(unix)]
#![expect(
    clippy::expect_used,
    reason = "clippy allows this in tests, but not in the functions that tests share"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use migrator_localpg::Throwaway;
use migrator_model::{Tree, disk, resolve};
use migrator_runtime::{Migrator, Registry, Settings, Target, connect};
use tokio_postgres::NoTls;

/// The longest wait of a test.
const PATIENCE: Duration = Duration::from_secs(60);

async fn database() -> String {
    let server = Throwaway::shared().expect("a server");
    server.create_database().await.expect("a database")
}

fn tree() -> Tree {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../database");
    disk::read(&folder, "database")
}

/// The platform's tree with one more migration of `tenant`.
fn newer_tree() -> Tree {
    let stem = "migrations/tenant_service/20990101000000_0a1b2c3d_create_notes_table";
    tree()
        .with_file(&format!("{stem}.up.sql"), "CREATE TABLE tenant.notes ();")
        .with_file(&format!("{stem}.down.sql"), "DROP TABLE tenant.notes;")
}

/// Does what the deploy job of a binary with this tree does.
async fn deploy(url: &str, tree: &Tree) -> usize {
    let resolved = resolve(tree);
    assert_eq!(resolved.problems, []);
    let registry: &'static Registry = Box::leak(Box::new(resolved.registry));
    let settings = Settings::parse(url).expect("a URL");
    let mut client = connect(settings).await.expect("a connection");
    let mut migrator = Migrator::new(registry);
    let report = migrator.up(&mut client, Target::service("tenant")).await;
    report.expect("it runs").done.len()
}

async fn run(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("a session");
    tokio::spawn(connection);
    client.batch_execute(sql).await.expect(sql);
}

fn command(url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-tenant-service"));
    command
        .env("DATABASE_URL", url)
        .env("LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null());
    command
}

/// A running service. It ends when this value is dropped.
struct Running {
    process: Child,
    address: String,
}

impl Running {
    fn start(url: &str) -> Running {
        let mut process = command(url)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service runs");
        let stdout = process.stdout.take().expect("it is a pipe");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it listens");
        let address = line.trim_end().strip_prefix("listening on ");
        let address = address.expect("it listens").to_owned();
        Running { process, address }
    }

    /// The status and the body, such as `200 all migrations are applied`.
    fn get(&self, path: &str) -> String {
        self.send("GET", path)
    }

    fn send(&self, method: &str, path: &str) -> String {
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("it answers");
        let (head, body) = response.split_once("\r\n\r\n").expect("it has a head");
        let status = head.split(' ').nth(1).expect("it has a status");
        format!("{status} {}", body.trim_end())
    }

    /// Sends requests until the answer starts with `start`.
    fn until(&self, path: &str, start: &str) -> String {
        let started = Instant::now();
        loop {
            let answer = self.get(path);
            if answer.starts_with(start) {
                return answer;
            }
            assert!(started.elapsed() < PATIENCE, "{path}: {answer}");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_service_is_ready_once_the_deploy_job_has_run_and_next_to_a_newer_one() {
    let url = database().await;
    let service = Running::start(&url);
    let behind = service.get("/ready");
    assert!(behind.starts_with("503 "), "{behind}");
    assert!(behind.ends_with(" migrations are pending"), "{behind}");
    assert_eq!(service.get("/plans"), "503 the service is starting");

    let applied = deploy(&url, &tree()).await;
    assert_eq!(behind, format!("503 {applied} migrations are pending"));
    let ready = service.until("/ready", "200 ");
    assert_eq!(ready, "200 all migrations are applied");
    // A service that is ready answers.
    let plans = service.get("/plans");
    assert!(plans.starts_with("200 "), "{plans}");
    assert!(plans.lines().any(|line| line == "team: Team"), "{plans}");

    assert_eq!(deploy(&url, &newer_tree()).await, 1);
    let ahead = "200 all migrations are applied, and some that this binary does not have, \
                 such as `tenant/20990101000000_0a1b2c3d_create_notes_table`";
    assert_eq!(service.get("/ready"), ahead);
    assert_eq!(service.get("/plans"), plans);
    let older = Running::start(&url);
    assert_eq!(older.until("/ready", "200 "), ahead);
    assert_eq!(older.get("/plans"), plans);
}

#[tokio::test]
async fn a_service_refuses_to_start_on_what_no_deploy_job_mends() {
    let url = database().await;
    let output = command(&url).env("WAIT_SECONDS", "0").output();
    let behind = refused(&output.expect("it runs"));
    assert!(
        behind.starts_with("error[M0506]: the database is not current after 0 s: "),
        "{behind}"
    );
    // The page shows this error, after another time.
    let page = include_str!("../README.md");
    for line in behind.replace("after 0 s", "after 2 s").lines() {
        assert!(page.contains(&format!("{line}\n")), "{line}");
    }
    deploy(&url, &tree()).await;
    let edit = "UPDATE migrator.tenant_history SET checksum = '1', fingerprint = NULL \
                WHERE name LIKE '%create_plans_table'";
    run(&url, edit).await;
    let changed = refused(&command(&url).output().expect("it runs"));
    assert!(changed.starts_with("error[M0401]: "), "{changed}");
    assert!(changed.contains("create_plans_table"), "{changed}");
    assert!(changed.contains("\nhelp: restore the file"), "{changed}");
}

#[tokio::test]
async fn a_service_survives_the_loss_of_its_connection() {
    let url = database().await;
    deploy(&url, &tree()).await;
    let service = Running::start(&url);
    service.until("/plans", "200 ");
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    run(&url, others).await;
    service.until("/ready", "200 ");
}

/// A proxy between the database and the service. It can stop forwarding the data of the service.
struct Proxy {
    accepted: Arc<AtomicUsize>,
    /// The proxy no longer forwards the service's data of connections below this number.
    silent: Arc<AtomicUsize>,
}

impl Proxy {
    fn start(listener: TcpListener, database: &str) -> Proxy {
        let (server, _) = database.rsplit_once('/').expect("a name");
        let (_, place) = server.split_once('@').expect("a role");
        let (folder, port) = place.split_once(':').expect("a port");
        let socket = PathBuf::from(folder.replace("%2F", "/")).join(format!(".s.PGSQL.{port}"));
        let (accepted, silent) = (Arc::default(), Arc::default());
        let proxy = Proxy {
            accepted: Arc::clone(&accepted),
            silent: Arc::clone(&silent),
        };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let number = accepted.fetch_add(1, Ordering::SeqCst);
                let server = UnixStream::connect(&socket).expect("the server");
                carry(client, server, number, Arc::clone(&silent));
            }
        });
        proxy
    }
}

fn carry(mut client: TcpStream, mut server: UnixStream, number: usize, silent: Arc<AtomicUsize>) {
    let mut to_client = client.try_clone().expect("a clone");
    let mut from_server = server.try_clone().expect("a clone");
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(length @ 1..) = client.read(&mut buffer) {
            let is_heard = number >= silent.load(Ordering::SeqCst);
            if is_heard && server.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    });
}

/// The URL of a database behind a listener.
fn behind(listener: &TcpListener, database: &str) -> String {
    let address = listener.local_addr().expect("an address");
    let (_, name) = database.rsplit_once('/').expect("a name");
    format!("postgresql://postgres@{address}/{name}?sslmode=disable")
}

#[tokio::test]
async fn a_connection_that_gives_no_answer_is_replaced() {
    let url = database().await;
    deploy(&url, &tree()).await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let behind = behind(&listener, &url);
    let proxy = Proxy::start(listener, &url);
    let service = Running::start(&behind);
    service.until("/ready", "200 ");
    proxy.silent.store(usize::MAX, Ordering::SeqCst);
    let unready = service.get("/ready");
    assert_eq!(unready, "503 the database does not answer");
    let gone = proxy.accepted.load(Ordering::SeqCst);
    proxy.silent.store(gone, Ordering::SeqCst);
    service.until("/ready", "200 ");
}

#[tokio::test]
async fn a_server_that_is_down_at_the_start_is_waited_for() {
    let url = database().await;
    deploy(&url, &tree()).await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (behind, address) = (behind(&listener, &url), listener.local_addr());
    drop(listener);
    let output = command(&behind).env("WAIT_SECONDS", "0").output();
    let down = refused(&output.expect("it runs"));
    assert!(down.starts_with("error[M0902]: cannot reach"), "{down}");
    assert!(down.contains("\ncause: "), "{down}");
    let service = Running::start(&behind);
    let unready = service.get("/ready");
    assert!(unready.starts_with("503 cannot reach"), "{unready}");
    let listener = TcpListener::bind(address.expect("an address")).expect("the port");
    let _proxy = Proxy::start(listener, &url);
    service.until("/ready", "200 ");
}

#[tokio::test]
async fn a_path_or_a_method_that_the_service_does_not_have_is_refused() {
    let url = database().await;
    deploy(&url, &tree()).await;
    let service = Running::start(&url);
    service.until("/plans", "200 ");
    assert_eq!(service.get("/nothing"), "404 not found");
    assert_eq!(service.send("POST", "/plans"), "405 ");
}

#[test]
fn without_a_database_it_says_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_example-tenant-service"))
        .env_remove("DATABASE_URL")
        .output();
    assert_eq!(
        refused(&output.expect("it runs")),
        "error: `DATABASE_URL` is not set\n"
    );
}
