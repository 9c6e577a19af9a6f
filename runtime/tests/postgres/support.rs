//! Helpers for databases, registries and runs, and their short forms.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use migrator_localpg::Throwaway;
use migrator_runtime::model::{Node, Registry, Tree, Version, resolve};
use migrator_runtime::{
    Client, Direction, Error, Event, Fault, Migrator, Options, Outcome, Report, Settings, Target,
    connect,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// No test waits for longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.unwrap_or_else(|late| panic!("{what}: not within a minute: {late}"))
}

pub(crate) fn version(number: i64) -> Version {
    Version::from_integer(20_240_101_000_000 + stamp(number))
}

/// A number of seconds as `hhmmss`; below 60 it is the number itself.
pub(crate) fn stamp(number: i64) -> i64 {
    number / 3600 * 10_000 + number / 60 % 60 * 100 + number % 60
}

/// `core`; `tenant` and `auth`, which depend on it; `lonely`, which does not.
const MANIFEST: &str = r#"
tiers = ["T"]
[services.core]
tier = "T"
directory = "core"
[services.tenant]
tier = "T"
directory = "tenant"
depends_on = ["core"]
[services.auth]
tier = "T"
directory = "auth"
depends_on = ["core"]
[services.lonely]
tier = "T"
directory = "lonely"
"#;

/// A migration: its service, its number, its scripts.
pub(crate) type Script<'a> = (&'a str, i64, &'a str, &'a str);

pub(crate) fn registry(scripts: &[Script<'_>]) -> &'static Registry {
    let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
    tree.nodes.insert("migrations".to_owned(), Node::Folder);
    for service in ["core", "tenant", "auth", "lonely"] {
        tree.nodes
            .insert(format!("migrations/{service}"), Node::Folder);
    }
    for (service, number, up, down) in scripts {
        let stem = stem(service, *number);
        tree = tree
            .with_file(&format!("migrations/{service}/{stem}.up.sql"), *up)
            .with_file(&format!("migrations/{service}/{stem}.down.sql"), *down);
    }
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, []);
    Box::leak(Box::new(resolved.registry))
}

/// Migrations of `core` alone, numbered from 1, whose down scripts do nothing.
pub(crate) fn core(ups: &[&str]) -> &'static Registry {
    let scripts: Vec<Script<'_>> = (1..)
        .zip(ups)
        .map(|(number, up)| ("core", number, *up, "SELECT 1;"))
        .collect();
    registry(&scripts)
}

/// `20240101000001_c000001a_m1`.
pub(crate) fn stem(service: &str, number: i64) -> String {
    let letter = match service {
        "core" => 'c',
        "tenant" => 'e',
        "auth" => 'a',
        _ => 'b',
    };
    format!("{}_{letter}{number:06}a_m{number}", version(number))
}

/// A database for one test.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) url: String,
    kept: Option<Kept>,
}

impl Database {
    pub(crate) async fn new() -> Database {
        let server = Throwaway::shared().expect("a server");
        let url = server.create_database().await.expect("a database");
        let kept = Some(Kept::default());
        Database { url, kept }
    }

    /// A database at a URL. Each statement or query opens a new session.
    pub(crate) fn at(url: String) -> Database {
        Database { url, kept: None }
    }

    /// The same database for another role, which can only log in.
    pub(crate) async fn as_new_role(&self) -> (Database, String) {
        let (_, name) = self.url.rsplit_once('/').expect("a name");
        let role = format!("role_of_{name}");
        self.run(&format!("CREATE ROLE {role} LOGIN")).await;
        let url = self.url.replace("//postgres@", &format!("//{role}@"));
        (Database::at(url), role)
    }

    /// Changes a setting for every later session.
    pub(crate) async fn set(&self, setting: &str) {
        let (_, name) = self.url.rsplit_once('/').expect("a name");
        self.run(&format!("ALTER DATABASE {name} SET {setting}"))
            .await;
        drop(self.kept.as_ref().and_then(Kept::take));
    }

