//! The statements before and after a script that check the lock, the mark and the step before, and
//! the claim that other runs see.
//!
//! As in [`write`](super::write), each name, type and operator has its schema.

use migrator_model::Version;
use migrator_model::file_name::Direction;
use tokio_postgres::error::{DbError, SqlState};

use super::schema::Tables;
use super::write::{is, is_version};
use crate::session::advisory::LockProof;
use crate::session::quote::quote_literal;

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
