//! Writes the SQL that upgrades the tables of a history from an older format to the newest one.
//!
//! `run/upgrade.rs` sends it, under the lock of the run. `history/format.rs` has the statements of
//! each format.

use tokio_postgres::SimpleQueryRow;

use super::failure::ReadError;
use super::format::FORMATS;
use super::parse;
use super::reader::{Reader, Trust};
use super::schema::Tables;
use crate::error::format::FORMAT;

/// Locks the tables, and queries what the upgrade depends on; [`statements`] reads the answer.
/// `check` is a statement that fails if the run has lost its lock.
///
/// Every reader locks the format, the parent and its children in this order, and every step
/// locks the child before the events. So no deadlock can occur.
pub(crate) fn query(reader: &Reader<'_>, check: &str) -> String {
    let tables = reader.tables;
    format!(
        "/* migrator upgrades its history */ {}{check}\
         LOCK TABLE {}, {} IN ACCESS EXCLUSIVE MODE;{}{}",
        reader.opening(Trust::Full),
        tables.format(),
        tables.parent(),
        tables.known_format(),
        tables.keyless(),
    )
}

/// The statements that upgrade the tables; `None` if they have the newest format.
///
/// # Errors
///
/// This version does not know the format.
pub(crate) fn statements(
    tables: &Tables,
    answer: &[SimpleQueryRow],
) -> Result<Option<String>, ReadError> {
    let (formats, rest): (Vec<_>, Vec<_>) = answer.iter().partition(|row| parse::is_format(row));
    let format = parse::format_of(formats)?;
    let later = FORMATS.iter().filter(|later| later.number > format);
    let later: Vec<&str> = later.flat_map(|later| later.upgrade).copied().collect();
    if later.is_empty() {
        return Ok(None);
    }
    let mut statements = String::new();
    for statement in later {
        let statement = statement.replace("{format}", &tables.format());
        statements += &(statement.replace("{history}", &tables.parent()) + ";");
    }
    let keyless = rest.iter().filter(|row| row.get(0) == Some("keyless"));
    for table in keyless.filter_map(|row| row.get(1)) {
        statements += &tables.add_key(table);
    }
    let [.., newest] = &FORMATS;
    let update = format!(
        "UPDATE {} SET format = {FORMAT}, needs = '{}';",
        tables.format(),
        newest.needs
    );
    Ok(Some(statements + &update))
}
