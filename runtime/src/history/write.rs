//! The statements that change the history. Each function returns one or more complete statements,
//! a [`Write`], or says that it returns an expression.
//!
//! The statements run after a script, under the role's own `search_path`, which may put other
//! schemas before `pg_catalog`. So each name, type and operator has its schema. Only syntax that
//! the grammar resolves in `pg_catalog` has none (`AT TIME ZONE`, `CASE WHEN`, `bigint`).
//!
//! This file is long because it has each statement that writes an entry, a mark or an event, and the
//! conditions that they share.

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Version};
use migrator_plan::{Claim, Origin};
use tokio_postgres::error::{DbError, SqlState};

use super::one_row::Write;
use super::schema::Tables;
use crate::session::advisory::LockProof;
use crate::session::quote::quote_literal;
use crate::session::text::Text;

/// What an event says of a migration, as SQL expressions.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    version: String,
    name: String,
    checksum: String,
}

impl Subject {
    /// This migration.
    pub(crate) fn of(version: Version, name: &str, checksum: &str) -> Subject {
        Subject {
            version: version.as_integer().to_string(),
            name: quote_literal(name),
            checksum: quote_literal(checksum),
        }
    }

    /// The migration that the first three parameters of a prepared statement name.
    pub(super) fn parameters() -> Subject {
        let [version, name, checksum] = ["$1", "$2", "$3"].map(str::to_owned);
        Subject {
            version,
            name,
            checksum,
        }
    }

    /// As the arguments of a prepared statement.
    pub(super) fn arguments(&self) -> String {
        format!("{}, {}, {}", self.version, self.name, self.checksum)
    }
}

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

/// The kind of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Apply,
    Revert,
    Failure,
    Resume,
    Repair,
    Accept,
    Baseline,
    Adopt,
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

/// The server's time in RFC 3339, which refinery parses.
pub(super) const NOW: &str = "pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', \
                   'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";

/// The columns of an entry, as SQL expressions.
pub(super) struct EntryRow {
    pub(super) subject: Subject,
    pub(super) fingerprint: String,
    pub(super) dirty: Option<Direction>,
    pub(super) requires: String,
    pub(super) depends_on: String,
    pub(super) up: Text,
    pub(super) down: Text,
    pub(super) applied_on: String,
    pub(super) origin: Origin,
}

impl EntryRow {
    pub(super) fn of(
        migration: Migration<'static>,
        depends_on: &[&str],
        dirty: Option<Direction>,
    ) -> EntryRow {
        EntryRow {
            subject: Subject {
                version: migration.version.as_integer().to_string(),
                name: quote_literal(migration.history_name()),
                checksum: format!("'{}'", migration.checksum),
            },
            fingerprint: format!("'{:016x}'", migration.up().fingerprint),
            dirty,
            requires: array(migration.requires().iter().map(ToString::to_string)),
            depends_on: array(depends_on.iter().copied()),
            up: Text::literal(&migration.up().sql().into()),
            down: Text::literal(&migration.down().sql().into()),
            applied_on: NOW.to_owned(),
            origin: Origin::Applied,
        }
    }
}

/// Records a migration as applied. `dirty` marks the entry: its script runs outside a transaction.
pub(crate) fn insert(
    tables: &Tables,
    migration: Migration<'static>,
    depends_on: &[&str],
    dirty: Option<Direction>,
) -> Write {
    let row = EntryRow::of(migration, depends_on, dirty);
    insert_row(tables.of(migration.service), row)
}

/// Records a migration that did not run.
pub(crate) fn insert_claim(tables: &Tables, claim: &Claim<'static>, depends_on: &[&str]) -> Write {
    let mut row = EntryRow::of(claim.migration, depends_on, None);
    row.origin = claim.origin;
    if let Some(applied_on) = &claim.applied_on {
        row.applied_on = quote_literal(applied_on);
    }
    insert_row(tables.of(claim.migration.service), row)
}

