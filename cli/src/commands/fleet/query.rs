//! Reads a list of databases from the result of a query on the main database.

use std::collections::VecDeque;

use futures_util::{Stream, stream};
use migrator_runtime::Client;
use migrator_runtime::connect::ConnectError;
use tokio_postgres::SimpleQueryMessage;

use super::place::{Entry, unreadable};
use crate::exit::Exit;
use crate::failure::Failure;

/// A cursor that outlives its transaction: the server keeps the rows, and the session is idle
/// between two fetches. An open query would hold a snapshot. If this database is in the list too,
/// CREATE INDEX CONCURRENTLY would wait for that snapshot.
const DECLARE: &str = "DECLARE migrator_fleet NO SCROLL CURSOR WITH HOLD FOR ";

const FETCH: &str = "FETCH 200 FROM migrator_fleet";

/// The session may be idle for a long time. Servers before 14 do not have the setting.
const UNLIMITED: &str = "SELECT pg_catalog.set_config(name, '0', false) \
                         FROM pg_catalog.pg_settings \
                         WHERE name OPERATOR(pg_catalog.=) 'idle_session_timeout'";

/// The connection, and the rows that were fetched from it.
struct Rows {
    client: Client,
    fetched: VecDeque<Option<String>>,
    number: usize,
}

/// Runs the query. The stream fetches its rows when they are needed.
pub(super) async fn rows(
    client: Client,
    query: &str,
) -> Result<impl Stream<Item = Result<Entry, Failure>> + use<>, Failure> {
    let postgres = client.postgres();
    let idle = postgres.batch_execute(UNLIMITED).await;
    idle.map_err(|error| failed(&client, &error, Exit::Failed))?;
    // A prepared statement is a single statement, and a cursor cannot change data.
    let declared = postgres.execute(&format!("{DECLARE}{query}"), &[]).await;
    declared.map_err(|error| failed(&client, &error, Exit::Usage))?;
    let mut rows = Rows {
        client,
        fetched: VecDeque::new(),
        number: 0,
    };
    // Fetching the first rows now reports an error of the query before any database is migrated.
    rows.fetch(Exit::Usage).await?;
    Ok(stream::unfold(Some(rows), async |rows| {
        let mut rows = rows?;
        match rows.next().await {
            Ok(entry) => Some((Ok(entry?), Some(rows))),
            Err(failure) => Some((Err(failure), None)),
        }
    }))
}

impl Rows {
    async fn next(&mut self) -> Result<Option<Entry>, Failure> {
        if self.fetched.is_empty() {
            self.fetch(Exit::Failed).await?;
        }
        let Some(value) = self.fetched.pop_front() else {
            return Ok(None);
        };
        self.number += 1;
        Ok(Some(Entry {
            number: self.number,
            text: named(value),
        }))
    }

    async fn fetch(&mut self, exit: Exit) -> Result<(), Failure> {
        let answer = self.client.postgres().simple_query(FETCH).await;
        for message in answer.map_err(|error| failed(&self.client, &error, exit))? {
            match message {
                SimpleQueryMessage::RowDescription(columns) if columns.len() != 1 => {
                    let what = format!("the query's answer has {} columns", columns.len());
                    return Err(unreadable(Exit::Usage, what, ONE_COLUMN));
                }
                SimpleQueryMessage::Row(row) => {
                    self.fetched.push_back(row.get(0).map(str::to_owned));
                }
                SimpleQueryMessage::RowDescription(_)
                | SimpleQueryMessage::CommandComplete(_)
                | _ => {}
            }
        }
        Ok(())
    }
}

const ONE_COLUMN: &str = "write a query of one column, the URL of a database a row";

/// Refuses an empty text, which would mean the environment's database.
fn named(value: Option<String>) -> Result<String, ConnectError> {
    let malformed =
        |reason: &str| ConnectError::settings(reason, "let the query return a URL in each row");
    match value {
        None => Err(malformed("the row is null")),
        Some(text) if text.trim().is_empty() => Err(malformed("the row is empty")),
        Some(text) => Ok(text),
    }
}

fn failed(client: &Client, error: &tokio_postgres::Error, exit: Exit) -> Failure {
    let (exit, why) = match error.as_db_error() {
        Some(db_error) => (exit, db_error.to_string()),
        None => (Exit::Connection, error.to_string()),
    };
    let what = format!(
        "the query for the list of databases failed on `{}`",
        client.target()
    );
    unreadable(exit, what, ONE_COLUMN).because(why)
}
