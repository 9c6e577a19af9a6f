//! Starts the servers, each at its first use.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use super::{PASSWORD, certificates::write_certificates};

const HBA: &str = "local all all trust
hostssl all certuser 127.0.0.1/32 cert
hostnossl all tlsonly 127.0.0.1/32 reject
hostssl all plainonly 127.0.0.1/32 reject
host all nobody 127.0.0.1/32 reject
host all ghost,locked 127.0.0.1/32 trust
host all clear 127.0.0.1/32 password
host all all 127.0.0.1/32 scram-sha-256
";

/// Before version 14 the default of `password_encryption` is md5, which `HBA` does not accept.
const ROLES: &str = "SET password_encryption = 'scram-sha-256';
CREATE ROLE app LOGIN SUPERUSER PASSWORD 's3cr3t-p4ss';
CREATE ROLE tlsonly LOGIN PASSWORD 's3cr3t-p4ss';
CREATE ROLE plainonly LOGIN PASSWORD 's3cr3t-p4ss';
CREATE ROLE limited LOGIN CONNECTION LIMIT 0 PASSWORD 's3cr3t-p4ss';
CREATE ROLE certuser LOGIN;
CREATE ROLE locked NOLOGIN;
CREATE ROLE clear LOGIN PASSWORD 's3cr3t-p4ss';
";

/// The kinds of server.
#[derive(Clone, Copy)]
pub(crate) enum Server {
    /// With a certificate that the authority `ca` has signed.
    Tls,
    /// Without TLS.
    Plain,
    /// With a certificate of X.509 version 1.
    OldCertificate,
    /// With a self-signed certificate.
    SelfSigned,
    /// With a self-signed certificate that has expired.
    Expired,
}

/// A running server.
pub(crate) struct Running {
    pub(crate) port: u16,
    folder: PathBuf,
    _postgres: Child,
}

impl Running {
    /// Returns a keyword string for a role at a host. `host` may end with further parameters.
    pub(crate) fn at(&self, host: &str, user: &str) -> String {
        let port = self.port;
        format!("dbname=postgres port={port} user={user} password={PASSWORD} host={host}")
    }

    /// Returns a keyword string for the role `app` on another port, with further parameters.
    pub(crate) fn at_port(&self, port: u16, rest: &str) -> String {
        format!("{} port={port} {rest}", self.app())
    }

    pub(crate) fn user(&self, name: &str) -> String {
        self.at("127.0.0.1", name)
    }

    pub(crate) fn app(&self) -> String {
        self.user("app")
    }

    pub(crate) fn file(&self, name: &str) -> String {
        let path = if name.is_empty() {
            self.folder.clone()
        } else {
            self.folder.join(name)
        };
        path.display().to_string()
    }
}

/// Returns the server, and starts it at the first call. The server ends with this process.
pub(crate) fn server(which: Server) -> &'static Running {
    static RUNNING: [OnceLock<Running>; 5] = [const { OnceLock::new() }; 5];
    let certificate = match which {
        Server::Tls => Some("server"),
        Server::Plain => None,
        Server::OldCertificate => Some("old"),
        Server::SelfSigned => Some("self"),
        Server::Expired => Some("expired"),
    };
    RUNNING[which as usize].get_or_init(|| start(certificate))
}

