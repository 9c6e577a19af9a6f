//! Collects what the registry, the analysis, the history and the event log say.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::path::PathBuf;

use migrator_analysis::effects::{Effects, effects};
use migrator_analysis::{ChangeKind, Uses, analyse, uses};
use migrator_model::{Migration, MigrationId, Mode, Problem, Registry, Resolved};
use migrator_runtime::history::LogEntry;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::graph;
use super::super::verified::Verified;
use super::tables::Table;
use crate::view::{
    Drift, MigrationState, NewMigration, Report, ReportMigration, ReportTable, Scripts, Status,
};

/// What a database says.
pub(super) struct Database {
    pub(super) status: Status,
    pub(super) log: Vec<LogEntry>,
    pub(super) tables: Vec<Table>,
    /// Only if somebody asked for it.
    pub(super) drift: Option<Drift>,
}

/// The report, without the name of its file.
pub(super) fn collect(
    registry: &Registry,
    database: Option<Database>,
    verified: Option<&Verified>,
) -> Report {
    let used = uses(registry);
    let status = database.as_ref().map(|database| &database.status);
    let graph = graph::of(registry, &used, status);
    let (status, log, tables, drift) = match database {
        Some(found) => {
            let (log, tables) = (Some(found.log), Some(found.tables));
            (Some(found.status), log, tables, found.drift)
        }
        None => (None, None, None, None),
    };
    let tables = tables.map(|tables| owned(tables, &used));
    let now = OffsetDateTime::now_utc();
    let now = now.replace_nanosecond(0).unwrap_or(now);
    Report {
        html: PathBuf::new(),
        made_at: now.format(&Rfc3339).unwrap_or_default(),
        migrator_version: env!("CARGO_PKG_VERSION"),
        graph,
        migrations: migrations(registry, used, status, verified),
        findings: findings(registry),
        log,
        tables,
        drift,
    }
}

/// What `check` finds in the scripts.
fn findings(registry: &Registry) -> Vec<Problem> {
    let resolved = Resolved {
        levels: registry.levels().collect(),
        registry: registry.clone(),
        ..Resolved::default()
    };
    let mut findings = analyse(&resolved);
    Problem::sort(&mut findings);
    findings
}

fn migrations(
    registry: &Registry,
    used: Vec<Uses<'_>>,
    status: Option<Status>,
    verified: Option<&Verified>,
) -> Vec<ReportMigration> {
    let services = status.into_iter().flat_map(|status| status.services);
    let found = services.flat_map(|service| service.migrations);
    let mut rest: BTreeMap<MigrationId, MigrationState> =
        found.map(|state| (state.id.clone(), state)).collect();
    let mut new: Vec<NewMigration> = effects(registry)
        .into_iter()
        .map(|one: Effects<'_>| NewMigration::of(one))
        .collect();
    if let Some(verified) = verified {
        verified.add_to(&mut new, registry);
    }
    let known = used.into_iter().zip(new).map(|(uses, effects)| {
        let id = uses.migration.id();
        ReportMigration {
            database: rest.remove(&id),
            script: Some(scripts(registry, uses, effects)),
            id,
        }
    });
    let mut migrations: Vec<ReportMigration> = known.collect();
    migrations.extend(rest.into_iter().map(|(id, state)| ReportMigration {
        id,
        database: Some(state),
        script: None,
    }));
    migrations
}

fn scripts(registry: &Registry, uses: Uses<'_>, mut effects: NewMigration) -> Scripts {
    let migration = uses.migration;
    let (up, down) = (migration.up(), migration.down());
    let required = migration.required();
    let required = required.filter_map(|(service, version)| registry.migration(service, version));
    Scripts {
        path: up.path(),
        requires: required.map(Migration::id).collect(),
        uses: uses.services.into_iter().collect(),
        changes: uses.changes,
        measured: mem::take(&mut effects.measured),
        effects,
        up: up.raw.to_owned(),
        down: down.raw.to_owned(),
        transaction: up.mode == Mode::Transaction,
    }
}

/// The tables, each with the service whose migration created it last.
fn owned(tables: Vec<Table>, used: &[Uses<'_>]) -> Vec<ReportTable> {
    let mut owners: HashMap<(&str, &str), &str> = HashMap::new();
    for uses in used {
        let created = uses.changes.iter();
        let created = created.filter(|one| one.kind == ChangeKind::Creates);
        for one in created.filter(|one| one.object == "relation") {
            let schema = one.schema.as_deref().unwrap_or("public");
            owners.insert((schema, &one.name), uses.migration.service);
        }
    }
    let owned = tables.into_iter().map(|one| {
        let owner = owners.get(&(one.schema.as_str(), one.name.as_str()));
        ReportTable {
            service: owner.map(|&owner| owner.to_owned()),
            schema: one.schema,
            table: one.name,
            catalog: one.catalog,
        }
    });
    owned.collect()
}
