//! Connections that give no answer, and a role that may not read the history yet.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use migrator_runtime::{
    Client, DatabaseState, Error, ErrorKind, Migrator, Options, Report, Settings, Target, connect,
    connect_within,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::time::timeout;

use super::support::{AT_GATE, Database, Gate, core, done, telling, within};

/// A proxy between a database and its clients, which can stop forwarding data.
struct Proxy {
    url: String,
    /// Data on connections below this number is no longer forwarded.
    silent: Arc<AtomicUsize>,
    /// Data on the connection with this number is not forwarded either.
    deaf: Arc<AtomicUsize>,
    /// The number of connections that the proxy closed as idle.
    ended: Arc<AtomicUsize>,
}

impl Proxy {
    async fn before(database: &Database) -> Proxy {
        Proxy::with_idle_timeout(database, Duration::MAX).await
    }

    /// A proxy that closes each idle connection but the first after this time.
    async fn with_idle_timeout(database: &Database, idle: Duration) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (server, name) = database.url.rsplit_once('/').expect("a name");
        let (_, place) = server.split_once('@').expect("a role");
        let (folder, port) = place.split_once(':').expect("a port");
        let socket = PathBuf::from(folder.replace("%2F", "/")).join(format!(".s.PGSQL.{port}"));
        let silent = Arc::new(AtomicUsize::new(0));
        let deaf = Arc::new(AtomicUsize::new(usize::MAX));
        let ended = Arc::new(AtomicUsize::new(0));
        let heard = Heard {
            taken: Arc::new(AtomicUsize::new(0)),
            silent: Arc::clone(&silent),
            deaf: Arc::clone(&deaf),
            idle,
            ended: Arc::clone(&ended),
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
            ended,
        }
    }

    async fn client(&self) -> Client {
        let settings = Settings::parse(&self.url).expect("a URL");
        connect(settings).await.expect("a connection")
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
    idle: Duration,
    ended: Arc<AtomicUsize>,
}

impl Heard {
    fn is(&self, number: usize) -> bool {
        number >= self.silent.load(Ordering::SeqCst) && number != self.deaf.load(Ordering::SeqCst)
    }
}

/// Forwards the start of a session, and returns the session's number if the server accepts it.
async fn open(client: &mut TcpStream, server: &mut UnixStream, heard: &Heard) -> Option<usize> {
    let mut buffer = vec![0; 65536];
    let length = client.read(&mut buffer).await.ok()?;
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
    client.write_all(&buffer[..length]).await.ok()?;
    number
}

async fn carry(mut client: TcpStream, mut server: UnixStream, heard: Heard) {
    let Some(number) = open(&mut client, &mut server, &heard).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let down = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let mut buffer = vec![0; 65536];
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
        if heard.is(number) && to_server.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    down.abort();
}

#[tokio::test]
async fn a_wait_opens_a_new_connection_when_the_old_one_does_not_answer() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE a ();"]);
    database.up(registry).await.expect("it runs");
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    proxy.silent.store(1, Ordering::SeqCst);
    let (migrator, target) = (Migrator::new(registry), Target::all());
    let patience = Duration::from_secs(20);
    let wait = migrator.wait_until_current(&mut client, &target, patience);
    let found = within("a wait", wait).await.expect("it is current");
    assert_eq!(found, DatabaseState::Current);
}

#[tokio::test]
async fn a_run_ends_although_the_connection_of_its_lock_does_not_answer() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    let mut migrator = Migrator::new(core(&[AT_GATE]));
    let run = migrator.up(&mut client, Target::all());
    let silence = async {
        gate.reached().await;
        proxy.deaf.store(1, Ordering::SeqCst);
        gate.open().await;
    };
    let (ended, ()) = within("both", async { tokio::join!(run, silence) }).await;
    assert_eq!(done(&ended.expect("it runs")), ["core/1"]);
    // The run ended the session over its other connection, so that no run waits for it.
    assert_eq!(database.value(LOCKS).await, "0");
    let impatient = Options::default().lock_wait(Duration::ZERO);
    let next = Migrator::with_options(core(&[AT_GATE, "SELECT 2;"]), impatient);
    let next = database.up_with(next, Target::all()).await;
    assert_eq!(done(&next.expect("the lock is free")), ["core/2"]);
}

/// The number of sessions that hold locks of runs.
const LOCKS: &str = "SELECT count(DISTINCT pid) FROM pg_locks \
    JOIN pg_database d ON d.oid = database \
    WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND datname = current_database()";

