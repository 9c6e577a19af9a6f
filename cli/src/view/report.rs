//! Everything about a tree and a database, for the page of `report`.

use std::path::PathBuf;

use migrator_analysis::ObjectChange;
use migrator_model::{LockMode, MigrationId, Problem};
use migrator_runtime::history::LogEntry;
use serde::{Serialize, Serializer};

use super::drift::Drift;
use super::graph::Graph;
use super::members::{self, severity_word};
use super::new_migration::{self, NewMigration};
use super::status::MigrationState;

/// What `report` collects.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The file of the page.
    pub(crate) html: PathBuf,
    /// When the report was made, in RFC 3339.
    pub(crate) made_at: String,
    /// The version of migrator.
    pub(crate) migrator_version: &'static str,
    pub(crate) graph: Graph,
    /// In plan order; those that only the history has come last.
    pub(crate) migrations: Vec<ReportMigration>,
    #[serde(serialize_with = "findings")]
    pub(crate) findings: Vec<Problem>,
    /// The event log, the oldest entry first. Null without a database.
    #[serde(serialize_with = "log")]
    pub(crate) log: Option<Vec<LogEntry>>,
    /// The tables of the database. Null without a database.
    pub(crate) tables: Option<Vec<ReportTable>>,
    /// How the database differs from its history. Null if nobody asked for it.
    pub(crate) drift: Option<Drift>,
}

/// A migration in a report.
#[derive(Debug, Serialize)]
pub(crate) struct ReportMigration {
    #[serde(serialize_with = "members::identity")]
    pub(crate) id: MigrationId,
    /// Its state in the database. Null without a database.
    pub(crate) database: Option<MigrationState>,
    /// What the registry has. Null if only the history has the migration.
    pub(crate) script: Option<Scripts>,
}

/// What the registry and the analysis say about a migration.
#[derive(Debug, Serialize)]
pub(crate) struct Scripts {
    /// The path of the up script.
    pub(crate) path: String,
    #[serde(serialize_with = "members::identities")]
    pub(crate) requires: Vec<MigrationId>,
    /// The services whose objects its scripts use.
    pub(crate) uses: Vec<String>,
    #[serde(serialize_with = "changes")]
    pub(crate) changes: Vec<ObjectChange>,
    /// The locks, scans and rewrites of its up script.
    pub(crate) effects: NewMigration,
    /// The locks of its up script that `verify` measured.
    #[serde(serialize_with = "new_migration::locks")]
    pub(crate) measured: Vec<(String, LockMode)>,
    pub(crate) up: String,
    pub(crate) down: String,
    /// Whether the up script runs in a transaction.
    pub(crate) transaction: bool,
}

/// A table of the database.
#[derive(Debug, Serialize)]
pub(crate) struct ReportTable {
    pub(crate) schema: String,
    pub(crate) table: String,
    /// The service whose migration created the table, if the tree shows it.
    pub(crate) service: Option<String>,
    /// `kind`, `comment`, `rows`, `columns` and `keys`, as the server answered.
    #[serde(flatten)]
    pub(crate) catalog: serde_json::Map<String, serde_json::Value>,
}

fn changes<S: Serializer>(changes: &[ObjectChange], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(changes.iter().map(|one| Change {
        word: one.kind.as_str(),
        kind: one.object,
        schema: one.schema.as_deref(),
        name: &one.name,
        table: one.table.as_deref(),
    }))
}

#[derive(Serialize)]
struct Change<'a> {
    #[serde(rename = "change")]
    word: &'a str,
    kind: &'a str,
    schema: Option<&'a str>,
    name: &'a str,
    table: Option<&'a str>,
}

fn findings<S: Serializer>(findings: &[Problem], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(findings.iter().map(|one| Finding {
        code: one.code.as_str(),
        severity: severity_word(one.severity),
        message: &one.message,
        path: one.path(),
        line: one.position().map(|position| position.line),
        help: &one.help,
    }))
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    path: Option<&'a str>,
    line: Option<usize>,
    help: &'a str,
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn log<S: Serializer>(log: &Option<Vec<LogEntry>>, to: S) -> Result<S::Ok, S::Error> {
    match log {
        Some(log) => to.collect_seq(log.iter().map(Logged::of)),
        None => to.serialize_none(),
    }
}

#[derive(Serialize)]
struct Logged<'a> {
    at: &'a str,
    kind: &'a str,
    migration: String,
    milliseconds: Option<f64>,
    message: Option<&'a str>,
    application: &'a str,
    role: &'a str,
    client: Option<&'a str>,
}

impl<'a> Logged<'a> {
    fn of(entry: &'a LogEntry) -> Logged<'a> {
        Logged {
            at: &entry.at,
            kind: &entry.kind,
            migration: entry.id.to_string(),
            milliseconds: entry.took.map(members::in_milliseconds),
            message: entry.message.as_deref(),
            application: &entry.application,
            role: &entry.role,
            client: entry.client.as_deref(),
        }
    }
}
