//! What an error of the server means.

use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// An error of tokio-postgres with its cause, which its `Display` leaves out.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The position that the server named in the text it was sent.
pub(crate) fn named_position(said: &DbError) -> Option<u32> {
    match said.position() {
        Some(ErrorPosition::Original(position)) => Some(*position),
        Some(ErrorPosition::Internal { .. }) | None => None,
    }
}

/// Whether the same transaction may well succeed if it is tried again.
///
/// Two transactions that change the same row of the catalog, as two GRANTs on one
/// schema do, do not wait for each other: the later one fails with an internal error
/// (`heapam.c`, `simple_heap_update`). Two that make the same object `IF NOT EXISTS`
/// meet in a unique index of the catalog.
pub(crate) fn is_worth_a_retry(said: &DbError) -> bool {
    let passing = [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    let same_row = *said.code() == SqlState::INTERNAL_ERROR
        && said.message().starts_with("tuple concurrently ");
    let same_object =
        *said.code() == SqlState::UNIQUE_VIOLATION && said.schema() == Some("pg_catalog");
    passing.contains(said.code()) || same_row || same_object
}

/// Whether it was cancelled by request, or by `statement_timeout`: the server tells them
/// apart in words alone.
pub(crate) fn is_cancelled(said: &DbError) -> bool {
    *said.code() == SqlState::QUERY_CANCELED
}