    /// A session that does not belong to migrator.
    pub(crate) async fn session(&self) -> tokio_postgres::Client {
        let connecting = tokio_postgres::connect(&self.url, NoTls);
        let (client, connection) = connecting.await.expect("a session");
        tokio::spawn(connection);
        client
    }

    /// The kept session if it is free, otherwise a new one.
    async fn lent(&self) -> tokio_postgres::Client {
        match self.kept.as_ref().and_then(Kept::take) {
            Some(session) => session,
            // Boxed: otherwise each caller's future would contain it.
            None => Box::pin(self.session()).await,
        }
    }

    /// Keeps a session for the next statement or query.
    async fn give_back(&self, session: tokio_postgres::Client) {
        if let Some(kept) = &self.kept {
            Box::pin(kept.keep(session)).await;
        }
    }

    pub(crate) async fn run(&self, sql: &str) {
        let session = self.lent().await;
        within(sql, session.batch_execute(sql)).await.expect(sql);
        self.give_back(session).await;
    }

    /// The rows, with their values separated by `|`.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<String> {
        let session = self.lent().await;
        let rows = rows(&session, sql).await;
        self.give_back(session).await;
        rows
    }

    /// The single value.
    pub(crate) async fn value(&self, sql: &str) -> String {
        self.rows(sql).await.join("\n")
    }

    /// Waits until the query returns this value.
    pub(crate) async fn until(&self, sql: &str, value: &str) {
        let session = self.lent().await;
        let wait = async { while rows(&session, sql).await.join("\n") != value {} };
        within(sql, wait).await;
        self.give_back(session).await;
    }

    pub(crate) async fn client(&self) -> Client {
        let settings = Settings::parse(&self.url).expect("the URL is valid");
        connect(settings).await.expect("a connection")
    }

    pub(crate) async fn up(&self, registry: &'static Registry) -> Result<Report, Error> {
        self.up_with(Migrator::new(registry), Target::all()).await
    }

    pub(crate) async fn up_with(
        &self,
        mut migrator: Migrator,
        target: Target,
    ) -> Result<Report, Error> {
        let mut client = self.client().await;
        let outcome = within("up", migrator.up(&mut client, target)).await;
        within("close", client.close()).await;
        outcome
    }

    /// Starts a run whose client dies when `reached` resolves: its runtime ends with its
    /// connections, without a message to the server.
    pub(crate) async fn dying<T>(
        &self,
        mut migrator: Migrator,
        when: impl Future<Output = T>,
    ) -> T {
        let (die, death) = oneshot::channel::<()>();
        let database = self.clone();
        let living = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime starts");
            runtime.block_on(async {
                let mut client = database.client().await;
                tokio::select! {
                    _ = migrator.up(&mut client, Target::all()) => panic!("it waits"),
                    _ = death => {}
                }
            });
        });
        let come = when.await;
        die.send(()).expect("it lives");
        living.join().expect("no panic");
        come
    }

    /// Starts a run on its own thread, and suspends the thread when `reached` resolves, as a
    /// suspended machine does.
    pub(crate) async fn asleep(
        &self,
        mut migrator: Migrator,
        direction: Direction,
        when: impl Future<Output = ()>,
    ) -> Asleep {
        let (sleep, told) = oneshot::channel::<()>();
        let (fell, is_asleep) = oneshot::channel::<()>();
        let (wake, woken) = std::sync::mpsc::channel::<()>();
        let database = self.clone();
        let run = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime starts");
            runtime.block_on(async {
                tokio::spawn(async move {
                    if told.await.is_ok() {
                        fell.send(()).expect("the test waits");
                        // This blocks the thread with everything that the run does.
                        woken.recv().expect("the test goes on");
                    }
                });
                let mut client = database.client().await;
                let outcome = match direction {
                    Direction::Up => migrator.up(&mut client, Target::all()).await,
                    Direction::Down => migrator.down(&mut client, Target::all()).await,
                };
                client.close().await;
                outcome
            })
        });
        when.await;
        sleep.send(()).expect("it runs");
        within("falling asleep", is_asleep).await.expect("it runs");
        Asleep { wake, run }
    }

    /// Ends the sessions that hold locks of runs; only these sessions have a name.
    pub(crate) async fn end_locks(&self) {
        let locks = "FROM pg_stat_activity WHERE datname = current_database() \
                     AND application_name = 'migrator' AND state = 'idle in transaction'";
        self.value(&format!("SELECT pg_terminate_backend(pid) {locks}"))
            .await;
        self.until(&format!("SELECT count(*) {locks}"), "0").await;
    }

    pub(crate) async fn down(&self, registry: &'static Registry) -> Result<Report, Error> {
        self.down_with(Migrator::new(registry), Target::all()).await
    }

    pub(crate) async fn down_with(
        &self,
        mut migrator: Migrator,
        target: Target,
    ) -> Result<Report, Error> {
        let mut client = self.client().await;
        let outcome = within("down", migrator.down(&mut client, target)).await;
        within("close", client.close()).await;
        outcome
    }

    pub(crate) async fn repair(
        &self,
        registry: &'static Registry,
        number: i64,
        outcome: Outcome,
    ) -> Result<(), Error> {
        let mut client = self.client().await;
        let mut migrator = Migrator::new(registry);
        let repair = migrator.repair(&mut client, "core", version(number), outcome);
        within("repair", repair).await.map(drop)
    }

    /// The fault of the script that fails.
    pub(crate) async fn fault(&self, registry: &'static Registry) -> Fault {
        fault(self.up(registry).await)
    }

    /// The recorded versions, such as `core/1` and `core/1 dirty`.
    pub(crate) async fn recorded(&self) -> Vec<String> {
        self.rows(
            "SELECT replace(tableoid::regclass::text, '_history', '') \
               || '/' || version - 20240101000000 || coalesce(' dirty ' || dirty, '') \
             FROM migrator.history ORDER BY tableoid::regclass::text, version",
        )
        .await
        .into_iter()
        .map(|row| row.replace("migrator.", ""))
        .collect()
    }

    /// The events in the history, such as `apply core/1`.
    pub(crate) async fn events(&self) -> Vec<String> {
        self.rows(
            "SELECT kind || ' ' || service || '/' || version - 20240101000000 \
             FROM migrator.event ORDER BY id",
        )
        .await
    }
}