#[tokio::test]
async fn a_run_reports_that_its_lock_may_still_be_held() {
    let database = Database::new().await;
    let (limited, role) = database.as_new_role().await;
    let (_, name) = database.url.rsplit_once('/').expect("a name");
    let rights = format!(
        "GRANT CREATE ON DATABASE {name} TO {role}; DO $$ BEGIN EXECUTE ( \
           SELECT 'REVOKE EXECUTE ON FUNCTION ' || oid::regprocedure || ' FROM PUBLIC' \
           FROM pg_proc WHERE proname = 'pg_terminate_backend'); END $$"
    );
    database.run(&rights).await;
    let gate = Gate::closed(&database).await;
    let proxy = Proxy::before(&limited).await;
    let mut client = proxy.client().await;
    let (mut migrator, mut told) = telling(core(&[AT_GATE]), Options::default());
    let run = migrator.up(&mut client, Target::all());
    let silence = async {
        gate.reached().await;
        proxy.deaf.store(1, Ordering::SeqCst);
        gate.open().await;
    };
    let (ended, ()) = within("both", async { tokio::join!(run, silence) }).await;
    assert_eq!(done(&ended.expect("it runs")), ["core/1"]);
    assert_eq!(
        told.next("unreleased").await,
        "unreleased permission denied for function pg_terminate_backend"
    );
}

#[tokio::test]
async fn a_wait_for_the_lock_ends_although_its_connection_does_not_answer() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&[AT_GATE]);
    let first = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    let options = Options::default().lock_wait(Duration::from_secs(1));
    let (mut migrator, mut told) = telling(registry, options);
    let run = migrator.up(&mut client, Target::all());
    let silence = async {
        told.next("waiting").await;
        proxy.deaf.store(1, Ordering::SeqCst);
    };
    let (ended, ()) = within("both", async { tokio::join!(run, silence) }).await;
    let error = ended.expect_err("nobody answers");
    assert_eq!(error.code().to_string(), "M0503");
    let ErrorKind::Connection { doing, why } = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(doing, "waiting for the lock");
    assert_eq!(why, "the server did not answer for 10 s");
    gate.open().await;
    let first = within("the first", first).await.expect("no panic");
    first.expect("it runs");
}

/// A run through a proxy that closes idle connections, and its result when a script takes longer
/// than the proxy's limit.
async fn behind_an_idle_timeout(heartbeat: Duration) -> Result<Report, Error> {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let proxy = Proxy::with_idle_timeout(&database, Duration::from_secs(2)).await;
    let mut client = proxy.client().await;
    let options = Options::default().lock_heartbeat(heartbeat);
    let mut migrator = Migrator::with_options(core(&[AT_GATE]), options);
    let run = migrator.up(&mut client, Target::all());
    let timeout = async {
        gate.reached().await;
        // The test's session sends nothing: when it is closed, the lock's would be as well.
        let idle = Box::pin(proxy.client()).await;
        while !idle.postgres().is_closed() {
            tokio::task::yield_now().await;
        }
        gate.open().await;
    };
    let (ended, ()) = Box::pin(within("both", async { tokio::join!(run, timeout) })).await;
    let quiet = match ended {
        Ok(_) => 1,
        Err(_) => 2,
    };
    assert_eq!(proxy.ended.load(Ordering::SeqCst), quiet);
    ended
}

#[tokio::test]
async fn a_proxy_that_ends_idle_connections_does_not_end_the_lock() {
    let ended = behind_an_idle_timeout(Duration::from_millis(200)).await;
    assert_eq!(done(&ended.expect("it runs")), ["core/1"]);
}

#[tokio::test]
async fn a_proxy_that_ends_idle_connections_does_not_end_waiting_ones() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = core(&[AT_GATE, "SELECT 2;"]);
    let first = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    let proxy = Proxy::with_idle_timeout(&database, Duration::from_secs(2)).await;
    // The first connection belongs to the test and is never closed.
    let spared = Box::pin(proxy.client()).await;
    let mut client = Box::pin(proxy.client()).await;
    let options = Options::default().lock_heartbeat(Duration::from_millis(200));
    let (mut migrator, mut told) = telling(registry, options);
    let run = migrator.up(&mut client, Target::all());
    let timeout = async {
        told.next("waiting").await;
        let idle = Box::pin(proxy.client()).await;
        while !idle.postgres().is_closed() {
            tokio::task::yield_now().await;
        }
        gate.open().await;
    };
    let both = within("both", async { tokio::join!(run, timeout) });
    let (ended, ()) = Box::pin(both).await;
    ended.expect("its connections live");
    assert!(!client.postgres().is_closed() && !spared.postgres().is_closed());
    let first = within("the first", first).await.expect("no panic");
    first.expect("it runs");
}

