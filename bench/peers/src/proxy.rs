//! A proxy before a server's socket that delays each direction and counts round trips.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, sleep_until};

/// A proxy on a loopback port.
pub(crate) struct Proxy {
    port: u16,
    turns: Arc<Turns>,
}

/// The number of times that the client sent after the server had sent.
#[derive(Default)]
struct Turns {
    servers: AtomicBool,
    count: AtomicUsize,
}

impl Proxy {
    /// Starts a proxy, which runs as long as the process.
    pub(crate) async fn start(socket: PathBuf, delay: Duration) -> io::Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let turns = Arc::new(Turns::default());
        let counted = Arc::clone(&turns);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = UnixStream::connect(&socket).await else {
                    continue;
                };
                let _ = client.set_nodelay(true);
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let turns = Arc::clone(&counted);
                tokio::spawn(forward(from_client, to_server, delay, move || {
                    if turns.servers.swap(false, Ordering::SeqCst) {
                        turns.count.fetch_add(1, Ordering::SeqCst);
                    }
                }));
                let turns = Arc::clone(&counted);
                tokio::spawn(forward(from_server, to_client, delay, move || {
                    turns.servers.store(true, Ordering::SeqCst);
                }));
            }
        });
        Ok(Proxy { port, turns })
    }

    /// The URL of a database through the proxy.
    pub(crate) fn url(&self, database: &str) -> String {
        let port = self.port;
        format!("postgresql://postgres@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    /// The number of round trips since the last call.
    pub(crate) fn round_trips(&self) -> usize {
        self.turns.count.swap(0, Ordering::SeqCst)
    }
}

/// Forwards each piece of data after the delay, without limiting the bandwidth.
async fn forward(
    mut from: impl AsyncReadExt + Unpin + Send + 'static,
    mut to: impl AsyncWriteExt + Unpin + Send + 'static,
    delay: Duration,
    seen: impl Fn() + Send + 'static,
) {
    let (sender, mut pieces) = unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((at, piece)) = pieces.recv().await {
            sleep_until(at).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        seen();
        if sender
            .send((Instant::now() + delay, buffer[..length].to_vec()))
            .is_err()
        {
            return;
        }
    }
}