/// A session that is kept for reuse: opening one takes the server longer than most queries of a
/// test.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<tokio_postgres::Client>>>);

impl Kept {
    fn take(&self) -> Option<tokio_postgres::Client> {
        let session = self.0.lock().expect("nobody panics").take();
        session.filter(|session| !session.is_closed())
    }

    /// Resets the session and keeps it, if that is possible.
    async fn keep(&self, session: tokio_postgres::Client) {
        if session.batch_execute("DISCARD ALL").await.is_ok() {
            *self.0.lock().expect("nobody panics") = Some(session);
        }
    }
}

/// A run whose thread sleeps.
pub(crate) struct Asleep {
    wake: std::sync::mpsc::Sender<()>,
    run: std::thread::JoinHandle<Result<Report, Error>>,
}

impl Asleep {
    /// Wakes the run, and returns its result.
    pub(crate) async fn wake(self) -> Result<Report, Error> {
        self.wake.send(()).expect("it sleeps");
        let ended = tokio::task::spawn_blocking(move || self.run.join());
        let ended = within("the run", ended).await.expect("no panic");
        ended.expect("no panic")
    }
}

pub(crate) fn fault(outcome: Result<Report, Error>) -> Fault {
    let error = outcome.expect_err("a script fails");
    assert!(!error.help().is_empty());
    let migrator_runtime::ErrorKind::Script(fault) = *error.kind else {
        panic!("{error:?}")
    };
    *fault
}

