//! A proxy in front of a server's socket. It recognises Postgres's messages, counts them, and can
//! cut one connection at a position in a message.
//!
//! It runs on its own threads, because the client may be another process.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A proxy on a loopback port, which runs as long as the process.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Mutex<Shared>>,
}

/// A message of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The number of the connection, in the order of connecting, from 0.
    pub connection: usize,
    /// The side that sends the message.
    pub sender: Sender,
    /// The number of the message among those of its side, from 0.
    pub message: usize,
}

/// A side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sender {
    /// The side that connects.
    Client,
    /// The side that listens.
    Server,
}

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// At which message.
    pub spot: Spot,
    /// How much of the message is still forwarded.
    pub share: Share,
}

/// How much of a message is forwarded before the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// No byte.
    Nothing,
    /// The first half of its bytes.
    Half,
    /// The whole message.
    All,
}

#[derive(Debug, Default)]
struct Shared {
    /// The number of messages that each side of each connection has sent.
    seen: Vec<[usize; 2]>,
    cut: Option<Cut>,
    /// The number of open connections, now and at most.
    open: usize,
    peak: usize,
}

impl Proxy {
    /// Starts a proxy in front of a server that listens on a Unix socket.
    ///
    /// # Errors
    ///
    /// No port is free.
    pub fn start(socket: &Path) -> io::Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (socket, all): (PathBuf, _) = (socket.to_owned(), Arc::clone(&shared));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // If the server is down, the client's connection is closed at once.
                let _ = connect(client, &socket, &all);
            }
        });
        Ok(Proxy { port, shared })
    }

    /// The loopback port of the proxy.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Forgets the messages so far, and cuts a later connection at this position, if one is given.
    pub fn begin(&self, cut: Option<Cut>) {
        let mut shared = lock(&self.shared);
        shared.seen.clear();
        shared.cut = cut;
        shared.peak = shared.open;
    }

    /// The largest number of connections that were open at a time since [`Proxy::begin`].
    #[must_use]
    pub fn peak(&self) -> usize {
        lock(&self.shared).peak
    }

    /// The messages since [`Proxy::begin`].
    #[must_use]
    pub fn seen(&self) -> Vec<Spot> {
        let mut spots = Vec::new();
        for (connection, numbers) in lock(&self.shared).seen.iter().enumerate() {
            for (sender, number) in [Sender::Client, Sender::Server].into_iter().zip(numbers) {
                spots.extend((0..*number).map(|message| Spot {
                    connection,
                    sender,
                    message,
                }));
            }
        }
        spots
    }
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(client: TcpStream, socket: &Path, shared: &Arc<Mutex<Shared>>) -> io::Result<()> {
    let server = UnixStream::connect(socket)?;
    client.set_nodelay(true)?;
    let connection = {
        let mut shared = lock(shared);
        shared.seen.push([0, 0]);
        shared.open += 1;
        shared.peak = shared.peak.max(shared.open);
        shared.seen.len() - 1
    };
    let ends = Ends {
        client: client.try_clone()?,
        server: server.try_clone()?,
    };
    let passage = |sender| Passage {
        connection,
        sender,
        shared: Arc::clone(shared),
        message: 0,
    };
    let (up, down) = (passage(Sender::Client), passage(Sender::Server));
    let (from, to, both) = (client.try_clone()?, server.try_clone()?, ends.again()?);
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        up.carry(from, to, &both);
        lock(&shared).open -= 1;
    });
    thread::spawn(move || down.carry(server, client, &ends));
    Ok(())
}

/// Both ends of a connection, to cut it.
struct Ends {
    client: TcpStream,
    server: UnixStream,
}

impl Ends {
    fn again(&self) -> io::Result<Ends> {
        Ok(Ends {
            client: self.client.try_clone()?,
            server: self.server.try_clone()?,
        })
    }

