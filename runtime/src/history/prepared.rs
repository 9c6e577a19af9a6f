//! The statements that record a step, with parameters, for a session that executes them often.
//!
//! To plan such a statement takes several times as long as to execute it. They are the statements
//! of [`write`](super::write), with the same checks.

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Version};
use migrator_plan::Origin;

use super::checks::after_version;
use super::log::EventKind;
use super::schema::Tables;
use super::write::{self, EntryRow, Subject};
use super::write_event::{EventRow, Took, event};
use crate::session::advisory::LockProof;
use crate::session::text::Text;

/// What a prepared statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// It records a step in this direction, in the transaction of its script.
    Record(Direction),
    /// It fails unless a step in this direction is recorded as done.
    After(Direction),
}

/// The run that records the steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorder<'a> {
    /// See [`EventRow::application`].
    pub(crate) application: &'a str,
    /// See [`EventRow::lock`].
    pub(crate) lock: LockProof,
    /// The message of each event.
    pub(crate) approval: Option<&'a str>,
    /// The services that the service of the steps depends on.
    pub(crate) depends_on: &'a [&'a str],
}

/// The types of the parameters, and the statement, which ends with a semicolon.
pub(crate) fn statement(
    tables: &Tables,
    service: &str,
    purpose: Purpose,
    by: Recorder<'_>,
) -> String {
    let table = tables.of(service);
    match purpose {
        Purpose::After(direction) => {
            let check = after_version(&table, "$1", direction);
            format!("(pg_catalog.int8) AS {check};")
        }
        Purpose::Record(direction) => {
            let (types, kind, entry) = match direction {
                Direction::Up => (
                    "pg_catalog.int8, pg_catalog.text, pg_catalog.text, pg_catalog.text, \
                     pg_catalog.text[], pg_catalog.text, pg_catalog.text",
                    EventKind::Apply,
                    write::insert_row(table, parameters(by.depends_on)),
                ),
                Direction::Down => (
                    "pg_catalog.int8, pg_catalog.text, pg_catalog.text",
                    EventKind::Revert,
                    write::delete_row(table, "$1"),
                ),
            };
            let row = EventRow {
                service,
                subject: Subject::parameters(),
                application: by.application,
                lock: Some(by.lock),
            };
            let event = event(tables, kind, &row, Took::Transaction, by.approval);
            let write = entry.with_event(event);
            format!("({types}) AS {}", write.without_scripts_from(0))
        }
    }
}

fn parameters(depends_on: &[&str]) -> EntryRow {
    let [fingerprint, requires] = ["$4", "$5"].map(str::to_owned);
    let [up, down] = ["$6", "$7"].map(Text::from);
    EntryRow {
        subject: Subject::parameters(),
        fingerprint,
        dirty: None,
        requires,
        depends_on: write::array(depends_on.iter().copied()),
        up,
        down,
        applied_on: write::NOW.to_owned(),
        origin: Origin::Applied,
    }
}

/// The arguments that record this migration as applied.
pub(crate) fn apply(migration: Migration<'static>) -> Text {
    let row = EntryRow::of(migration, &[], None);
    let subject = row.subject.arguments();
    let mut arguments = Text::from(format!(
        "{subject}, {}, {}, ",
        row.fingerprint, row.requires
    ));
    arguments.append(row.up);
    arguments.push(", ");
    arguments.append(row.down);
    arguments
}

/// The arguments that record a migration as reverted.
pub(crate) fn revert(version: Version, name: &str, checksum: &str) -> String {
    Subject::of(version, name, checksum).arguments()
}

/// The argument of the check of a migration.
pub(crate) fn after(version: Version) -> String {
    version.as_integer().to_string()
}
