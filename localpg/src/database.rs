//! Creates databases.

use tokio_postgres::NoTls;

use crate::error::Error;
use crate::programs::Programs;

/// Creates an empty database, in a session of its own.
pub(crate) async fn create(url: &str, name: &str, programs: &Programs) -> Result<(), Error> {
    // Without fsync, copying the files is two to five times as fast as writing them to the WAL,
    // which is the default since Postgres 15.
    let strategy = if programs.major >= 15 {
        " STRATEGY file_copy"
    } else {
        ""
    };
    let sql = format!("CREATE DATABASE {name} TEMPLATE template0{strategy}");
    execute(url, &sql)
        .await
        .map_err(|source| Error::CreateDatabase {
            name: name.to_owned(),
            source,
        })
}

async fn execute(url: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // The task ends with the client. The client's calls return the errors of the connection.
    drop(tokio::spawn(connection));
    client.batch_execute(sql).await
}
