//! Runs over a client that the caller has opened.

use std::future::poll_fn;

use migrator_runtime::connect::Notices;
use migrator_runtime::{Client, Migrator, Options, Settings, Stop, Target};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, NoTls};

use crate::support::{AT_GATE, Database, Gate, Proxy, core, done, fault, with_events, within};

/// A client whose task belongs to the test, and passes on the notices.
async fn parts(url: &str, settings: &str) -> (Client, JoinHandle<()>) {
    let connecting = tokio_postgres::connect(url, NoTls);
    let (postgres, mut connection) = connecting.await.expect("a connection");
    let settings = Settings::parse(settings).expect("a URL");
    let client = Client::from_parts(postgres, settings).expect("no TLS");
    let notices: Notices = client.notices();
    let task = tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|task| connection.poll_message(task)).await {
            if let AsyncMessage::Notice(notice) = message {
                notices.add(&notice);
            }
        }
    });
    (client, task)
}

#[tokio::test]
async fn a_run_uses_the_callers_connection() {
    let database = Database::new().await;
    let raise = "DO $$ BEGIN RAISE NOTICE 'of the script'; END $$;";
    let registry = core(&["CREATE TABLE a ();", raise]);
    let (mut client, task) = parts(&database.url, &database.url).await;
    let pid = "SELECT pg_backend_pid()::text";
    let before = client.postgres().query_one(pid, &[]).await.expect("a row");
    let (mut migrator, events) = with_events(registry, Options::default());
    let up = migrator.up(&mut client, Target::all());
    let report = within("up", up).await.expect("it runs");
    assert_eq!(done(&report), ["core/1", "core/2"]);
    let all = events.all.lock().expect("nobody panics").clone();
    assert!(all.contains(&"notice of the script".to_owned()), "{all:?}");
    let after = client.postgres().query_one(pid, &[]).await.expect("a row");
    assert_eq!(before.get::<_, String>(0), after.get::<_, String>(0));
    client.close().await;
    within("the caller's task", task).await.expect("it ends");
}

#[tokio::test]
async fn with_a_single_connection_the_settings_open_none() {
    let database = Database::new().await;
    let proxy = Proxy::before(&database).await;
    let (mut client, _task) = parts(proxy.url(), proxy.url()).await;
    let options = Options::default().single_connection();
    let mut migrator = Migrator::with_options(core(&["CREATE TABLE a ();"]), options);
    let up = migrator.up(&mut client, Target::all());
    within("up", up).await.expect("it runs");
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn a_stop_cancels_the_statement_of_the_callers_connection() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let (mut client, _task) = parts(&database.url, &database.url).await;
    let stop = Stop::new();
    let mut migrator = Migrator::new(core(&[AT_GATE])).stopped_by(&stop);
    let run = migrator.up(&mut client, Target::all());
    gate.stopped(&stop, run).await;
    let answer = client.postgres().simple_query("SELECT 1").await;
    answer.expect("the session lives");
}

#[tokio::test]
async fn a_dropped_run_ends_the_callers_session() {
    for options in [Options::default(), Options::default().single_connection()] {
        let database = Database::new().await;
        let gate = Gate::closed(&database).await;
        let (mut client, task) = parts(&database.url, &database.url).await;
        let mut migrator = Migrator::with_options(core(&[AT_GATE]), options);
        tokio::select! {
            _ = migrator.up(&mut client, Target::all()) => panic!("it waits"),
            _ = gate.reached() => {}
        }
        within("the end of the session", task)
            .await
            .expect("no panic");
        gate.open().await;
        client.reconnect().await.expect("the server is there");
        let up = migrator.up(&mut client, Target::all());
        within("up", up).await.expect("it runs");
    }
}

#[tokio::test]
async fn settings_of_another_database_apply_nothing() {
    let (database, other) = (Database::new().await, Database::new().await);
    let registry = core(&["CREATE TABLE a ();"]);
    let (mut client, _task) = parts(&database.url, &other.url).await;
    let mut migrator = Migrator::new(registry);
    let up = migrator.up(&mut client, Target::all());
    let fault = fault(within("up", up).await);
    assert_eq!(fault.code.to_string(), "M0528");
    assert_eq!(database.recorded().await, Vec::<String>::new());
    let absent = "SELECT to_regclass('a')";
    assert_eq!(database.value(absent).await, "NULL");
    assert_eq!(other.value(absent).await, "NULL");
}
