//! What an error of the server means.

use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// The text of a tokio-postgres error with its cause, which `Display` leaves out.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The position that the server's error gives, in the text that was sent.
pub(crate) fn named_position(db_error: &DbError) -> Option<u32> {
    match db_error.position() {
        Some(ErrorPosition::Original(position)) => Some(*position),
        Some(ErrorPosition::Internal { .. }) | None => None,
    }
}

/// Whether the same transaction may succeed if it is tried again.
///
/// Two transactions can change the same row of the catalog, such as two GRANTs on one schema.
/// They do not wait for each other: the later one fails with an internal error (`heapam.c`,
/// `simple_heap_update`). Two transactions that create the same object `IF NOT EXISTS` fail on
/// a unique index of the catalog.
pub(crate) fn is_worth_a_retry(db_error: &DbError) -> bool {
    let passing = [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    let same_row = *db_error.code() == SqlState::INTERNAL_ERROR
        && db_error.message().starts_with("tuple concurrently ");
    let same_object =
        *db_error.code() == SqlState::UNIQUE_VIOLATION && db_error.schema() == Some("pg_catalog");
    passing.contains(db_error.code()) || same_row || same_object
}

/// Whether a statement was cancelled by a request or by `statement_timeout`. The server's errors
/// for the two differ only in their text.
pub(crate) fn is_cancelled(db_error: &DbError) -> bool {
    *db_error.code() == SqlState::QUERY_CANCELED
}
