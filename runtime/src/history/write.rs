//! The statements that change the history; each is one or more complete statements.
//!
//! They run behind a script under the role's own `search_path`, which may put anything
//! before `pg_catalog`: so every name, type and operator in them says its schema, but for
//! what the grammar itself resolves there (`AT TIME ZONE`, `CASE WHEN`, `bigint`).

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Version};
use tokio_postgres::error::{DbError, SqlState};

use super::guard::raise;
use super::schema::Tables;
use crate::session::quote::quote_literal;

/// What the event log says about a migration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventRow<'a> {
    pub(crate) service: &'a str,
    pub(crate) version: Version,
    pub(crate) name: &'a str,
    pub(crate) checksum: &'a str,
    /// Who does it, unless the connection says so itself.
    pub(crate) application: &'a str,
    /// The advisory lock of another session without which it must not be written.
    pub(crate) lock: Option<i64>,
}

/// What happened, for the event log.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Apply,
    Revert,
    Failure,
    Resume,
    Repair,
    Accept,
}

/// How long it took.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Took {
    /// From the start of the transaction, by the server's clock.
    Transaction,
    /// So many milliseconds.
    Milliseconds(f64),
    /// It is not known.
    Unknown,
}

/// RFC 3339 by the server's clock, as refinery parses it.
const NOW: &str = "pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', \
                   'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";

/// Records a migration as applied, or as being applied outside a transaction.
pub(crate) fn insert(
    tables: &Tables,
    migration: &Migration,
    depends_on: &[&str],
    dirty: Option<Direction>,
) -> String {
    let requires = migration.requires.iter().map(ToString::to_string);
    let table = tables.of(&migration.service);
    let insert = format!(
        "INSERT INTO {table} (version, name, applied_on, checksum, fingerprint, dirty, \
           requires, depends_on, up_script, down_script) \
         VALUES ({version}, {name}, {NOW}, '{checksum}', '{fingerprint:016x}', {dirty}, \
           {requires}, {depends_on}, {up}, {down})",
        version = migration.version.as_integer(),
        name = quote_literal(&migration.history_name()),
        checksum = migration.checksum,
        fingerprint = migration.up.fingerprint,
        dirty = dirty.map_or_else(|| "NULL".to_owned(), word),
        requires = array(requires),
        depends_on = array(depends_on.iter().copied()),
        up = quote_literal(&migration.up.sql()),
        down = quote_literal(&migration.down.sql()),
    );
    let held = format!(
        "{} AND {} AND {}",
        is(migration.version),
        has_checksum(migration),
        is_dirty(dirty)
    );
    one_row(&table, &insert, &held)
}

/// Marks an entry as broken half-way, or as whole.
pub(crate) fn set_dirty(
    tables: &Tables,
    service: &str,
    version: Version,
    dirty: Option<Direction>,
) -> String {
    let table = tables.of(service);
    let word = dirty.map_or_else(|| "NULL".to_owned(), word);
    let update = format!("UPDATE {table} SET dirty = {word} WHERE {}", is(version));
    one_row(&table, &update, &is_dirty(dirty))
}

/// Records a migration's scripts, and what follows from them, in place of those that
/// were applied.
pub(crate) fn replace(tables: &Tables, migration: &Migration) -> String {
    let table = tables.of(&migration.service);
    let update = format!(
        "UPDATE {table} SET name = {}, checksum = '{}', fingerprint = '{:016x}', requires = {}, \
           up_script = {}, down_script = {} \
         WHERE {}",
        quote_literal(&migration.history_name()),
        migration.checksum,
        migration.up.fingerprint,
        array(migration.requires.iter().map(ToString::to_string)),
        quote_literal(&migration.up.sql()),
        quote_literal(&migration.down.sql()),
        is(migration.version),
    );
    one_row(&table, &update, &has_checksum(migration))
}

/// Unrecords a migration.
pub(crate) fn delete(tables: &Tables, service: &str, version: Version) -> String {
    let table = tables.of(service);
    let delete = format!("DELETE FROM {table} WHERE {}", is(version));
    one_row(&table, &delete, "true")
}

/// A statement that changes a table, and fails unless it changes exactly one row so that
/// `held` holds of it: a trigger may swallow the change or write something else, and an
/// entry may be gone already.
fn one_row(table: &str, statement: &str, held: &str) -> String {
    let count = "pg_catalog.count(*) FILTER (WHERE changed.held)";
    let triggers = format!(
        "(SELECT pg_catalog.concat('; the table has the trigger ', \
            pg_catalog.string_agg(pg_catalog.concat('`', pg_catalog.quote_ident( \
              t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname)) \
          FROM pg_catalog.pg_trigger t \
          WHERE t.tgrelid OPERATOR(pg_catalog.=) {}::pg_catalog.regclass \
            AND NOT t.tgisinternal HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0)",
        quote_literal(table)
    );
    let name = quote_literal(&table.replace('"', ""));
    let instead = format!(
        "'a write of the history changed ', {count}, ' rows of `', {name}, \
         '` where 1 was expected', {triggers}"
    );
    format!(
        "WITH changed AS ({statement} RETURNING {held} AS held) \
         SELECT CASE WHEN {count} OPERATOR(pg_catalog.=) 1 THEN 1 ELSE {} END FROM changed;",
        raise(&instead)
    )
}

/// That a row has the checksum of this migration.
fn has_checksum(migration: &Migration) -> String {
    format!(
        "checksum::pg_catalog.text OPERATOR(pg_catalog.=) '{}'",
        migration.checksum
    )
}

/// That a row has this mark.
fn is_dirty(dirty: Option<Direction>) -> String {
    match dirty {
        Some(direction) => format!("dirty OPERATOR(pg_catalog.=) {}", word(direction)),
        None => "dirty IS NULL".to_owned(),
    }
}