pub(super) fn insert_row(table: String, row: EntryRow) -> Write {
    let subject = &row.subject;
    // `applied` is the default of the column.
    let (origin, value, has_origin) = match row.origin == Origin::Applied {
        true => <(&str, String, String)>::default(),
        false => {
            let word = quote_literal(row.origin.as_str());
            let condition = format!(" AND origin OPERATOR(pg_catalog.=) {word}");
            (", origin", format!(", {word}"), condition)
        }
    };
    let mut statement = Text::from(format!(
        "INSERT INTO {table} (version, name, applied_on, checksum, fingerprint, dirty, \
           requires, depends_on{origin}, up_script, down_script) \
         VALUES ({}, {}, {}, {}, {}, {}, {}, {}{value}, ",
        subject.version,
        subject.name,
        row.applied_on,
        subject.checksum,
        row.fingerprint,
        row.dirty.map_or_else(|| "NULL".to_owned(), word),
        row.requires,
        row.depends_on,
    ));
    statement.append(row.up);
    statement.push(", ");
    statement.append(row.down);
    statement.push(")");
    let condition = format!(
        "{} AND {} AND {}{has_origin}",
        is(&subject.version),
        has_checksum(&subject.checksum),
        is_dirty(row.dirty)
    );
    Write {
        table,
        statement,
        condition,
    }
}

/// Marks an entry as dirty or, for `None`, as clean.
pub(crate) fn set_dirty(
    tables: &Tables,
    service: &str,
    version: Version,
    dirty: Option<Direction>,
) -> Write {
    let table = tables.of(service);
    let word = dirty.map_or_else(|| "NULL".to_owned(), word);
    let is_it = is_version(version);
    Write {
        statement: format!("UPDATE {table} SET dirty = {word} WHERE {is_it}").into(),
        condition: is_dirty(dirty),
        table,
    }
}

/// Replaces an entry's name, scripts and checksums by those of the migration.
pub(crate) fn replace(tables: &Tables, migration: Migration<'static>) -> Write {
    let table = tables.of(migration.service);
    let row = EntryRow::of(migration, &[], None);
    let Subject { name, checksum, .. } = &row.subject;
    let mut statement = Text::from(format!(
        "UPDATE {table} SET name = {name}, checksum = {checksum}, fingerprint = {}, requires = {}, \
           up_script = ",
        row.fingerprint, row.requires
    ));
    statement.append(row.up);
    statement.push(", down_script = ");
    statement.append(row.down);
    statement.push(&format!(" WHERE {}", is_version(migration.version)));
    Write {
        table,
        statement,
        condition: has_checksum(checksum),
    }
}

/// Deletes the entry of a migration.
pub(crate) fn delete(tables: &Tables, service: &str, version: Version) -> Write {
    delete_row(tables.of(service), &version.as_integer().to_string())
}

pub(super) fn delete_row(table: String, version: &str) -> Write {
    Write {
        statement: format!("DELETE FROM {table} WHERE {}", is(version)).into(),
        condition: "true".to_owned(),
        table,
    }
}

/// The condition that a row has this checksum.
fn has_checksum(checksum: &str) -> String {
    format!("checksum::pg_catalog.text OPERATOR(pg_catalog.=) {checksum}")
}

/// The condition that a row has this value of `dirty`.
fn is_dirty(dirty: Option<Direction>) -> String {
    match dirty {
        Some(direction) => format!("dirty OPERATOR(pg_catalog.=) {}", word(direction)),
        None => "dirty IS NULL".to_owned(),
    }
}

/// A query that fails unless a step in this direction is recorded as done. A message that is sent
/// ahead evaluates it before its script, so that the step runs only after the previous one.
pub(crate) fn after_step(
    tables: &Tables,
    service: &str,
    version: Version,
    direction: Direction,
) -> String {
    let version = version.as_integer().to_string();
    after_version(&tables.of(service), &version, direction)
}

pub(super) fn after_version(table: &str, version: &str, direction: Direction) -> String {
    let count = "pg_catalog.count(*)";
    let divisor = match direction {
        Direction::Up => count.to_owned(),
        Direction::Down => format!("(1 OPERATOR(pg_catalog.-) {count})"),
    };
    format!(
        "SELECT 1 OPERATOR(pg_catalog./) {divisor} FROM {table} WHERE {}",
        is(version)
    )
}

