//! The statements that write the entries of the history. Each function returns one or more complete
//! statements, a [`Write`], or says that it returns an expression.
//!
//! The statements run after a script, under the role's own `search_path`, which may put other
//! schemas before `pg_catalog`. So each name, type and operator has its schema. Only syntax that
//! the grammar resolves in `pg_catalog` has none (`AT TIME ZONE`, `CASE WHEN`, `bigint`).

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Version};
use migrator_plan::{Claim, Origin};

use super::one_row::Write;
use super::schema::Tables;
use crate::session::quote::quote_literal;
use crate::session::text::Text;

/// What an entry or an event says of a migration, as SQL expressions.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(super) version: String,
    pub(super) name: String,
    pub(super) checksum: String,
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
    let (name, checksum) = (&row.subject.name, &row.subject.checksum);
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

/// The condition that a row has this version.
pub(super) fn is_version(version: Version) -> String {
    is(&version.as_integer().to_string())
}

/// The condition that a row has the version that an SQL expression gives.
pub(super) fn is(version: &str) -> String {
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
