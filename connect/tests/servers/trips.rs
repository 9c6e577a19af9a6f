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
    opened,
    server::{Server, server},
};

/// A proxy that counts how often the client sends something after it has connected or the server
/// has sent something.
struct Counter {
    port: u16,
    trips: Arc<AtomicUsize>,
}

impl Counter {
    /// A proxy for one connection.
    fn before(port: u16) -> Counter {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
        let trips = Arc::new(AtomicUsize::new(0));
        let counter = Counter {
            port: listener.local_addr().expect("it has an address").port(),
            trips: Arc::clone(&trips),
        };
        thread::spawn(move || {
            let (client, _) = listener.accept().expect("somebody connects");
            let server = TcpStream::connect(("127.0.0.1", port)).expect("the server");
            let clone = |stream: &TcpStream| stream.try_clone().expect("a handle");
            let (from_server, to_client) = (clone(&server), clone(&client));
            let heard = Arc::new(AtomicBool::new(true));
            let answered = Arc::clone(&heard);
            thread::spawn(move || {
                forward(from_server, to_client, || {
                    answered.store(true, Ordering::SeqCst);
                });
            });
            forward(client, server, || {
                if heard.swap(false, Ordering::SeqCst) {
                    trips.fetch_add(1, Ordering::SeqCst);
                }
            });
        });
        counter
    }
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
        assert_eq!(counter.trips.load(Ordering::SeqCst), trips, "{mode}");
        connection.close().await;
    }
}
