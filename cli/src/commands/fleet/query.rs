//! Reads a list of databases from the result of a query on the main database.

use std::collections::{BTreeMap, VecDeque};

use futures_util::{StreamExt, stream};
use migrator_runtime::Client;
use migrator_runtime::connect::ConnectError;
use tokio_postgres::SimpleQueryMessage;

use super::place::{Entries, Entry, ListName, Part, unreadable};
use super::wave::{Column, Order};
use crate::exit::Exit;
use crate::failure::Failure;

/// A cursor that outlives its transaction: the server keeps the rows, and the session is idle
/// between two fetches. An open query would hold a snapshot. If this database is in the list too,
/// CREATE INDEX CONCURRENTLY would wait for that snapshot.
const DECLARE: &str = "DECLARE migrator_fleet SCROLL CURSOR WITH HOLD FOR ";

const FETCH: &str = "FETCH 200 FROM migrator_fleet";

/// Passes over all rows. The server answers with their number.
const COUNT: &str = "MOVE FORWARD ALL FROM migrator_fleet";

const REWIND: &str = "MOVE ABSOLUTE 0 FROM migrator_fleet";

/// The session may be idle for a long time. Servers before 14 do not have the setting.
const UNLIMITED: &str = "SELECT pg_catalog.set_config(name, '0', false) \
                         FROM pg_catalog.pg_settings \
                         WHERE name OPERATOR(pg_catalog.=) 'idle_session_timeout'";

/// How many malformed rows are reported.
const REPORTED: usize = 20;

/// The connection, and the rows that were fetched from it.
struct Rows {
    client: Client,
    fetched: VecDeque<Row>,
    /// The number of rows that were taken.
    number: usize,
    order: Order,
    /// The waves that have not ended, the next one last. It stays empty if the list has no waves.
    waves: Vec<u32>,
}

/// The columns of a row.
struct Row {
    database: Option<String>,
    column: Column,
}

/// Runs the query. The stream fetches its rows when they are needed. It goes through them once, or
/// once for each wave.
pub(super) async fn rows(client: Client, part: Part, query: &str) -> Result<Entries, Failure> {
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
        order: Order::Listed,
        waves: Vec::new(),
    };
    let mut total = rows.count().await?;
    // Fetching the first rows now reports an error of the query before any database is migrated.
    rows.fetch(Exit::Usage).await?;
    if rows.order == Order::Waves {
        let waves = rows.find_waves().await?;
        total = part
            .wave
            .map_or(total, |wave| waves.get(&wave).copied().unwrap_or(0));
    }
    // The shard of a row depends on its settings.
    let total = part.shard.is_none().then_some(total);
    let order = rows.order;
    let entries = stream::unfold(Some(rows), async |rows| {
        let mut rows = rows?;
        match rows.next().await {
            Ok(entry) => Some((Ok(entry?), Some(rows))),
            Err(failure) => Some((Err(failure), None)),
        }
    });
    Ok(Entries {
        order,
        total,
        stream: entries.boxed_local(),
    })
}

impl Rows {
    /// The number of rows. Goes back to the first row.
    async fn count(&mut self) -> Result<usize, Failure> {
        let moved = self.client.postgres().execute(COUNT, &[]).await;
        let number = moved.map_err(|error| failed(&self.client, &error, Exit::Failed))?;
        self.rewind().await?;
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// Reads all waves, and goes back to the first row. Returns the number of rows of each wave.
    /// Fails if a row has no wave.
    async fn find_waves(&mut self) -> Result<BTreeMap<u32, usize>, Failure> {
        let mut waves: BTreeMap<u32, usize> = BTreeMap::new();
        let mut malformed: Option<Failure> = None;
        while let Some(row) = self.row().await? {
            let fault = match row.column.wave(Order::Waves) {
                Ok(wave) => {
                    if let Some(wave) = wave {
                        *waves.entry(wave).or_default() += 1;
                    }
                    continue;
                }
                Err(fault) => fault.failure().at(&ListName::Answer.place(self.number)),
            };
            match &mut malformed {
                Some(all) if all.errors.len() < REPORTED => all.errors.extend(fault.errors),
                Some(_) => {}
                None => malformed = Some(fault),
            }
        }
        self.waves = waves.keys().rev().copied().collect();
        self.rewind().await?;
        malformed.map_or(Ok(waves), Err)
    }

    /// The next database of the list, or of the current wave.
    async fn next(&mut self) -> Result<Option<Entry>, Failure> {
        loop {
            let wave = match self.order {
                Order::Listed => None,
                Order::Waves => match self.waves.last() {
                    Some(wave) => Some(*wave),
                    None => return Ok(None),
                },
            };
            match self.row().await? {
                Some(Row { column, .. }) if wave.is_some_and(|it| column != Column::Wave(it)) => {}
                Some(row) => {
                    return Ok(Some(Entry {
                        number: self.number,
                        text: named(row.database),
                        wave,
                    }));
                }
                None if wave.is_none() => return Ok(None),
                None => {
                    self.waves.pop();
                    self.rewind().await?;
                }
            }
        }
    }

    async fn row(&mut self) -> Result<Option<Row>, Failure> {
        if self.fetched.is_empty() {
            self.fetch(Exit::Failed).await?;
        }
        let row = self.fetched.pop_front();
        self.number += usize::from(row.is_some());
        Ok(row)
    }

    async fn rewind(&mut self) -> Result<(), Failure> {
        let moved = self.client.postgres().batch_execute(REWIND).await;
        moved.map_err(|error| failed(&self.client, &error, Exit::Failed))?;
        self.fetched.clear();
        self.number = 0;
        Ok(())
    }

    async fn fetch(&mut self, exit: Exit) -> Result<(), Failure> {
        let answer = self.client.postgres().simple_query(FETCH).await;
        for message in answer.map_err(|error| failed(&self.client, &error, exit))? {
            match message {
                SimpleQueryMessage::RowDescription(columns) => {
                    self.order = match columns.len() {
                        1 => Order::Listed,
                        2 => Order::Waves,
                        number => {
                            let what = format!("the query's answer has {number} columns");
                            return Err(unreadable(Exit::Usage, what, COLUMNS));
                        }
                    };
                }
                SimpleQueryMessage::Row(row) => self.fetched.push_back(Row {
                    database: row.get(0).map(str::to_owned),
                    column: match row.len() {
                        1 => Column::Absent,
                        _ => Column::of_row(row.get(1)),
                    },
                }),
                SimpleQueryMessage::CommandComplete(_) | _ => {}
            }
        }
        Ok(())
    }
}

const COLUMNS: &str = "write a query whose first column is the URL of a database; a second column is \
                       the number of its wave";

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
    unreadable(exit, what, COLUMNS).because(why)
}
