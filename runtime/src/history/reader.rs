//! Sends the queries that read the history, and reports why a query failed.

use std::time::Duration;

use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::{DbError, SqlState};

use super::failure::ReadError;
use super::guard::{self, Purpose, Unusual};
use super::parse;
use super::schema::Tables;
use crate::error::format::UnknownFormat;
use crate::event::Event;
use crate::event::blocker::WaitingFor;
use crate::event::listener::Listener;
use crate::event::operation::{Operation, Waiter};
use crate::options::{Connections, Options};
use crate::session::answer::named_position;
use crate::session::client::Client;
use crate::session::send::rows;
use crate::session::timeouts::milliseconds;
use crate::session::watch::{Waiting, Watch};

/// Reads the history over one session.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) session: &'a tokio_postgres::Client,
    pub(crate) tables: &'a Tables,
    pub(crate) purpose: Purpose,
    /// How long a read waits for a lock that another session holds on a table of the history;
    /// zero is no limit.
    pub(crate) lock_timeout: Duration,
    /// Names the sessions that keep a read waiting; `None` names none.
    pub(crate) watcher: Option<Watcher<'a>>,
}

/// How much of the check of a history comes before a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The whole check.
    Full,
    /// The part that matters to a read, which fails if the history is unusual. The query contains
    /// the rest ([`guard::check_rest_if`]).
    Readable,
}

/// Names the sessions that keep a read waiting.
#[derive(Clone, Copy)]
pub(crate) struct Watcher<'a> {
    pub(crate) client: &'a Client,
    pub(crate) application: &'a str,
    /// Gets an event about a long wait.
    pub(crate) listener: Option<&'a Listener>,
    /// The operation that waits.
    pub(crate) operation: Operation,
}

impl<'a> Reader<'a> {
    /// A reader over the session of a client.
    pub(crate) fn new(
        client: &'a Client,
        tables: &'a Tables,
        options: &'a Options,
        purpose: Purpose,
    ) -> Reader<'a> {
        Reader {
            session: client.postgres(),
            tables,
            purpose,
            lock_timeout: options.lock_timeout,
            watcher: match options.connections {
                Connections::Single => None,
                Connections::Several => Some(Watcher {
                    client,
                    application: &options.application,
                    listener: None,
                    operation: Operation::ReadHistory,
                }),
            },
        }
    }

    /// The same reader, with a listener that gets an event about a long wait.
    pub(crate) fn reporting_to(mut self, listener: Option<&'a Listener>) -> Reader<'a> {
        if let Some(watcher) = &mut self.watcher {
            watcher.listener = listener;
        }
        self
    }

    /// The same reader for another operation, which that event names.
    pub(crate) fn doing(mut self, operation: Operation) -> Reader<'a> {
        if let Some(watcher) = &mut self.watcher {
            watcher.operation = operation;
        }
        self
    }

    /// The statements before every query of the history, in the same message: a limit for the
    /// wait for a locked table, and the check that the history can be trusted. Rows that row
    /// security would hide become an error.
    pub(super) fn opening(&self, trust: Trust) -> String {
        self.settings()
            + &match trust {
                Trust::Full => guard::check_trust(self.tables, self.purpose),
                Trust::Readable => guard::check_readable(self.tables, self.purpose, Unusual::Fail),
            }
    }

    pub(super) fn settings(&self) -> String {
        format!(
            "/* migrator reads its history */ SET LOCAL lock_timeout = {};\
             SET LOCAL row_security = off;\
             SET LOCAL constraint_exclusion = off;",
            milliseconds(self.lock_timeout)
        )
    }

    /// Sends a message. If it waits for a lock, looks for the session that holds the lock; a
    /// message that does not wait costs no more round trips.
    pub(crate) async fn ask(&self, message: &str) -> Result<Vec<SimpleQueryMessage>, ReadError> {
        let answers = self.session.simple_query(message);
        let Some(watcher) = self.watcher else {
            return Ok(answers.await?);
        };
        let waiting = Waiting {
            client: watcher.client,
            application: watcher.application,
            message,
            limit: self.lock_timeout,
        };
        let tell = |what: Option<&WaitingFor>| {
            if let Some(listener) = watcher.listener {
                let subject = Waiter::Operation(watcher.operation);
                listener.tell(&match what {
                    Some(what) => Event::KeptWaiting { subject, what },
                    None => Event::WaitEnded(subject),
                });
            }
        };
        let mut watch = Watch::default();
        // Boxed: every future that reads would contain it.
        let answers = Box::pin(watch.during(waiting, tell, answers)).await;
        answers.map_err(|error| ReadError::Postgres {
            blockers: match error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
                true => watch.blockers(self.lock_timeout),
                false => Vec::new(),
            },
            error,
        })
    }
}

/// Sends `first`, the query for the format, and `rest` as one message. Returns `None` if
/// there is no history.
///
/// There is none if the server does not find the table `format`. If it does not find another
/// table, somebody altered the history, or its format is unknown.
pub(super) async fn send(
    reader: &Reader<'_>,
    trust: Trust,
    first: &str,
    rest: &str,
) -> Result<Option<Vec<SimpleQueryMessage>>, ReadError> {
    let head = reader.opening(trust) + first + &reader.tables.known_format();
    let message = format!("{head}{rest}");
    let mut answers = reader.ask(&message).await;
    // Above READ COMMITTED, the tables may be younger than the snapshot of the check.
    let has_format = |answers: &[SimpleQueryMessage]| answers.iter().any(is_format);
    if answers.as_deref().is_ok_and(|answers| !has_format(answers)) {
        answers = reader.ask(&message).await;
    }
    let failure = match answers {
        Ok(messages) => return Ok(Some(messages)),
        Err(failure) => failure,
    };
    let ReadError::Postgres { error, .. } = &failure else {
        return Err(failure);
    };
    let Some(db_error) = error.as_db_error() else {
        return Err(failure);
    };
    if guard::raised(db_error).is_some() {
        let format = match guard::trusts_format(db_error) {
            true => Box::pin(unknown_format(reader, reader.settings())).await,
            false => None,
        };
        let newer = format.filter(UnknownFormat::is_newer);
        return Err(newer.map_or(failure, ReadError::Format));
    }
    let place = named_position(db_error).and_then(|place| usize::try_from(place).ok());
    if is_absent(db_error) && place.is_some_and(|place| place <= head.chars().count()) {
        return Ok(None);
    }
    // Boxed: it is rare, and every future that reads would contain it.
    let other = match *db_error.code() == SqlState::LOCK_NOT_AVAILABLE {
        true => None,
        false => Box::pin(unknown_format(reader, reader.opening(Trust::Full))).await,
    };
    Err(other.map_or(failure, ReadError::Format))
}

fn is_format(answer: &SimpleQueryMessage) -> bool {
    matches!(answer, SimpleQueryMessage::Row(row) if parse::is_format(row))
}

/// The format, if this version does not know it.
async fn unknown_format(reader: &Reader<'_>, opening: String) -> Option<UnknownFormat> {
    let query = opening + &reader.tables.known_format();
    let answer: Vec<_> = rows(reader.ask(&query).await.ok()?).collect();
    parse::format_of(&answer).err()
}

fn is_absent(db_error: &DbError) -> bool {
    let absent = [&SqlState::UNDEFINED_TABLE, &SqlState::INVALID_SCHEMA_NAME];
    absent.contains(&db_error.code())
}