/// An expression that fails unless a migration is recorded, or
/// unless it is not: what a message that was sent ahead puts before its script.
pub(crate) fn guard(
    tables: &Tables,
    service: &str,
    version: Version,
    direction: Direction,
) -> String {
    let count = format!(
        "(SELECT pg_catalog.count(*) FROM {} WHERE {})",
        tables.of(service),
        is(version)
    );
    match direction {
        Direction::Up => format!("1 OPERATOR(pg_catalog./) {count}"),
        Direction::Down => {
            format!("1 OPERATOR(pg_catalog./) (1 OPERATOR(pg_catalog.-) {count})")
        }
    }
}

/// Says, for as long as the transaction lasts, that a service is at work; it waits for
/// nobody who does the same.
///
/// It is a lock on a table and not an advisory one, as a function would be a query, and
/// a script may yet choose its transaction's isolation level (Postgres's manual, on SET
/// TRANSACTION).
pub(crate) fn claim(tables: &Tables, service: &str) -> String {
    format!(
        "LOCK TABLE ONLY {} IN ROW EXCLUSIVE MODE;",
        tables.of(service)
    )
}

/// The mode of [`claim`] in `pg_locks`.
pub(crate) const CLAIM: &str = "RowExclusiveLock";

/// A statement that fails unless another session holds this advisory lock.
pub(crate) fn check(lock: i64) -> String {
    let held = unless_lost(lock, "1");
    format!("SELECT 1 OPERATOR(pg_catalog./) COALESCE({held}, 0);")
}

/// Names the transaction that last wrote an entry: whoever writes the entry later puts
/// another in its place. The answer is one row, [`MARK`] and the transaction.
pub(crate) fn mark(tables: &Tables, service: &str, version: Version) -> String {
    format!(
        "SELECT '{MARK}', xmin::pg_catalog.text FROM {} WHERE {};",
        tables.of(service),
        is(version)
    )
}

/// The first column of the answer to [`mark`].
pub(crate) const MARK: &str = "mark";

/// A statement that fails unless an entry is still as the transaction of a [`mark`] left it.
pub(crate) fn check_mark(tables: &Tables, service: &str, version: Version, mark: &str) -> String {
    format!(
        "SELECT pg_catalog.ln(pg_catalog.count(*)::pg_catalog.float8) FROM {} \
         WHERE {} AND xmin OPERATOR(pg_catalog.=) {}::pg_catalog.xid;",
        tables.of(service),
        is(version),
        quote_literal(mark)
    )
}

/// What a check found gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The lock ([`check`]).
    Lock,
    /// The mark: another run has written the entry since ([`check_mark`]).
    Mark,
}

/// What the server refused a message for, if it was one of our checks.
pub(crate) fn gone(said: &DbError) -> Option<Gone> {
    match said.code() {
        code if *code == SqlState::DIVISION_BY_ZERO => Some(Gone::Lock),
        code if *code == SqlState::INVALID_ARGUMENT_FOR_LOG => Some(Gone::Mark),
        _ => None,
    }
}

/// An expression that is null unless another session holds this advisory lock.
fn unless_lost(lock: i64, value: &str) -> String {
    format!(
        "CASE WHEN pg_catalog.pg_try_advisory_xact_lock_shared({lock}) THEN NULL \
         ELSE {value} END"
    )
}

/// Whether the server refused an event because the lock it was written under is lost.
pub(crate) fn is_lost_lock(said: &DbError) -> bool {
    let is_event = said.table() == Some("event") && said.column() == Some("kind");
    *said.code() == SqlState::NOT_NULL_VIOLATION && is_event
}

/// Adds to the event log.
pub(crate) fn event(
    tables: &Tables,
    kind: Kind,
    row: EventRow<'_>,
    took: Took,
    message: Option<&str>,
) -> String {
    let kind = match kind {
        Kind::Apply => "'apply'",
        Kind::Revert => "'revert'",
        Kind::Failure => "'failure'",
        Kind::Resume => "'resume'",
        Kind::Repair => "'repair'",
        Kind::Accept => "'accept'",
    };
    let kind = match row.lock {
        Some(lock) => unless_lost(lock, kind),
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
    let insert = format!(
        "INSERT INTO {table} (kind, service, version, name, checksum, milliseconds, message, \
           application, migrator_version) \
         VALUES ({kind}, {service}, {version}, {name}, {checksum}, {milliseconds}, {message}, \
           CASE WHEN {APPLICATION} OPERATOR(pg_catalog.=) '' THEN {application} \
             ELSE {APPLICATION} END, '{migrator_version}')",
        service = quote_literal(row.service),
        version = row.version.as_integer(),
        name = quote_literal(row.name),
        checksum = quote_literal(row.checksum),
        message = message.map_or_else(|| "NULL".to_owned(), quote_literal),
        application = quote_literal(row.application),
        migrator_version = env!("CARGO_PKG_VERSION"),
    );
    one_row(&table, &insert, &is(row.version))
}

/// What the session calls itself. NULLIF would look for `=` on the search path.
const APPLICATION: &str = "pg_catalog.current_setting('application_name')";

/// That a row is of this version.
fn is(version: Version) -> String {
    format!(
        "version OPERATOR(pg_catalog.=) {}::pg_catalog.int8",
        version.as_integer()
    )
}

fn word(direction: Direction) -> String {
    quote_literal(direction.as_str())
}

fn array(texts: impl Iterator<Item = impl AsRef<str>>) -> String {
    let texts: Vec<String> = texts.map(|text| quote_literal(text.as_ref())).collect();
    format!("ARRAY[{}]::pg_catalog.text[]", texts.join(", "))
}
