//! Databases that have no second connection for a run that needs one.

use std::time::Duration;

use migrator_runtime::model::Registry;
use migrator_runtime::{
    Client, Error, ErrorKind, Options, SecondConnection, Settings, Target, connect,
};

use super::single;
use crate::support::{
    Database, Pooled, Proxy, SESSIONS, TRANSACTIONS, core, done, with_events, within,
};

const ADVICE: &str = "if the database or its pooler has only one connection for this run, use \
                      `Options::single_connection`";

/// Runs up over this connection, and asserts that the run first reports this and then fails.
async fn reported(
    client: &mut Client,
    registry: &'static Registry,
    report: SecondConnection,
) -> Error {
    let (mut migrator, mut events) = with_events(registry, Options::default());
    let up = migrator.up(client, Target::all());
    let error = within("up", up).await.expect_err("it has one connection");
    let event = events.next("no second").await;
    assert_eq!(event, format!("no second connection: {report}"));
    assert!(error.help().ends_with(ADVICE), "{}", error.help());
    error
}

/// Asserts that a run over one connection works on this database.
async fn works_over_one(database: &Database, registry: &'static Registry) {
    let report = database.up_with(single(registry), Target::all()).await;
    assert_eq!(done(&report.expect("it runs")), ["core/1"]);
}

async fn client_at(url: &str) -> Client {
    let settings = Settings::parse(url).expect("a URL");
    connect(settings).await.expect("a connection")
}

#[tokio::test]
async fn a_second_connection_without_an_answer_is_reported() {
    let database = Database::new().await;
    let proxy = Proxy::before(&database).await;
    proxy.deaf.store(1, std::sync::atomic::Ordering::SeqCst);
    let registry = core(&["CREATE TABLE a ();"]);
    let mut client = proxy.client().await;
    let error = reported(&mut client, registry, SecondConnection::NotOpen).await;
    let ErrorKind::SecondConnection { what, error, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(*what, SecondConnection::NotOpen);
    assert!(error.is_some());
    let mut migrator = single(registry);
    let up = migrator.up(&mut client, Target::all());
    within("up", up).await.expect("it runs");
}

/// As `PGlite`'s socket server does.
#[tokio::test]
async fn a_server_that_closes_the_second_connection_is_reported_at_once() {
    let database = Database::new().await;
    let proxy = Proxy::before(&database).await;
    proxy.closed.store(1, std::sync::atomic::Ordering::SeqCst);
    let registry = core(&["CREATE TABLE a ();"]);
    let mut client = proxy.client().await;
    let mut migrator = migrator_runtime::Migrator::new(registry);
    let up = migrator.up(&mut client, Target::all());
    let error = within("up", up).await.expect_err("it has one connection");
    let message = error.to_string();
    assert!(
        message.starts_with("the run cannot open a second connection, which holds its lock: "),
        "{message}"
    );
    assert!(message.ends_with("the connection was closed before the session began"));
    assert_eq!(error.code().to_string(), "M0902");
    assert!(error.help().ends_with(ADVICE), "{}", error.help());
    let mut migrator = single(registry);
    let up = migrator.up(&mut client, Target::all());
    within("up", up).await.expect("it runs");
}

#[tokio::test]
async fn a_role_with_one_connection_is_told_what_to_use() {
    let database = Database::new().await;
    let (limited, role) = database.as_new_role().await;
    let name = database.value("SELECT current_database()").await;
    database
        .run(&format!(
            "ALTER ROLE {role} CONNECTION LIMIT 1; GRANT CREATE ON DATABASE {name} TO {role}"
        ))
        .await;
    let registry = core(&["CREATE SCHEMA a;"]);
    let mut client = limited.client().await;
    let options = Options::default().lock_wait(Duration::ZERO);
    let mut migrator = migrator_runtime::Migrator::with_options(registry, options);
    let up = migrator.up(&mut client, Target::all());
    let error = within("up", up).await.expect_err("it has one connection");
    assert_eq!(error.code().to_string(), "M0903");
    assert!(error.help().ends_with(ADVICE), "{}", error.help());
    let mut migrator = single(registry);
    let up = migrator.up(&mut client, Target::all());
    within("up", up).await.expect("it runs");
}

#[tokio::test]
async fn a_pool_of_one_session_is_reported() {
    let Some(pooled) = Pooled::new(SESSIONS).await else {
        return;
    };
    let registry = core(&["CREATE TABLE a ();"]);
    let mut client = client_at(&pooled.through.url).await;
    let error = reported(&mut client, registry, SecondConnection::Unanswered).await;
    assert_eq!(error.code().to_string(), "M0503");
    client.close().await;
    works_over_one(&pooled.through, registry).await;
}

/// As `PGlite`'s socket server does with several connections, the pooler gives all of them one
/// session, and the transaction of the locks occupies it.
#[tokio::test]
async fn a_pool_of_one_session_for_all_transactions_is_reported() {
    let Some(pooled) = Pooled::new(TRANSACTIONS).await else {
        return;
    };
    let registry = core(&["CREATE TABLE a ();"]);
    let mut client = client_at(&pooled.through.url).await;
    let error = reported(&mut client, registry, SecondConnection::BlocksFirst).await;
    assert_eq!(error.code().to_string(), "M0503");
    works_over_one(&pooled.through, registry).await;
}