pub(crate) async fn rows(session: &tokio_postgres::Client, sql: &str) -> Vec<String> {
    let answers = within(sql, session.simple_query(sql)).await.expect(sql);
    let mut rows = Vec::new();
    for answer in answers {
        if let SimpleQueryMessage::Row(row) = answer {
            let values = (0..row.len()).map(|column| row.get(column).unwrap_or("NULL"));
            rows.push(values.collect::<Vec<_>>().join("|"));
        }
    }
    rows
}

/// The steps that are done, such as `core/1`.
pub(crate) fn done(report: &Report) -> Vec<String> {
    let done = report.done.iter();
    done.map(|done| {
        format!(
            "{}/{}",
            done.id.service,
            done.id.version.as_integer() - 20_240_101_000_000
        )
    })
    .collect()
}

/// The events of a run, in short form.
pub(crate) struct Told {
    pub(crate) all: Arc<Mutex<Vec<String>>>,
    channel: UnboundedReceiver<String>,
}

impl Told {
    /// Waits for the next event that starts with this text.
    pub(crate) async fn next(&mut self, start: &str) -> String {
        let wait = async {
            loop {
                let event = self.channel.recv().await.expect("the run has not ended");
                if event.starts_with(start) {
                    return event;
                }
            }
        };
        within(start, wait).await
    }
}

/// A migrator that sends its events to the test.
pub(crate) fn telling(registry: &'static Registry, options: Options) -> (Migrator, Told) {
    let (sender, channel): (UnboundedSender<String>, _) = unbounded_channel();
    let all = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&all);
    let migrator = Migrator::with_options(registry, options).on_event(move |event| {
        let event = match event {
            Event::Waiting(holder) => format!("waiting {holder}"),
            Event::Planned(plan) => format!("planned {}", plan.steps.len()),
            Event::Started(step) => format!("started {step}"),
            Event::Finished(done) => format!("finished {done}"),
            Event::KeptWaiting { what, .. } => format!("held {what}"),
            Event::Resumed { found, .. } => format!("resumed {found}"),
            Event::StillAtWork { holder, .. } => format!("still {holder}"),
            Event::Retrying { why, blockers, .. } => {
                let behind = blockers.iter().map(|one| format!(", behind {one}"));
                format!("retrying {why}{}", behind.collect::<String>())
            }
            Event::LockUnreleased { why } => format!("unreleased {why}"),
            Event::Notice(notice) => format!("notice {}", notice.message),
            other => format!("{other:?}"),
        };
        kept.lock().expect("nobody panics").push(event.clone());
        // The test may have stopped listening.
        let _ = sender.send(event);
    });
    (migrator, Told { all, channel })
}

/// A gate at which scripts wait until the test opens it.
pub(crate) struct Gate {
    session: tokio_postgres::Client,
    database: Database,
}

/// The statement of a script that waits at the gate.
pub(crate) const AT_GATE: &str = "SELECT pg_catalog.pg_advisory_xact_lock(42);";

/// The sessions that wait at the gate.
const WAITING: &str = "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database \
    WHERE locktype = 'advisory' AND objid = 42 AND NOT granted AND datname = current_database()";

impl Gate {
    pub(crate) async fn closed(database: &Database) -> Gate {
        let session = database.session().await;
        session
            .batch_execute("SELECT pg_catalog.pg_advisory_lock(42)")
            .await
            .expect("nobody else has it");
        let database = database.clone();
        Gate { session, database }
    }

    /// Waits until a script is at the gate, and returns its process id.
    pub(crate) async fn reached(&self) -> String {
        self.reached_by(1).await;
        self.database.value(WAITING).await
    }

    /// Waits until this number of scripts are at the gate.
    pub(crate) async fn reached_by(&self, scripts: usize) {
        let count = format!("SELECT count(*) FROM ({WAITING}) w");
        self.database.until(&count, &scripts.to_string()).await;
    }

    pub(crate) async fn open(self) {
        self.session
            .batch_execute("SELECT pg_catalog.pg_advisory_unlock(42)")
            .await
            .expect("we have it");
    }
}
