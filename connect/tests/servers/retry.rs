//! Opening again: a server without connections, and a server that is not up yet.

use std::time::Duration;

use migrator_connect::{ConnectError, Refusal, Unreachable, open, open_when_up, open_with_retry};

use super::support::{
    ask,
    pooler::{pooler, refusal},
    server::{Server, free_port, server},
    settings,
};

/// Longer than any test waits.
const LONG: Duration = Duration::from_secs(600);

/// Returns settings by which the first `count` connections are refused with this SQLSTATE.
fn refusing(
    count: usize,
    sqlstate: &'static str,
) -> (migrator_connect::Settings, impl Fn() -> usize) {
    let server = server(Server::Plain);
    let (port, seen) = pooler(server.port, move |number, _| {
        (number < count).then(|| refusal(sqlstate, "not now"))
    });
    let settings = settings(&server.at_port(port, "sslmode=disable"));
    (settings, move || seen.try_iter().count())
}

/// How many connections it takes to open one: two before Postgres 14, which does not know a
/// setting of ours.
async fn connections_to_open_one() -> usize {
    let (settings, attempts) = refusing(0, "53300");
    open(&settings).await.expect("it is opened");
    attempts()
}

#[tokio::test]
async fn opening_is_retried_while_a_server_has_no_connection_left() {
    let (settings, attempts) = refusing(3, "53300");
    let connection = open_with_retry(&settings, LONG)
        .await
        .expect("it is retried");
    assert_eq!(ask(&connection, "SELECT 1").await, "1");
    assert_eq!(attempts(), 3 + connections_to_open_one().await);
}

#[tokio::test]
async fn opening_is_not_retried_after_the_limit_or_another_refusal() {
    for (limit, sqlstate) in [(Duration::ZERO, "53300"), (LONG, "57P03")] {
        let (settings, attempts) = refusing(1, sqlstate);
        let error = open_with_retry(&settings, limit).await.map(|_| ());
        assert!(error.expect_err(sqlstate).is_transient(), "{sqlstate}");
        assert_eq!(attempts(), 1, "{sqlstate}");
    }
    let (settings, attempts) = refusing(1, "53300");
    assert!(open(&settings).await.is_err());
    assert_eq!(attempts(), 1);
}

#[tokio::test]
async fn opening_waits_for_a_starting_server() {
    let (settings, attempts) = refusing(3, "57P03");
    let connection = open_when_up(&settings, LONG).await.expect("it is retried");
    assert_eq!(ask(&connection, "SELECT 1").await, "1");
    assert_eq!(attempts(), 3 + connections_to_open_one().await);
}

#[tokio::test]
async fn a_wait_for_a_server_ends_with_its_limit_or_a_lasting_refusal() {
    let nobody = server(Server::Plain).at_port(free_port(), "");
    let error = open_when_up(&settings(&nobody), Duration::ZERO).await;
    assert!(matches!(
        error.map(|_| ()),
        Err(ConnectError::Unreachable {
            reason: Unreachable::Refused,
            ..
        })
    ));
    let missing = format!("{} dbname=no-such", server(Server::Plain).app());
    let error = open_when_up(&settings(&missing), LONG).await;
    assert!(matches!(
        error.map(|_| ()),
        Err(ConnectError::Refused {
            reason: Refusal::NoDatabase { .. },
            ..
        })
    ));
}
