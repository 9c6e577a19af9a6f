//! A proxy that carries bytes until a test silences it.

use std::collections::BTreeMap;
use std::mem;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use migrator_runtime::{Client, Settings, connect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::time::timeout;

use super::Database;

/// A proxy between a database and its clients, which can stop forwarding data.
pub(crate) struct Proxy {
    url: String,
    /// Data on connections below this number is no longer forwarded.
    pub(crate) silent: Arc<AtomicUsize>,
    /// Data on the connection with this number is not forwarded either.
    pub(crate) deaf: Arc<AtomicUsize>,
    /// The proxy closes connections from this number on before the session begins.
    pub(crate) closed: Arc<AtomicUsize>,
    /// The number of connections that the proxy closed as idle.
    pub(crate) ended: Arc<AtomicUsize>,
    /// Whether the proxy removes the first comment of each query.
    pub(crate) removes_comments: Arc<AtomicBool>,
    sent: Sent,
    trips: Trips,
    taken: Arc<AtomicUsize>,
}

/// How often the client sent something on each connection after it had connected or the server had
/// sent something.
type Trips = Arc<Mutex<BTreeMap<usize, usize>>>;

/// What the client sent on each connection, without the start of the session.
type Sent = Arc<Mutex<BTreeMap<usize, Vec<u8>>>>;

impl Proxy {
    pub(crate) async fn before(database: &Database) -> Proxy {
        Proxy::with_idle_timeout(database, Duration::MAX).await
    }

    /// A proxy that closes each idle connection but the first after this time.
    pub(crate) async fn with_idle_timeout(database: &Database, idle: Duration) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (server, name) = database.url.rsplit_once('/').expect("a name");
        let (_, place) = server.split_once('@').expect("a role");
        let (folder, port) = place.split_once(':').expect("a port");
        let socket = PathBuf::from(folder.replace("%2F", "/")).join(format!(".s.PGSQL.{port}"));
        let silent = Arc::new(AtomicUsize::new(0));
        let deaf = Arc::new(AtomicUsize::new(usize::MAX));
        let closed = Arc::new(AtomicUsize::new(usize::MAX));
        let ended = Arc::new(AtomicUsize::new(0));
        let removes_comments = Arc::new(AtomicBool::new(false));
        let sent = Sent::default();
        let trips = Trips::default();
        let taken = Arc::new(AtomicUsize::new(0));
        let heard = Heard {
            taken: Arc::clone(&taken),
            silent: Arc::clone(&silent),
            deaf: Arc::clone(&deaf),
            closed: Arc::clone(&closed),
            idle,
            ended: Arc::clone(&ended),
            removes_comments: Arc::clone(&removes_comments),
            sent: Arc::clone(&sent),
            trips: Arc::clone(&trips),
        };
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a client");
                let server = UnixStream::connect(&socket).await.expect("the server");
                tokio::spawn(carry(client, server, heard.clone()));
            }
        });
        let (_, role) = server.split_once("//").expect("a scheme");
        let (role, _) = role.split_once('@').expect("a role");
        let url = format!("postgresql://{role}@{address}/{name}?sslmode=disable");
        Proxy {
            url,
            silent,
            deaf,
            closed,
            ended,
            removes_comments,
            sent,
            trips,
            taken,
        }
    }

    /// The number of connections that the server accepted.
    pub(crate) fn connections(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn client(&self) -> Client {
        let settings = Settings::parse(&self.url).expect("a URL");
        connect(settings).await.expect("a connection")
    }

    /// The round trips of a connection after the handshake of TCP, with the start of the session
    /// and without its end.
    pub(crate) fn trips(&self, connection: usize) -> usize {
        let trips = self.trips.lock().expect("nobody panics");
        trips.get(&connection).copied().unwrap_or_default()
    }

    /// The texts of the simple queries that were sent on a connection.
    pub(crate) fn queries(&self, connection: usize) -> Vec<String> {
        let sent = self.sent.lock().expect("nobody panics");
        let mut rest = sent.get(&connection).map_or(&[][..], Vec::as_slice);
        let mut queries = Vec::new();
        // A message is a letter, its length without the letter, and its content.
        while let [tag, a, b, c, d, behind @ ..] = rest {
            let length = u32::from_be_bytes([*a, *b, *c, *d]);
            let length = usize::try_from(length).expect("a length") - 4;
            let (content, next) = behind.split_at(length);
            if *tag == b'Q' {
                let text = content
                    .strip_suffix(b"\0")
                    .expect("a text ends with a zero");
                queries.push(String::from_utf8(text.to_vec()).expect("a text"));
            }
            rest = next;
        }
        queries
    }
}

