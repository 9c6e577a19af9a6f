//! Takes many snapshots over one session, and plans the queries once.
//!
//! For a small database, planning takes most of the time of a snapshot. The plans remain good while
//! the size of the catalog remains about the same.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::content::{Scope, Snapshot};
use super::effects::Effects;
use super::query::{self, PRINTING, Within};
use super::{follow, reading, rows, units};

/// The factor by which the catalog may grow before the queries are planned again.
const GROWTH: usize = 2;

/// Numbers the sets of prepared queries, because two readers may share a session.
static GENERATIONS: AtomicUsize = AtomicUsize::new(1);

/// Below this number of objects, growth does not matter.
const FEW: usize = 500;

/// Takes snapshots over one session. The session must remain the same, because the queries are
/// prepared in it. So this does not work through a proxy that pools transactions.
#[derive(Debug)]
pub struct SnapshotReader {
    scope: Scope,
    /// The number of the current set of prepared queries, which their names contain.
    generation: usize,
    /// The number of objects in the first snapshot with this set; `None` without a set.
    planned_for: Option<usize>,
    /// The number of the prepared queries that read changes, if they are prepared.
    following: Option<usize>,
    /// See [`Snapshot::unknown_options`].
    unknown_options: BTreeSet<String>,
}

/// How a snapshot was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Everything was read.
    Whole,
    /// What a script changed was read.
    Following,
}

impl SnapshotReader {
    /// A reader for a new session.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            generation: 0,
            planned_for: None,
            following: None,
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
    /// The server refuses, or the connection is lost. The session is then out of the transaction.
    pub async fn take(&mut self, client: &Client) -> Result<Snapshot, Error> {
        self.take_in(client, Within::Own).await
    }

    /// Takes a snapshot in the open transaction of the session, with its changes. The transaction
    /// remains open and unchanged.
    ///
    /// # Errors
    ///
    /// As [`SnapshotReader::take`], but the transaction remains open unless the connection is lost.
    pub async fn take_within(&mut self, client: &Client) -> Result<Snapshot, Error> {
        self.take_in(client, Within::Open).await
    }

    /// Takes the snapshot after a script that has committed. Before it, the database was as in
    /// `previous`. Reads only what the script changed, where that is possible.
    ///
    /// # Errors
    ///
    /// As [`SnapshotReader::take`].
    pub async fn take_after(
        &mut self,
        client: &Client,
        previous: &Snapshot,
        effects: &Effects,
    ) -> Result<(Snapshot, Taken), Error> {
        self.follow(client, previous, effects, Within::Own).await
    }

    /// Takes the snapshot after scripts, of which the effects are known. Before them, the database was
    /// as in `previous`. Reads only what they changed, where that is possible.
    pub(crate) async fn follow(
        &mut self,
        client: &Client,
        previous: &Snapshot,
        effects: &Effects,
        within: Within,
    ) -> Result<(Snapshot, Taken), Error> {
        let followed = match self.followed(client, previous, effects, within).await {
            // A script may remove the prepared queries (DISCARD ALL, DEALLOCATE ALL).
            Err(error) if error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME) => {
                self.following = None;
                self.followed(client, previous, effects, within).await
            }
            followed => followed,
        };
        if let Some(snapshot) = followed? {
            let unknown = snapshot.unknown_options().map(str::to_owned);
            self.unknown_options.extend(unknown);
            return Ok((snapshot, Taken::Following));
        }
        let whole = self.take_in(client, within).await?;
        Ok((whole, Taken::Whole))
    }

    async fn followed(
        &mut self,
        client: &Client,
        previous: &Snapshot,
        effects: &Effects,
        within: Within,
    ) -> Result<Option<Snapshot>, Error> {
        let locked = follow::locked(previous, effects);
        let known = previous.mark.as_ref().zip(effects.since());
        let Some(((since, first), locked)) = known.zip(locked) else {
            return Ok(None);
        };
        let (generation, prepare) = match self.following {
            Some(generation) => (generation, String::new()),
            None => {
                let generation = GENERATIONS.fetch_add(1, Ordering::Relaxed);
                (generation, units::prepare(&self.scope, generation))
            }
        };
        let search = effects.search(since.newest, previous.may_grant);
        let find = units::find(generation, (since, first), &locked, search);
        let begin = within.begin();
        let message = format!("{begin}{PRINTING}{prepare}{find}");
        let found = ask(client, &message, within).await?;
        self.following = Some(generation);
        let changed = units::changed_rows(&found);
        let now = rows::read(&found).mark;
        let now = now.filter(|now| since.is_followed_by(now));
        let Some((now, units)) = now.zip(follow::units(locked, previous, since, &changed)) else {
            client.batch_execute(within.undo()).await?;
            return Ok(None);
        };
        let read = units::read(generation, &units, &reading::needed_places(&found));
        let message = format!("{read}{}", within.end());
        let rows = rows::read(&ask(client, &message, within).await?);
        Ok(follow::replaced(previous, &units, rows, now))
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
                // A script may remove the prepared queries (DISCARD ALL, DEALLOCATE ALL).
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

impl Snapshot {
    /// Takes a snapshot in one round trip: one message, in a read-only transaction of its own, with
    /// fixed values for the settings that change how definitions are printed. The session must not
    /// be in a transaction, because this would end it.
    ///
    /// Postgres prints definitions from the catalog as it is now, and not as it was when the
    /// transaction began. So while others change the schema, a snapshot can show either state.
    ///
    /// # Errors
    ///
    /// The server refuses, or the connection is lost. The session is then out of the transaction.
    pub async fn take(client: &Client, scope: &Scope) -> Result<Self, Error> {
        send(client, &query::message(scope), Within::Own).await
    }
}

async fn send(client: &Client, message: &str, within: Within) -> Result<Snapshot, Error> {
    let answer = ask(client, message, within).await?;
    Ok(rows::read(&answer).into())
}

/// Sends a message. After an error, the session is as before the snapshot.
async fn ask(
    client: &Client,
    message: &str,
    within: Within,
) -> Result<Vec<SimpleQueryMessage>, Error> {
    match client.simple_query(message).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            // The first of two errors has the cause.
            let _ = client.batch_execute(within.undo()).await;
            Err(error)
        }
    }
}
