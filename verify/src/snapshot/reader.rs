//! Many snapshots over one session: the queries are planned once.
//!
//! Planning takes most of the time of a small database's snapshot. The plans stay good while the
//! catalog stays of about the size that it had when they were made.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::query::Within;
use super::{Scope, Snapshot, query, rows};

/// How much the catalog may grow before the queries are planned again.
const GROWTH: usize = 2;

/// Numbers for sets of prepared queries: two readers may share a session.
static GENERATIONS: AtomicUsize = AtomicUsize::new(1);

/// Objects below which growth does not matter.
const FEW: usize = 500;

/// Takes snapshots over one session, which must be the same from one to the next: a proxy that
/// pools transactions is not fit for it, as the queries are prepared in the session.
#[derive(Debug)]
pub struct SnapshotReader {
    scope: Scope,
    /// The number of the current set of prepared queries, for their names.
    generation: usize,
    /// Of how many objects the first snapshot with this set was; none if there is no such set.
    planned_for: Option<usize>,
    /// What no snapshot compares; see [`Snapshot::unknown_options`].
    unknown_options: BTreeSet<String>,
}

impl SnapshotReader {
    /// A reader for a session to come.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            generation: 0,
            planned_for: None,
            unknown_options: BTreeSet::new(),
        }
    }

    /// The options that none of its snapshots compared; see [`Snapshot::unknown_options`].
    #[must_use]
    pub fn unknown_options(&self) -> &BTreeSet<String> {
        &self.unknown_options
    }

    /// Takes a snapshot, as [`Snapshot::take`] does. In a new session the queries are prepared again.
    ///
    /// # Errors
    ///
    /// What the server or the connection says; the session is out of the transaction then, too.
    pub async fn take(&mut self, client: &Client) -> Result<Snapshot, Error> {
        self.take_in(client, Within::Own).await
    }

    /// Takes a snapshot in the transaction that the session is in, with what was done in it. The
    /// transaction stays open, and is as it was.
    ///
    /// # Errors
    ///
    /// As [`SnapshotReader::take`]; the transaction is still open then, unless the connection was lost.
    pub async fn take_within(&mut self, client: &Client) -> Result<Snapshot, Error> {
        self.take_in(client, Within::Open).await
    }

    async fn take_in(&mut self, client: &Client, within: Within) -> Result<Snapshot, Error> {
        let snapshot = self.snapshot(client, within).await?;
        let unknown = snapshot.unknown_options().map(str::to_owned);
        self.unknown_options.extend(unknown);
        Ok(snapshot)
    }

    async fn snapshot(&mut self, client: &Client, within: Within) -> Result<Snapshot, Error> {
        if let Some(planned_for) = self.planned_for {
            match send(client, &query::again(self.generation, within), within).await {
                Ok(snapshot) => {
                    if snapshot.len() > planned_for.max(FEW) * GROWTH {
                        self.planned_for = None;
                    }
                    return Ok(snapshot);
                }
                // A script may throw away what is prepared (DISCARD ALL, DEALLOCATE ALL).
                Err(error) if error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME) => {}
                Err(error) => return Err(error),
            }
        }
        self.generation = GENERATIONS.fetch_add(1, Ordering::Relaxed);
        let first = query::first(&self.scope, self.generation, within);
        let snapshot = send(client, &first, within).await?;
        self.planned_for = Some(snapshot.len());
        Ok(snapshot)
    }
}

async fn send(client: &Client, message: &str, within: Within) -> Result<Snapshot, Error> {
    match client.simple_query(message).await {
        Ok(messages) => Ok(rows::read(&messages)),
        Err(error) => {
            // Of the two errors the first says what happened.
            let _ = client.batch_execute(within.undo()).await;
            Err(error)
        }
    }
}