/// Which connections are forwarded, and for how long they may be idle.
#[derive(Clone)]
struct Heard {
    /// The number of connections that the server accepted. A refused one has no number: before
    /// Postgres 14 the server lacks a setting, and the client asks again without it.
    taken: Arc<AtomicUsize>,
    silent: Arc<AtomicUsize>,
    deaf: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
    idle: Duration,
    ended: Arc<AtomicUsize>,
    removes_comments: Arc<AtomicBool>,
    sent: Sent,
    trips: Trips,
}

/// Takes the complete messages from the start of these bytes, and blanks the first comment of each
/// query.
fn without_comments(bytes: &mut Vec<u8>) -> Vec<u8> {
    let mut changed = Vec::new();
    while let [_, a, b, c, d, rest @ ..] = bytes.as_slice() {
        let length = u32::from_be_bytes([*a, *b, *c, *d]);
        let length = usize::try_from(length).expect("a length") + 1;
        if rest.len() + 5 < length {
            break;
        }
        let mut message: Vec<u8> = bytes.drain(..length).collect();
        let comment = message.windows(3).position(|part| part == b"-- ");
        if let (b'Q', Some(start)) = (message[0], comment) {
            let comment = message[start..].iter_mut();
            comment
                .take_while(|byte| **byte != b'\n')
                .for_each(|byte| *byte = b' ');
        }
        changed.extend(message);
    }
    changed
}

impl Heard {
    fn record(&self, number: usize, bytes: &[u8]) {
        let mut sent = self.sent.lock().expect("nobody panics");
        sent.entry(number).or_default().extend(bytes);
    }

    fn count(&self, number: usize) {
        let mut trips = self.trips.lock().expect("nobody panics");
        *trips.entry(number).or_default() += 1;
    }

    fn is(&self, number: usize) -> bool {
        number >= self.silent.load(Ordering::SeqCst) && number != self.deaf.load(Ordering::SeqCst)
    }
}

/// Forwards the start of a session, and returns the session's number if the server accepts it.
async fn open(client: &mut TcpStream, server: &mut UnixStream, heard: &Heard) -> Option<usize> {
    let mut buffer = vec![0; 65536];
    let length = client.read(&mut buffer).await.ok()?;
    if heard.taken.load(Ordering::SeqCst) >= heard.closed.load(Ordering::SeqCst) {
        return None;
    }
    if !heard.is(heard.taken.load(Ordering::SeqCst)) {
        while client.read(&mut buffer).await.ok()? > 0 {}
        return None;
    }
    server.write_all(&buffer[..length]).await.ok()?;
    let length = server.read(&mut buffer).await.ok()?;
    // If the server lacks a setting, an error follows the nine bytes that accept the role.
    // A request to cancel has no answer.
    let is_taken = buffer[..length].get(9).is_some_and(|tag| *tag != b'E');
    let number = is_taken.then(|| heard.taken.fetch_add(1, Ordering::SeqCst));
    if let Some(number) = number {
        heard.count(number);
    }
    client.write_all(&buffer[..length]).await.ok()?;
    number
}

/// The message that ends a session. It has no answer.
const END: [u8; 5] = [b'X', 0, 0, 0, 4];

async fn carry(mut client: TcpStream, mut server: UnixStream, heard: Heard) {
    let Some(number) = open(&mut client, &mut server, &heard).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let has_answered = Arc::new(AtomicBool::new(true));
    let answered = Arc::clone(&has_answered);
    let down = tokio::spawn(async move {
        let mut buffer = vec![0; 65536];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            answered.store(true, Ordering::SeqCst);
            if to_client.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 65536];
    let mut incomplete = Vec::new();
    let idle = match number {
        0 => Duration::MAX,
        _ => heard.idle,
    };
    loop {
        let length = match timeout(idle, from_client.read(&mut buffer)).await {
            Ok(Ok(length @ 1..)) => length,
            Ok(_) => break,
            Err(_) => {
                heard.ended.fetch_add(1, Ordering::SeqCst);
                break;
            }
        };
        heard.record(number, &buffer[..length]);
        let is_end = buffer[..length] == END;
        if has_answered.swap(false, Ordering::SeqCst) && !is_end {
            heard.count(number);
        }
        incomplete.extend(&buffer[..length]);
        let forwarded = match heard.removes_comments.load(Ordering::SeqCst) {
            true => without_comments(&mut incomplete),
            false => mem::take(&mut incomplete),
        };
        if heard.is(number) && to_server.write_all(&forwarded).await.is_err() {
            break;
        }
    }
    down.abort();
}
