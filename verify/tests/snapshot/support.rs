//! What the tests share: a database, what is in it, and many cases at once.

use std::sync::Arc;

use migrator_localpg::Throwaway;
use migrator_verify::{Difference, Scope, Snapshot};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use crate::case::{self, Case};

/// Connects to a URL.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("the server accepts a session");
    drop(tokio::spawn(connection));
    client
}

/// A new database's URL and a session in it, on a server that has the roles of the cases.
pub(crate) async fn database() -> (String, Client) {
    let server = Throwaway::shared().expect("there is a server");
    let url = server.create_database().await.expect("a database is made");
    let client = connect(&url).await;
    for role in ["pilot_app", "pilot_other"] {
        if let Err(error) = client.batch_execute(&format!("CREATE ROLE {role}")).await {
            let code = error.code().expect("the server says why");
            let known = [SqlState::DUPLICATE_OBJECT, SqlState::UNIQUE_VIOLATION];
            assert!(known.contains(code), "{error}");
        }
    }
    (url, client)
}

/// Runs SQL that must work.
pub(crate) async fn run(client: &Client, sql: &str) {
    if let Err(error) = client.batch_execute(sql).await {
        let error = error
            .as_db_error()
            .map_or(error.to_string(), ToString::to_string);
        panic!("{error}\nin: {sql}");
    }
}

/// The snapshot of everything.
pub(crate) async fn snapshot(client: &Client) -> Snapshot {
    match Snapshot::take(client, &Scope::default()).await {
        Ok(snapshot) => snapshot,
        Err(error) => panic!("{error:?}"),
    }
}

/// Differences as lines.
pub(crate) fn lines(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(ToString::to_string).collect()
}

/// Does something with every case, some at once; what it says of a case, in the cases' order.
pub(crate) async fn with_all<F, T>(examine: impl Fn(Case) -> F) -> Vec<(Case, T)>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let turns = Arc::new(Semaphore::new(4));
    let mut tasks = JoinSet::new();
    for (number, case) in case::all().into_iter().enumerate() {
        let turns = Arc::clone(&turns);
        let results = examine(case.clone());
        tasks.spawn(async move {
            let _turn = turns.acquire_owned().await;
            (number, case, results.await)
        });
    }
    let mut results = tasks.join_all().await;
    results.sort_by_key(|(number, _, _)| *number);
    results
        .into_iter()
        .map(|(_, case, results)| (case, results))
        .collect()
}
