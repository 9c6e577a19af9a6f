//! Turns the rows that a read of the history returns into data.

use std::time::Duration;

use migrator_model::directive::irreversible;
use migrator_model::file_name::Direction;
use migrator_model::registry::MigrationRef;
use migrator_model::{MigrationId, Version};
use tokio_postgres::SimpleQueryRow;

use super::digest;
use super::failure::ReadError;
use super::format;
use super::schema::Tables;
use super::{Entry, History, LogEntry, Origin, RecordedMigration, Stored};
use crate::error::format::UnknownFormat;

/// The history, from the rows of the format, the tables and the entries. There are no rows
/// without a history.
pub(super) fn history(rows: &[SimpleQueryRow]) -> Result<History, ReadError> {
    Ok(history_unless_same(rows)?.unwrap_or_default())
}

/// As [`history`]; `None` if a row says that the digests are the same.
pub(super) fn history_unless_same(rows: &[SimpleQueryRow]) -> Result<Option<History>, ReadError> {
    if rows.is_empty() {
        return Ok(Some(History::default()));
    }
    let (formats, rest): (Vec<_>, Vec<_>) = rows.iter().partition(|row| is_format(row));
    let format = format_of(formats)?;
    let (digests, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|row| is_digest(row));
    if digests.iter().any(|row| row.get(1) == Some(digest::SAME)) {
        return Ok(None);
    }
    let mut tables = Vec::new();
    let mut entries = Vec::new();
    for row in rest {
        if row.get(0) == Some("table") {
            let service = row.get(1).and_then(Tables::service_of);
            tables.extend(service.map(str::to_owned));
        } else {
            let entry = entry(row, format);
            entries.push(entry.ok_or_else(|| ReadError::Row(describe(row)))?);
        }
    }
    tables.sort();
    let history = History::new(entries);
    Ok(Some(history.with_tables(tables).with_format(format)))
}

/// The recorded migrations, from the rows of the format and the migrations.
pub(super) fn recorded(rows: &[SimpleQueryRow]) -> Result<Vec<RecordedMigration>, ReadError> {
    let (formats, rest): (Vec<_>, Vec<_>) = rows.iter().partition(|row| is_format(row));
    format_of(formats)?;
    let recorded = rest.into_iter().map(|row| {
        let migration = recorded_migration(row);
        migration.ok_or_else(|| ReadError::Row(describe(row)))
    });
    recorded.collect()
}

/// An entry of the event log, from the texts of its columns.
pub(super) fn log_entry<'r>(column: impl Fn(usize) -> Option<&'r str>) -> Option<LogEntry> {
    let text = |index| column(index).map(str::to_owned);
    let version = Version::from_integer(column(4)?.parse().ok()?);
    let milliseconds: Option<f64> = match column(6) {
        Some(number) => Some(number.parse().ok()?),
        None => None,
    };
    let took = milliseconds.map(|number| Duration::try_from_secs_f64(number / 1000.0).ok());
    Some(LogEntry {
        at: text(1)?,
        kind: text(2)?,
        id: MigrationId::recorded(text(3)?, version, column(5)?),
        took: took.flatten(),
        message: text(7),
        application: text(8)?,
        migrator_version: text(9)?,
        role: text(10)?,
        client: text(11),
    })
}

/// Whether a row is of the table `format`.
pub(super) fn is_format(row: &SimpleQueryRow) -> bool {
    row.get(0) == Some("format")
}

/// Whether a row is the answer of [`digest::compare`].
fn is_digest(row: &SimpleQueryRow) -> bool {
    row.get(0) == Some("digest")
}

/// The format of the tables, from all rows of the table `format`.
pub(crate) fn format_of<'r>(
    rows: impl IntoIterator<Item = &'r SimpleQueryRow>,
) -> Result<i32, UnknownFormat> {
    let rows = rows.into_iter();
    let rows: Vec<_> = rows
        .map(|row| (row.get(1).unwrap_or_default(), row.get(2)))
        .collect();
    format::known(&rows)
}

fn recorded_migration(row: &SimpleQueryRow) -> Option<RecordedMigration> {
    let text = |column| row.get(column).map(str::to_owned);
    Some(RecordedMigration {
        id: id(row, 0)?,
        up_script: text(3),
        role: text(4),
        dirty: direction(row.get(5)).ok()?,
        checksum: text(6)?,
    })
}

/// A value of `dirty` that no version of migrator writes.
struct NoDirection;

fn direction(dirty: Option<&str>) -> Result<Option<Direction>, NoDirection> {
    match dirty {
        None => Ok(None),
        Some(word) => Direction::find(word).map(Some).ok_or(NoDirection),
    }
}

pub(super) fn describe(row: &SimpleQueryRow) -> String {
    let fields: Vec<&str> = (1..row.len())
        .map(|i| row.get(i).unwrap_or("NULL"))
        .collect();
    fields.join(", ")
}

fn entry(row: &SimpleQueryRow, format: i32) -> Option<Entry> {
    let text = |column| row.get(column).map(str::to_owned);
    let fingerprint = match row.get(6) {
        Some(hex) => Some(u64::from_str_radix(hex, 16).ok()?),
        None => None,
    };
    let dirty = direction(row.get(7)).ok()?;
    let requires: Option<Vec<MigrationRef>> = words(row.get(8)).map(reference).collect();
    Some(Entry {
        id: id(row, 1)?,
        applied_on: text(4)?,
        checksum: text(5)?,
        fingerprint,
        dirty,
        requires: requires?,
        depends_on: words(row.get(9)).map(str::to_owned).collect(),
        down_script: match row.get(10) {
            Some(text) => irreversible(text).map_or(Stored::Yes, Stored::Irreversible),
            None => Stored::No,
        },
        // In format 1, migrator has no column `origin`: somebody else added it.
        origin: match format {
            1 => Origin::Applied,
            _ => Origin::find(row.get(11)?)?,
        },
    })
}

/// The identity of a migration: the table, the version and the name are in the columns from
/// `first` on.
fn id(row: &SimpleQueryRow, first: usize) -> Option<MigrationId> {
    let service = Tables::service_of(row.get(first)?)?.to_owned();
    let version = Version::from_integer(row.get(first + 1)?.parse().ok()?);
    Some(MigrationId::recorded(service, version, row.get(first + 2)?))
}

fn words(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split_whitespace()
}

fn reference(text: &str) -> Option<MigrationRef> {
    let (service, version) = text.split_once('/')?;
    Some(MigrationRef {
        service: service.to_owned().into(),
        version: Version::from_integer(version.parse().ok()?),
    })
}
