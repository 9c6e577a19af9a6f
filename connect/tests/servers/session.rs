//! An open session: its name, its notices, how it is cancelled, closed and lost.

use std::{future::Future, time::Duration};

use migrator_connect::{Cancel, Connection, SharedText, open};
use tokio_postgres::{Client, NoTls, error::SqlState};

use super::support::{
    ask, opened,
    server::{Running, Server, free_port, server},
    settings,
};

#[tokio::test]
async fn the_server_sees_the_application_name_and_the_database() {
    let server = server(Server::Tls);
    let mut settings = settings(&server.app()).with_database("template1");
    settings.application_name("migrator");
    let connection = open(&settings).await.expect("the server takes the session");
    let sql = "SELECT current_setting('application_name') || current_database()";
    assert_eq!(ask(&connection, sql).await, "migratortemplate1");
}

#[tokio::test]
async fn a_running_query_can_be_cancelled() {
    let server = server(Server::Tls);
    let ca = server.file("ca.crt");
    for rest in [
        "sslmode=disable".to_owned(),
        format!("sslmode=verify-full sslrootcert={ca}"),
    ] {
        let connection = opened(&format!("{} {rest}", server.app())).await;
        is_cancelled(&connection.client, &connection.cancel).await;
        assert_eq!(connection.lost(), None);
    }
}

#[tokio::test]
async fn a_query_of_the_callers_client_can_be_cancelled() {
    let server = server(Server::Tls);
    let ca = server.file("ca.crt");
    for rest in [
        "sslmode=disable".to_owned(),
        format!("sslmode=verify-full sslrootcert={ca}"),
    ] {
        let connection = of_caller(server, &format!("{} {rest}", server.app())).await;
        is_cancelled(&connection.client, &connection.cancel).await;
    }
}

#[tokio::test]
async fn a_host_that_does_not_answer_keeps_no_other_from_being_asked_to_cancel() {
    let server = server(Server::Tls);
    let ports = format!("port={},{} ", free_port(), server.port);
    let hosts = server.at("127.0.0.1,127.0.0.1 sslmode=disable", "app");
    let hosts = hosts.replace(&format!("port={} ", server.port), &ports);
    let connection = of_caller(server, &hosts).await;
    let asked = connection.cancel.cancel().await;
    asked.expect_err("one host does not answer");
    let query = connection.client.simple_query("SELECT pg_sleep(60)");
    let cancel = repeatedly(async || {
        // The error is about the other host.
        let _ = connection.cancel.cancel().await;
    });
    let error = first(query, cancel).await.expect_err("it was cancelled");
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
}

/// A connection that the test opened and drives, with other settings.
async fn of_caller(server: &Running, text: &str) -> Connection {
    let opened = tokio_postgres::connect(&server.app(), NoTls).await;
    let (client, wire) = opened.expect("the server takes the session");
    tokio::spawn(wire);
    Connection::of_client(client, &settings(text)).expect("the certificate can be read")
}

async fn is_cancelled(client: &Client, cancel: &Cancel) {
    let query = client.simple_query("SELECT pg_sleep(60)");
    let cancel = repeatedly(async || cancel.cancel().await.expect("the server can be asked"));
    let error = first(query, cancel).await.expect_err("it was cancelled");
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
}

/// Asks again and again: a request that comes before the query is lost.
async fn repeatedly(ask: impl AsyncFn()) {
    loop {
        ask().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn first<T>(wanted: impl Future<Output = T>, other: impl Future<Output = ()>) -> T {
    tokio::select! {
        answer = wanted => answer,
        () = other => panic!("it ended first"),
    }
}

#[tokio::test]
async fn a_lost_connection_says_why() {
    let server = server(Server::Plain);
    let (lost, other) = (opened(&server.app()).await, opened(&server.app()).await);
    let pid = ask(&lost, "SELECT pg_backend_pid()::text").await;
    ask(&other, &format!("SELECT pg_terminate_backend({pid})::text")).await;
    // Nothing is sent meanwhile: a reset would sweep away the server's last words.
    let closed = async {
        while !lost.client.is_closed() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), closed).await;
    assert!(in_time.is_ok(), "the connection was not closed");
    assert!(lost.client.simple_query("SELECT 1").await.is_err());
    let why = lost.lost().expect("it was lost");
    assert!(why.contains("terminating connection"), "{why}");
    assert_eq!(other.lost(), None);
    other.close().await;
}

#[tokio::test]
async fn notices_arrive_before_the_answer() {
    let connection = opened(&server(Server::Plain).app()).await;
    let sql = "DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two' USING HINT = 'three'; END $$";
    connection.client.batch_execute(sql).await.expect(sql);
    let notices = connection.notices.take();
    let shown: Vec<_> = notices
        .iter()
        .map(|notice| {
            (
                notice.severity.as_str(),
                notice.message.as_str(),
                notice.hint.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [("NOTICE", "one", None), ("WARNING", "two", Some("three"))]
    );
    connection
        .client
        .batch_execute("SELECT 1")
        .await
        .expect("the session goes on");
    assert!(connection.notices.take().is_empty());
}

#[tokio::test]
async fn a_closed_session_is_gone_from_the_server() {
    let server = server(Server::Plain);
    let (closed, other) = (opened(&server.app()).await, opened(&server.app()).await);
    let pid = ask(&closed, "SELECT pg_backend_pid()::text").await;
    closed.close().await;
    let sql = format!("SELECT count(*)::text FROM pg_stat_activity WHERE pid = {pid}");
    let gone = async {
        while ask(&other, &sql).await != "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone)
        .await
        .expect("the session ends");
}

#[tokio::test]
async fn a_query_in_pieces_arrives_whole() {
    let server = server(Server::Tls);
    let whole = |text: &str| SharedText::from(text.to_owned()).piece(0..text.len());
    let long = SharedText::from("ü".repeat(500_000));
    let query = [
        whole("SELECT set_config('test.sum', md5('"),
        long.piece(2..long.len()),
        whole("'), false)"),
    ];
    for rest in ["sslmode=disable", "sslmode=require"] {
        let connection = opened(&format!("{} {rest}", server.app())).await;
        // The next query is sent before this one has answered.
        let answers = connection.query_in_pieces(&query).await;
        let sum = "SELECT current_setting('test.sum')";
        let sum = ask(&connection, sum).await;
        drop(answers.expect("it was sent"));
        let expected = ask(&connection, "SELECT md5(repeat('ü', 499999))").await;
        assert_eq!(sum, expected, "{rest}");
        connection.close().await;
    }
}

#[tokio::test]
async fn a_query_in_pieces_with_a_zero_byte_is_refused() {
    let connection = opened(&server(Server::Tls).app()).await;
    let query = SharedText::Static("SELECT '\0'").piece(0..10);
    assert!(connection.query_in_pieces(&[query]).await.is_err());
    assert_eq!(ask(&connection, "SELECT 1").await, "1");
}
