//! A database for one test: its sessions, its rows, and short forms of each operation.

use std::sync::{Arc, Mutex};

use migrator_localpg::Throwaway;
use migrator_runtime::model::Registry;
use migrator_runtime::{
    Client, Error, Fault, Migrator, Outcome, Report, Settings, Target, connect,
};
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::{fault, version, within};

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