fn start(certificate: Option<&str>) -> Running {
    let folder = tempfile::tempdir().expect("a folder can be made").keep();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("a mode can be set");
    write_certificates(&folder);
    give_away(&folder);
    let data = folder.join("data");
    let flags = [
        "--no-sync",
        "--auth=trust",
        "--username=postgres",
        "--encoding=UTF8",
        "-D",
    ];
    run(as_server("initdb").args(flags).arg(&data));
    fs::write(data.join("pg_hba.conf"), HBA).expect("a file can be written");
    create_roles(&data);
    let port = free_port();
    let mut postgres = as_server("postgres");
    postgres
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(&folder)
        .args(["-p", &port.to_string()]);
    postgres.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
    if let Some(name) = certificate {
        for (setting, file) in [
            ("ssl_cert_file", format!("{name}.crt")),
            ("ssl_key_file", format!("{name}.key")),
            ("ssl_ca_file", "ca.crt".to_owned()),
        ] {
            let path = folder.join(file);
            postgres
                .arg("-c")
                .arg(format!("{setting}={}", path.display()));
        }
        postgres.args(["-c", "ssl=on"]);
    }
    let log = fs::File::create(folder.join("log")).expect("a file can be written");
    let child = postgres
        .stderr(log)
        .spawn()
        .expect("postgres can be started");
    stop_with_this_process(child.id(), &folder);
    wait_until_ready(&folder, port);
    Running {
        port,
        folder,
        _postgres: child,
    }
}

fn create_roles(data: &Path) {
    let mut single = as_server("postgres");
    single
        .args(["--single", "-j", "-D"])
        .arg(data)
        .arg("postgres");
    let input = data.with_file_name("roles.sql");
    // In single-user mode with `-j` a command ends at an empty line.
    fs::write(&input, ROLES.replace(";\n", ";\n\n")).expect("a file can be written");
    run(single.stdin(fs::File::open(&input).expect("the file is there")));
}

/// Starts a shell that stops the server when this process ends, even if it is killed.
fn stop_with_this_process(pid: u32, folder: &Path) {
    let script = "cat >/dev/null; kill -INT \"$1\"; i=0
            while kill -0 \"$1\" 2>/dev/null && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done
            kill -QUIT \"$1\" 2>/dev/null; rm -rf \"$2\"";
    let watch = Command::new("sh")
        .args(["-c", script, "stop", &pid.to_string()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("a shell can be started");
    // The shell's input closes when this process ends.
    std::mem::forget(watch);
}

fn wait_until_ready(folder: &Path, port: u16) {
    let limit = Instant::now() + Duration::from_mins(1);
    let socket = folder.join(format!(".s.PGSQL.{port}"));
    // The socket exists before the server accepts sessions; `postmaster.pid` says when it does.
    let ready = || {
        let status = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
        status.contains("ready") && UnixStream::connect(&socket).is_ok()
    };
    while !ready() {
        let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(
            Instant::now() < limit,
            "the server does not start: {}",
            log()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// Returns a port on which no process listens at the moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
    listener.local_addr().expect("it has an address").port()
}

/// Runs a program that has to succeed.
pub(crate) fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
}

/// Returns a command for a program of Postgres. The program refuses to run as root, so root
/// runs it as the user `postgres`.
fn as_server(program: &str) -> Command {
    let mut command = Command::new(programs().join(program));
    command
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if let Some((uid, gid)) = server_user() {
        command.uid(uid).gid(gid);
    }
    command
}

fn programs() -> PathBuf {
    let named = env::var_os("MIGRATOR_PG_BIN").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let packaged = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let packaged = packaged.map(|version| version.path().join("bin"));
    named
        .into_iter()
        .chain(packaged)
        .chain(env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .expect("these tests need `initdb` and `postgres`: name their folder in MIGRATOR_PG_BIN")
}

/// Returns the uid and gid of the user `postgres` if this process runs as root.
fn server_user() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("there is a list of users");
    let line = users.lines().find(|line| line.starts_with("postgres:"));
    let fields: Vec<&str> = line
        .expect("there is a user `postgres`")
        .split(':')
        .collect();
    let number = |at: usize| fields[at].parse().expect("it is a number");
    Some((number(2), number(3)))
}

/// Makes the server's user the owner of the folder and of the server's keys.
fn give_away(folder: &Path) {
    let Some((uid, gid)) = server_user() else {
        return;
    };
    chown(folder, Some(uid), Some(gid)).expect("a folder can be given away");
    for name in ["server.key", "old.key", "self.key", "expired.key"] {
        chown(folder.join(name), Some(uid), Some(gid)).expect("a file can be given away");
    }
}
