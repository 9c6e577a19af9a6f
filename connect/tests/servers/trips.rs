//! The round trips that opening a connection costs.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use super::support::{
    ask, opened,
    server::{Server, server},
};

/// A proxy that counts how often the client sends something after it has connected or the server
/// has sent something.
struct Counter {
    port: u16,
    connections: Arc<AtomicUsize>,
    trips: Arc<AtomicUsize>,
}

impl Counter {
    /// A proxy that accepts connections until the process ends.
    fn before(port: u16) -> Counter {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
        let counter = Counter {
            port: listener.local_addr().expect("it has an address").port(),
            connections: Arc::default(),
            trips: Arc::default(),
        };
        let connections = Arc::clone(&counter.connections);
        let trips = Arc::clone(&counter.trips);
        thread::spawn(move || {
            for client in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let server = TcpStream::connect(("127.0.0.1", port)).expect("the server");
                count(client.expect("somebody connects"), server, &trips);
            }
        });
        counter
    }
}

/// Forwards what the client and the server send, until both have ended.
fn count(client: TcpStream, server: TcpStream, trips: &AtomicUsize) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("a handle");
    let (from_server, to_client) = (clone(&server), clone(&client));
    let heard = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            forward(from_server, to_client, || {
                heard.store(true, Ordering::SeqCst);
            });
        });
        forward(client, server, || {
            if heard.swap(false, Ordering::SeqCst) {
                trips.fetch_add(1, Ordering::SeqCst);
            }
        });
    });
}

/// Forwards each piece of data, and calls `seen` before.
fn forward(mut from: TcpStream, mut to: TcpStream, seen: impl Fn()) {
    let mut buffer = vec![0; 65536];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        seen();
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // It fails if the other side has closed the connection.
    let _ = to.shutdown(Shutdown::Write);
}

/// The handshake of TCP comes before all of these.
#[tokio::test]
async fn opening_costs_no_round_trip_but_these() {
    let (tls, plain) = (server(Server::Tls), server(Server::Plain));
    for (server, mode, trips) in [
        // The start, and two of SCRAM.
        (plain, "disable", 3),
        // The request for TLS, the handshake, and the same.
        (tls, "require", 5),
        // TLS is asked for and refused, and the same.
        (plain, "prefer", 4),
    ] {
        let counter = Counter::before(server.port);
        let text = server.at_port(counter.port, &format!("sslmode={mode}"));
        let connection = opened(&text).await;
        // Postgres 13 refuses a setting that came with 14, and is asked again without it.
        let version: u32 = ask(&connection, "SHOW server_version_num")
            .await
            .parse()
            .expect("digits");
        let connections = if version < 140_000 { 2 } else { 1 };
        assert_eq!(
            counter.connections.load(Ordering::SeqCst),
            connections,
            "{mode}"
        );
        // The last one is of the question above.
        let made = counter.trips.load(Ordering::SeqCst);
        assert_eq!(made, trips * connections + 1, "{mode}");
        connection.close().await;
    }
}