#[tokio::test]
async fn a_lock_that_a_proxy_has_ended_is_reported_as_lost() {
    let ended = behind_an_idle_timeout(Duration::MAX).await;
    let error = ended.expect_err("its lock is gone");
    assert_eq!(error.code().to_string(), "M0528");
    let help = error.help();
    for cause in ["server's log", "pg_terminate_backend", "idle timeout"] {
        assert!(help.contains(cause), "{help}");
    }
}

#[tokio::test]
async fn a_wait_that_ends_without_an_answer_reports_the_last_state() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE a ();"]);
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    let (migrator, target) = (Migrator::new(registry), Target::all());
    let wait = migrator.wait_until_current(&mut client, &target, Duration::from_secs(2));
    let silence = async {
        let asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                     AND query LIKE '/* migrator reads its history */%'";
        database.until(asked, "1").await;
        proxy.silent.store(usize::MAX, Ordering::SeqCst);
    };
    let (ended, ()) = within("both", async { tokio::join!(wait, silence) }).await;
    let error = ended.expect_err("nobody answers");
    let ErrorKind::Connection { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert!(why.starts_with("no answer within "), "{why}");
    assert!(why.ends_with(": 1 migration is pending"), "{why}");
}

#[tokio::test]
async fn a_role_without_rights_waits_until_it_has_them() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE a ();"]);
    let (limited, role) = database.as_new_role().await;
    database.up(registry).await.expect("it runs");
    let (migrator, target) = (Migrator::new(registry), Target::all());
    let mut client = limited.client().await;
    let wait = migrator.wait_until_current(&mut client, &target, Duration::ZERO);
    let error = within("a wait", wait).await.expect_err("it may not read");
    let ErrorKind::History { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert!(
        why.starts_with("permission denied for schema migrator"),
        "{why}"
    );
    let wait = migrator.wait_until_current(&mut client, &target, Duration::MAX);
    let grant = async {
        let asked = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}' \
             AND query LIKE '/* migrator reads its history */%'"
        );
        database.until(&asked, "1").await;
        let grants = format!(
            "GRANT USAGE ON SCHEMA migrator TO {role};\
             GRANT SELECT ON migrator.format, migrator.history TO {role};"
        );
        database.run(&grants).await;
    };
    let (found, ()) = within("both", async { tokio::join!(wait, grant) }).await;
    assert_eq!(found.expect("it may read"), DatabaseState::Current);
}

#[tokio::test]
async fn connecting_waits_only_for_errors_that_may_pass() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = port.local_addr().expect("an address");
    drop(port);
    let url = format!("postgresql://postgres@{address}/postgres");
    let settings = Settings::parse(&url).expect("a URL");
    let error = within("no wait", connect_within(settings, Duration::ZERO)).await;
    assert_eq!(error.expect_err("nobody listens").code(), "M0902");
    let database = Database::new().await;
    let (server, _) = database.url.rsplit_once('/').expect("a name");
    let settings = Settings::parse(&format!("{server}/nowhere")).expect("a URL");
    let error = within("no wait", connect_within(settings, Duration::MAX)).await;
    assert_eq!(error.expect_err("there is no database").code(), "M0903");
}

#[tokio::test]
async fn default_privileges_let_a_role_read_the_history_from_the_start() {
    let schemas = "ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT USAGE ON SCHEMAS TO app;\
                   ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO app;";
    let alone = "CREATE SCHEMA migrator AUTHORIZATION postgres;\
                 GRANT USAGE ON SCHEMA migrator TO app;\
                 ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA migrator \
                 GRANT SELECT ON TABLES TO app;";
    for grants in [schemas, alone] {
        let database = Database::new().await;
        let registry = core(&["CREATE TABLE a ();"]);
        let (limited, role) = database.as_new_role().await;
        let grants = grants.replace("TO app", &format!("TO {role}"));
        database.run(&grants).await;
        let (migrator, target) = (Migrator::new(registry), Target::all());
        let client = limited.client().await;
        let before = migrator.state(&client, &target).await;
        assert_eq!(before.expect("a state"), DatabaseState::Behind(1));
        database.up(registry).await.expect("it runs");
        let after = migrator.state(&client, &target).await;
        assert_eq!(after.expect("a state"), DatabaseState::Current);
    }
}
