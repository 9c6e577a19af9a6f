//! The statement that records a long up script without sending the script again: the server takes the
//! script from the text of the message that runs it.
//!
//! `current_query()` returns the whole text of a simple-query message (`debug_query_string` in
//! Postgres's `postgres.c`). The script is between the first two occurrences of its
//! [`edge`](crate::session::message::edge). The server finds them faster than it counts characters.
//!
//! A proxy may have changed the text, so that the part between them is not the script. So the statement
//! compares the length and the hash of the recorded script with those of the registry, and fails if
//! they differ. The client computes both for the encoding UTF8 alone.

use migrator_model::Migration;

use super::hash::hash_text;
use super::one_row::Write;
use super::schema::Tables;
use super::write::{EntryRow, insert_row};
use crate::session::quote::quote_literal;

/// Records a migration as applied, in a message that has its up script between two edges.
pub(crate) fn insert(
    tables: &Tables,
    migration: Migration<'static>,
    depends_on: &[&str],
    edge: &str,
) -> Write {
    let script = migration.up().sql();
    let found = format!(
        "pg_catalog.split_part(pg_catalog.current_query() COLLATE pg_catalog.\"C\", {}, 2)",
        quote_literal(edge)
    );
    let row = EntryRow {
        up: found.into(),
        ..EntryRow::of(migration, depends_on, None)
    };
    let mut write = insert_row(tables.of(migration.service), row);
    write.condition.push_str(" AND ");
    write.condition.push_str(&is("up_script", &script));
    write
}

/// An expression that is true if the server can check a script from a message: its database has the
/// encoding UTF8, and its hashes are those of the client.
pub(crate) fn can_be_checked() -> String {
    let known = "'a'::pg_catalog.text";
    format!(
        "pg_catalog.current_setting('server_encoding') OPERATOR(pg_catalog.=) 'UTF8' AND {}",
        is(known, "a")
    )
}

/// The condition that a value of the server is this text. The hash is quoted: without quotes, the
/// search path would decide about the minus of a negative number.
fn is(value: &str, text: &str) -> String {
    format!(
        "pg_catalog.octet_length({value}) OPERATOR(pg_catalog.=) {} AND \
         pg_catalog.hashtextextended({value} COLLATE pg_catalog.\"C\", 0) \
         OPERATOR(pg_catalog.=) '{}'::pg_catalog.int8",
        text.len(),
        hash_text(text.as_bytes(), 0).cast_signed()
    )
}
