//! Many pictures over one session: the queries are planned once.
//!
//! Planning takes most of the time of a small database's picture. The plans stay good while the
//! catalog stays of about the size that it had when they were made.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::query::Within;
use super::{Picture, Scope, query, rows};

/// How much the catalog may grow before the queries are planned again.
const GROWTH: usize = 2;

/// Numbers for sets of prepared queries: two cameras may share a session.
static GENERATIONS: AtomicUsize = AtomicUsize::new(1);

/// Objects below which growth does not matter.
const FEW: usize = 500;

/// Takes pictures over one session, which must be the same from one to the next: a proxy that
/// pools transactions is not fit for it, as the queries are prepared in the session.
#[derive(Debug)]
pub struct Camera {
    scope: Scope,
    /// The number of the current set of prepared queries, for their names.
    generation: usize,
    /// Of how many objects the first picture with this set was; none if there is no such set.
    planned_for: Option<usize>,
    /// What no picture compares; see [`Picture::unknown_options`].
    unknown_options: BTreeSet<String>,
}

impl Camera {
    /// A camera for a session to come.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            generation: 0,
            planned_for: None,
            unknown_options: BTreeSet::new(),
        }
    }

    /// The options that none of its pictures compared; see [`Picture::unknown_options`].
    #[must_use]
    pub fn unknown_options(&self) -> &BTreeSet<String> {
        &self.unknown_options
    }

    /// Takes a picture, as [`Picture::take`] does. In a new session the queries are prepared again.
    ///
    /// # Errors
    ///
    /// What the server or the connection says; the session is out of the transaction then, too.
    pub async fn take(&mut self, client: &Client) -> Result<Picture, Error> {
        self.take_in(client, Within::Own).await
    }

    /// Takes a picture in the transaction that the session is in, with what was done in it. The
    /// transaction stays open, and is as it was.
    ///
    /// # Errors
    ///
    /// As [`Camera::take`]; the transaction is still open then, unless the connection was lost.
    pub async fn take_within(&mut self, client: &Client) -> Result<Picture, Error> {
        self.take_in(client, Within::Open).await
    }

    async fn take_in(&mut self, client: &Client, within: Within) -> Result<Picture, Error> {
        let picture = self.picture(client, within).await?;
        let unknown = picture.unknown_options().map(str::to_owned);
        self.unknown_options.extend(unknown);
        Ok(picture)
    }

    async fn picture(&mut self, client: &Client, within: Within) -> Result<Picture, Error> {
        if let Some(planned_for) = self.planned_for {
            match send(client, &query::again(self.generation, within), within).await {
                Ok(picture) => {
                    if picture.len() > planned_for.max(FEW) * GROWTH {
                        self.planned_for = None;
                    }
                    return Ok(picture);
                }
                // A script may throw away what is prepared (DISCARD ALL, DEALLOCATE ALL).
                Err(error) if error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME) => {}
                Err(error) => return Err(error),
            }
        }
        self.generation = GENERATIONS.fetch_add(1, Ordering::Relaxed);
        let first = query::first(&self.scope, self.generation, within);
        let picture = send(client, &first, within).await?;
        self.planned_for = Some(picture.len());
        Ok(picture)
    }
}

async fn send(client: &Client, message: &str, within: Within) -> Result<Picture, Error> {
    match client.simple_query(message).await {
        Ok(messages) => Ok(rows::read(&messages)),
        Err(error) => {
            // Of the two errors the first says what happened.
            let _ = client.batch_execute(within.undo()).await;
            Err(error)
        }
    }
}