/// Shows other runs that a transaction of this service is in progress. Claims do not wait for each
/// other.
///
/// The claim locks a table. An advisory lock needs a query, and after a query the script could
/// not choose its transaction's isolation level any more (Postgres's manual, *SET TRANSACTION*).
pub(crate) fn claim(tables: &Tables, service: &str) -> String {
    format!(
        "LOCK TABLE ONLY {} IN ROW EXCLUSIVE MODE;",
        tables.of(service)
    )
}

/// The mode of [`claim`] in `pg_locks`.
pub(crate) const CLAIM: &str = "RowExclusiveLock";

/// A statement that fails unless the run holds this advisory lock.
pub(crate) fn check_lock(lock: LockProof) -> String {
    let one = lock.unless_lost("1");
    format!("SELECT 1 OPERATOR(pg_catalog./) COALESCE({one}, 0);")
}

/// Queries the transaction that last wrote an entry. A later write of the entry changes it. The
/// answer is one row: [`MARK`] and the transaction.
pub(crate) fn mark(tables: &Tables, service: &str, version: Version) -> String {
    format!(
        "SELECT '{MARK}', xmin::pg_catalog.text FROM {} WHERE {};",
        tables.of(service),
        is_version(version)
    )
}

/// The first column of the answer to [`mark()`].
pub(crate) const MARK: &str = "mark";

/// A statement that fails if the entry was written after the transaction that [`mark()`] returned.
pub(crate) fn check_mark(tables: &Tables, service: &str, version: Version, mark: &str) -> String {
    format!(
        "SELECT pg_catalog.ln(pg_catalog.count(*)::pg_catalog.float8) FROM {} \
         WHERE {} AND xmin OPERATOR(pg_catalog.=) {}::pg_catalog.xid;",
        tables.of(service),
        is_version(version),
        quote_literal(mark)
    )
}

/// What a failed check found lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The lock ([`check_lock`]).
    Lock,
    /// The mark: another run has written the entry ([`check_mark`]).
    Mark,
}

/// The check that failed, if the server's error comes from one of these checks.
pub(crate) fn gone(db_error: &DbError) -> Option<Gone> {
    match db_error.code() {
        code if *code == SqlState::DIVISION_BY_ZERO => Some(Gone::Lock),
        code if *code == SqlState::INVALID_ARGUMENT_FOR_LOG => Some(Gone::Mark),
        _ => None,
    }
}

/// Whether the server refused an event because the run's lock is lost.
pub(crate) fn is_lost_lock(db_error: &DbError) -> bool {
    let is_event = db_error.table() == Some("event") && db_error.column() == Some("kind");
    *db_error.code() == SqlState::NOT_NULL_VIOLATION && is_event
}

/// Adds an event to the event log.
pub(crate) fn event(
    tables: &Tables,
    kind: Kind,
    row: &EventRow<'_>,
    took: Took,
    message: Option<&str>,
) -> Write {
    let kind = match kind {
        Kind::Apply => "'apply'",
        Kind::Revert => "'revert'",
        Kind::Failure => "'failure'",
        Kind::Resume => "'resume'",
        Kind::Repair => "'repair'",
        Kind::Accept => "'accept'",
        Kind::Baseline => "'baseline'",
        Kind::Adopt => "'adopt'",
    };
    let kind = match row.lock {
        Some(lock) => lock.unless_lost(kind),
        None => kind.to_owned(),
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

/// The condition that a row has this version.
fn is_version(version: Version) -> String {
    is(&version.as_integer().to_string())
}

/// The condition that a row has the version that an SQL expression gives.
fn is(version: &str) -> String {
    format!("version OPERATOR(pg_catalog.=) {version}::pg_catalog.int8")
}

/// The value of the column `dirty`.
fn word(direction: Direction) -> String {
    quote_literal(direction.as_str())
}

/// An array of `text`.
pub(super) fn array(texts: impl Iterator<Item = impl AsRef<str>>) -> String {
    let texts: Vec<String> = texts.map(|text| quote_literal(text.as_ref())).collect();
    format!("ARRAY[{}]::pg_catalog.text[]", texts.join(", "))
}
