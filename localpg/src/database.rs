//! Making databases, the one thing that is asked of a server here.

use tokio_postgres::NoTls;

use crate::error::Error;
use crate::programs::Programs;

/// Makes an empty database, in a session of its own.
pub(crate) async fn create(url: &str, name: &str, programs: &Programs) -> Result<(), Error> {
    // Without fsync a copy of the files is two to five times as quick as writing them to the WAL,
    // what Postgres does by itself since it has the choice.
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
    // It ends with the client; what goes wrong on it, the client's calls return.
    drop(tokio::spawn(connection));
    client.batch_execute(sql).await
}
