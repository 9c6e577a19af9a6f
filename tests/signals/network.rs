//! A network that drops all packets in the middle of a statement.

#![cfg(target_os = "linux")]
#![expect(clippy::print_stderr, reason = "a test that is passed over says so")]

use std::io::{self, BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use super::{THIRD, hold, recorded, until_activity};
use crate::support::{BINARY, clear, database, text};

/// A network namespace with one link to this one. It is removed when this is dropped.
struct Network {
    name: String,
    /// The start of the addresses; this side is `.1`, the namespace is `.2`.
    addresses: String,
}

impl Network {
    /// Returns `None` if this process may not create network namespaces.
    fn new() -> Option<Network> {
        let number = std::process::id();
        let network = Network {
            name: format!("migrator{number}"),
            addresses: format!("198.18.{}", number % 256),
        };
        let (name, addresses) = (&network.name, &network.addresses);
        if !ip(&format!("netns add {name}")) {
            eprintln!("passed over: this process may not create a network namespace");
            return None;
        }
        for command in [
            format!("link add mg{number} type veth peer name inside netns {name}"),
            format!("addr add {addresses}.1/30 dev mg{number}"),
            format!("link set mg{number} up"),
            format!("-n {name} addr add {addresses}.2/30 dev inside"),
            format!("-n {name} link set inside up"),
        ] {
            assert!(ip(&command), "ip {command}");
        }
        Some(network)
    }

    /// Drops every packet to the namespace from now on.
    fn drop_packets(&self) {
        let command = format!("route add blackhole {}.2/32", self.addresses);
        assert!(ip(&command), "ip {command}");
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        ip(&format!("route del blackhole {}.2/32", self.addresses));
        ip(&format!("netns del {}", self.name));
    }
}

fn ip(arguments: &str) -> bool {
    let mut command = Command::new("ip");
    command.args(arguments.split(' ')).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Forwards connections at an address to a server's Unix socket. Returns the port.
fn forward(address: &str, socket: PathBuf) -> u16 {
    let listener = TcpListener::bind((address, 0)).expect("the address is ours");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.expect("a client");
            let server = UnixStream::connect(&socket).expect("the server");
            carry(client, server);
        }
    });
    port
}

fn carry(client: TcpStream, server: UnixStream) {
    let (mut from_client, mut to_client) = (client.try_clone().expect("a socket"), client);
    let (mut from_server, mut to_server) = (server.try_clone().expect("a socket"), server);
    // Either copy ends with an error when its connection is lost.
    thread::spawn(move || io::copy(&mut from_client, &mut to_server));
    thread::spawn(move || io::copy(&mut from_server, &mut to_client));
}

#[test]
fn a_run_ends_when_the_network_drops_all_packets() {
    let Some(network) = Network::new() else {
        return;
    };
    let url = database();
    hold(&url, THIRD, "PERFORM pg_catalog.pg_sleep(60);");
    let (server, name) = url.rsplit_once('/').expect("a name");
    let (_, place) = server.split_once('@').expect("a role");
    let (folder, port) = place.split_once(':').expect("a port");
    let socket = PathBuf::from(folder.replace("%2F", "/")).join(format!(".s.PGSQL.{port}"));
    let address = format!("{}.1", network.addresses);
    let port = forward(&address, socket);
    let far = format!(
        "postgresql://postgres@{address}:{port}/{name}?sslmode=disable&keepalives_idle=1\
         &keepalives_interval=1&keepalives_count=2&tcp_user_timeout=3000"
    );
    let folder = tempfile::tempdir().expect("a folder is made");
    let mut command = Command::new("ip");
    let binary = BINARY;
    command.args([
        "netns",
        "exec",
        &network.name,
        binary,
        "up",
        "--service=core",
    ]);
    clear(&mut command);
    let mut run = command
        .env("DATABASE_URL", far)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`ip` starts it");
    let printed = run.stdout.take().expect("a pipe");
    let printed = BufReader::new(printed).lines();
    assert_eq!(
        printed.take(2).count(),
        2,
        "the run knows that two steps are done"
    );
    until_activity(&url, "wait_event = 'PgSleep'");
    network.drop_packets();
    let output = text(&run.wait_with_output().expect("it ends"));
    assert!(output.starts_with("exit: 5\n"), "{output}");
    assert!(output.contains("error[M0503]"), "{output}");
    let note = "the run had applied 2 migrations, which remain applied";
    assert!(output.contains(note), "{output}");
    assert_eq!(recorded(&url).len(), 2);
}
