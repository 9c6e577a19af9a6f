//! What the tests share: a database, and what is in it.

use migrator_localpg::Throwaway;
use migrator_verify::{Picture, Scope};
use tokio_postgres::{Client, NoTls};

/// Connects to a URL.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("the server accepts a session");
    drop(tokio::spawn(connection));
    client
}

/// A new database's URL and a session in it.
pub(crate) async fn database() -> (String, Client) {
    let server = Throwaway::shared().expect("there is a server");
    let url = server.create_database().await.expect("a database is made");
    let client = connect(&url).await;
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

/// The picture of everything.
pub(crate) async fn picture(client: &Client) -> Picture {
    match Picture::take(client, &Scope::default()).await {
        Ok(picture) => picture,
        Err(error) => panic!("{error:?}"),
    }
}
