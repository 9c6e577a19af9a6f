//! The statement that adds an event to the event log.
//!
//! As in [`write`](super::write), each name, type and operator has its schema.

use tokio_postgres::error::{DbError, SqlState};

use super::log::EventKind;
use super::one_row::Write;
use super::schema::Tables;
use super::write::{Subject, is};
use crate::session::advisory::LockProof;
use crate::session::quote::quote_literal;

/// The columns of an event that describe the migration and its run.
#[derive(Clone, Debug)]
pub(crate) struct EventRow<'a> {
    pub(crate) service: &'a str,
    pub(crate) subject: Subject,
    /// The application that runs, if the session has no `application_name`.
    pub(crate) application: &'a str,
    /// The advisory lock that the run must hold, or the event is not written.
    pub(crate) lock: Option<LockProof>,
}

/// How long the script ran.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Took {
    /// Since the start of the transaction, by the server's clock.
    Transaction,
    /// This number of milliseconds.
    Milliseconds(f64),
    /// Not known: the event has no time.
    Unknown,
}

/// Whether the server refused an event because the run's lock is lost.
pub(crate) fn is_lost_lock(db_error: &DbError) -> bool {
    let is_event = db_error.table() == Some("event") && db_error.column() == Some("kind");
    *db_error.code() == SqlState::NOT_NULL_VIOLATION && is_event
}

/// Adds an event to the event log.
pub(crate) fn event(
    tables: &Tables,
    kind: EventKind,
    row: &EventRow<'_>,
    took: Took,
    message: Option<&str>,
) -> Write {
    let kind = format!("'{}'", kind.as_str());
    let kind = match row.lock {
        Some(lock) => lock.unless_lost(&kind),
        None => kind,
    };
    let milliseconds = match took {
        Took::Transaction => "pg_catalog.date_part('epoch', \
            pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.now()) \
            OPERATOR(pg_catalog.*) 1000"
            .to_owned(),
        Took::Milliseconds(milliseconds) => format!("{milliseconds:.3}"),
        Took::Unknown => "NULL".to_owned(),
    };
    let table = tables.event();
    let statement = format!(
        "INSERT INTO {table} (kind, service, version, name, checksum, milliseconds, message, \
           application, migrator_version) \
         SELECT {kind}, {service}, {version}, {name}, {checksum}, {milliseconds}, {message}, \
           CASE WHEN {APPLICATION} OPERATOR(pg_catalog.=) '' THEN {application} \
             ELSE {APPLICATION} END, '{migrator_version}'",
        service = quote_literal(row.service),
        version = row.subject.version,
        name = row.subject.name,
        checksum = row.subject.checksum,
        message = message.map_or_else(|| "NULL".to_owned(), quote_literal),
        application = quote_literal(row.application),
        migrator_version = env!("CARGO_PKG_VERSION"),
    );
    Write {
        table,
        statement: statement.into(),
        condition: is(&row.subject.version),
    }
}

/// The session's `application_name`. NULLIF would look for `=` on the search path.
const APPLICATION: &str = "pg_catalog.current_setting('application_name')";