    fn cut(&self) {
        // Either side may be closed already.
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

/// One direction of a connection.
struct Passage {
    connection: usize,
    sender: Sender,
    shared: Arc<Mutex<Shared>>,
    /// The number of the next message.
    message: usize,
}

impl Passage {
    /// Forwards messages until the end of the stream or the cut.
    fn carry(mut self, mut from: impl Read, mut to: impl Write, ends: &Ends) {
        while let Ok(message) = self.next(&mut from) {
            let share = self.count();
            let length = match share {
                None | Some(Share::All) => message.len(),
                Some(Share::Half) => message.len() / 2,
                Some(Share::Nothing) => 0,
            };
            let passed = to.write_all(message.get(..length).unwrap_or_default());
            if share.is_some() || passed.is_err() {
                break;
            }
        }
        ends.cut();
    }

    /// Reads a whole message. The first message of a client has no type before its length.
    fn next(&self, from: &mut impl Read) -> io::Result<Vec<u8>> {
        let is_first = self.sender == Sender::Client && self.message == 0;
        let mut message = vec![0; if is_first { 4 } else { 5 }];
        from.read_exact(&mut message)?;
        let kind = message.len() - 4;
        let length = message.get(kind..).and_then(|four| four.try_into().ok());
        let length = u32::from_be_bytes(length.unwrap_or_default());
        let rest = usize::try_from(length)
            .unwrap_or_default()
            .saturating_sub(4);
        message.resize(message.len() + rest, 0);
        let body = message.len() - rest;
        from.read_exact(message.get_mut(body..).unwrap_or_default())?;
        Ok(message)
    }

    /// Counts a message. Returns how much of it to forward if the cut is there.
    fn count(&mut self) -> Option<Share> {
        let spot = Spot {
            connection: self.connection,
            sender: self.sender,
            message: self.message,
        };
        self.message += 1;
        let mut shared = lock(&self.shared);
        if let Some(numbers) = shared.seen.get_mut(self.connection) {
            let side = match self.sender {
                Sender::Client => 0,
                Sender::Server => 1,
            };
            numbers[side] = self.message;
        }
        let cut = shared.cut.filter(|cut| cut.spot == spot);
        cut.map(|cut| cut.share)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::os::unix::net::UnixListener;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::{Cut, Proxy, Sender, Share, Spot};

    /// Two messages: the first without a type.
    const SENT: &[u8] = b"\0\0\0\x06abQ\0\0\0\x08wxyz";

    /// The bytes of the two messages that are forwarded.
    fn passed(share: Option<Share>) -> (Vec<u8>, usize) {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("proxy-{}-{number}", std::process::id());
        let socket = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&socket).unwrap();
        let proxy = Proxy::start(&socket).unwrap();
        let spot = Spot {
            connection: 0,
            sender: Sender::Client,
            message: 1,
        };
        proxy.begin(share.map(|share| Cut { spot, share }));
        let server = thread::spawn(move || {
            let mut got = Vec::new();
            listener.accept().unwrap().0.read_to_end(&mut got).unwrap();
            got
        });
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        client.write_all(SENT).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let got = server.join().unwrap();
        std::fs::remove_file(&socket).unwrap();
        (got, proxy.seen().len())
    }

    #[test]
    fn messages_are_forwarded_and_counted() {
        assert_eq!(passed(None), (SENT.to_vec(), 2));
    }

    #[test]
    fn the_peak_counts_connections_that_are_open_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let proxy = Proxy::start(&socket).unwrap();
        let open = || {
            let client = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
            (client, listener.accept().unwrap())
        };
        let until = |number| {
            while super::lock(&proxy.shared).open != number {
                thread::yield_now();
            }
        };
        let both = [open(), open()];
        until(2);
        drop(both);
        until(0);
        assert_eq!(proxy.peak(), 2);
        proxy.begin(None);
        let one = open();
        until(1);
        drop(one);
        assert_eq!(proxy.peak(), 1);
    }

    #[test]
    fn a_connection_is_cut_at_the_given_position() {
        assert_eq!(passed(Some(Share::Nothing)).0, SENT[..6]);
        assert_eq!(passed(Some(Share::Half)).0, SENT[..10]);
        assert_eq!(passed(Some(Share::All)).0, SENT);
    }
}
