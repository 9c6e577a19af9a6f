//! A peer that is gone is noticed: what the sockets and the session are set to.
//!
//! That these settings end a connection within a minute is the kernel's and Postgres's
//! doing: it was measured with a network that drops all packets, see docs/reliability.md.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use migrator_localpg::{Programs, Throwaway};
use migrator_runtime::{Client, Settings, connect};

use super::support::rows;

/// A server that listens on TCP, and its port.
fn over_tcp() -> (Throwaway, u16) {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
    let port = free.local_addr().expect("it has an address").port();
    drop(free);
    let number = port.to_string();
    let settings = [("listen_addresses", "127.0.0.1"), ("port", number.as_str())];
    let programs = Programs::find(None).expect("Postgres is installed");
    let server = Throwaway::start_with_settings(programs, &settings).expect("a server");
    (server, port)
}

async fn open(port: u16, rest: &str) -> Client {
    let text = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres {rest}");
    let settings = Settings::parse(&text).expect("the settings are valid");
    connect(settings).await.expect("the server answers")
}

async fn value(client: &Client, sql: &str) -> String {
    let rows = rows(client.postgres(), sql).await;
    rows.last().cloned().expect("a row")
}

/// What the server's socket is set to, and how often it looks at it.
async fn server_side(client: &Client) -> String {
    let settings = [
        "tcp_keepalives_idle",
        "tcp_keepalives_interval",
        "tcp_keepalives_count",
        "tcp_user_timeout",
        "client_connection_check_interval",
    ];
    let settings = settings.map(|name| format!("current_setting('{name}', true)"));
    let sql = format!("SELECT concat_ws(' ', {})", settings.join(", "));
    value(client, &sql).await
}

/// The part of it that servers before 14 have.
fn expected(server: &Throwaway, probes: &str) -> String {
    match server.programs().major {
        ..14 => probes.to_owned(),
        _ => format!("{probes} 5s"),
    }
}

#[tokio::test]
async fn both_sides_probe_for_a_dead_peer() {
    let (server, port) = over_tcp();
    let client = open(port, "").await;
    let set = expected(&server, "20 10 3 45000");
    assert_eq!(server_side(&client).await, set);
    value(&client, "RESET ALL; SELECT 1").await;
    assert_eq!(server_side(&client).await, set, "after RESET ALL");
    if cfg!(target_os = "linux") {
        let own = value(&client, "SELECT inet_client_port()").await;
        let seconds = seconds_to_probe(own.parse().expect("a port"), port);
        assert!((1..=20).contains(&seconds), "{seconds}");
    }
}

#[tokio::test]
async fn what_the_user_has_set_wins() {
    let (server, port) = over_tcp();
    let rest = "keepalives_idle=500 options='-c tcp_keepalives_idle=7 -c tcp_user_timeout=0'";
    let client = open(port, rest).await;
    assert_eq!(server_side(&client).await, expected(&server, "7 10 3 0"));
    if cfg!(target_os = "linux") {
        let own = value(&client, "SELECT inet_client_port()").await;
        let seconds = seconds_to_probe(own.parse().expect("a port"), port);
        assert!((400..=500).contains(&seconds), "{seconds}");
    }
}

/// In how many seconds the kernel sends the next probe, by proc(5): the column
/// `tr:tm->when`, in hundredths of a second; timer 2 is the keepalive one.
fn seconds_to_probe(local: u16, remote: u16) -> u32 {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("proc is mounted");
    let (local, remote) = (format!(":{local:04X}"), format!(":{remote:04X}"));
    let timer = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_ours = fields.get(1)?.ends_with(&local) && fields.get(2)?.ends_with(&remote);
        is_ours.then(|| fields.get(5).map(|timer| (*timer).to_owned()))?
    });
    let timer = timer.expect("the connection is in the table");
    let (kind, when) = timer.split_once(':').expect("two parts");
    assert_eq!(kind, "02", "{timer}");
    u32::from_str_radix(when, 16)
        .expect("a number")
        .div_ceil(100)
}

#[tokio::test]
async fn a_pooler_that_refuses_the_settings_is_asked_without_them() {
    let (_server, port) = over_tcp();
    let (pooler, asked) = refusing(port);
    let client = open(pooler, "sslmode=disable").await;
    assert_eq!(value(&client, "SELECT 1").await, "1");
    let settings = "host=127.0.0.1 user=postgres dbname=postgres sslmode=disable";
    let settings = Settings::parse(&format!("{settings} port={pooler}")).expect("they are valid");
    for _ in 0..2 {
        let client = connect(settings.clone()).await.expect("the server answers");
        client.close().await;
    }
    client.close().await;
    let asked: Vec<bool> = asked.try_iter().collect();
    // The second connection by the same settings is not refused first.
    assert_eq!(asked, [true, false, true, false, false]);
}

/// A pooler in front of a server, which refuses start-up options as `PgBouncer` does. It
/// tells of each connection whether it asked for some.
fn refusing(server: u16) -> (u16, std::sync::mpsc::Receiver<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
    let port = listener.local_addr().expect("it has an address").port();
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("somebody connects");
            let mut startup = [0; 1024];
            let length = stream.read(&mut startup).expect("it says who it is");
            let startup = &startup[..length];
            let word = b"options";
            let has_options = startup.windows(word.len()).any(|at| at == word);
            if sender.send(has_options).is_err() {
                return;
            }
            if has_options {
                // The client may be gone already.
                let _ = stream.write_all(&refusal());
            } else {
                let mut behind =
                    TcpStream::connect(("127.0.0.1", server)).expect("the server listens");
                behind.write_all(startup).expect("it reads");
                join(stream, behind);
            }
        }
    });
    (port, receiver)
}

fn refusal() -> Vec<u8> {
    let fields = b"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
    let length = u32::try_from(fields.len() + 4).expect("small");
    [&b"E"[..], &length.to_be_bytes(), fields].concat()
}

/// Copies both ways until one side ends.
fn join(one: TcpStream, other: TcpStream) {
    let copy = |mut from: TcpStream, mut to: TcpStream| {
        thread::spawn(move || {
            // Either side may go away at any time.
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    };
    copy(
        one.try_clone().expect("a second handle"),
        other.try_clone().expect("a second handle"),
    );
    copy(other, one);
}
