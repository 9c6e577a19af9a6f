//! Compares the live schema with the schema that its history implies: what `migrator drift` does.

mod confine;
mod confined;
mod recorded;
pub(crate) mod replay;
pub(crate) mod server;
mod watch;

use std::collections::BTreeSet;

use migrator_model::{Migration, MigrationId, Registry, small};
use migrator_runtime::history::RecordedMigration;
use migrator_runtime::{Client, Migrator};

use crate::compare::difference::{Change, Difference, differences};
use crate::compare::meaning;
use crate::compare::order;
use crate::compare::pattern::Pattern;
use crate::error::Error;
use crate::roles;
use crate::snapshot::content::{Scope, Snapshot};
use crate::snapshot::object::{Kind, Object};
use crate::snapshot::query::Within;
use recorded::{Origin, Script, script};
use replay::Replay;
use server::ThrowawayServer;

/// The result of a comparison.
#[derive(Debug)]
#[non_exhaustive]
pub struct Drift {
    /// The differences: `before` is the schema that the history implies, `after` the live schema.
    pub differences: Vec<Difference>,
    /// The number of migrations in the history.
    pub migrations: usize,
    /// Differences that are no drift: columns at other positions, and enum values that a reverted
    /// migration left.
    pub notes: Vec<Difference>,
    /// The differences that match a pattern.
    pub left_out: Vec<Difference>,
    /// The entries whose script only the history has.
    pub from_history: Vec<MigrationId>,
    /// The entries whose script may have caught a refusal of the temporary server. These scripts may
    /// have done more on the live server, so the comparison is not certain.
    pub caught: Vec<MigrationId>,
    /// The storage options that were not compared because their names are unknown.
    pub unknown_options: BTreeSet<String>,
}

/// What happens during a comparison.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum DriftEvent<'e> {
    /// The history was read, and the replay of this many migrations starts.
    Replaying(usize),
    /// A migration was replayed.
    Replayed(&'e MigrationId),
}

/// Replays the history of a live database on another server, and compares the two schemas. A
/// role with the same name as on the live server runs each script.
///
/// From the first script that only the history has, no script runs as a superuser, because whoever
/// can write the history decides what such a script does.
///
/// `scratch` gets the roles of the live server, without their rights. `tell` gets what happens, when it
/// happens.
///
/// Properties that the empty database had, and that no migration changed, are not compared: the
/// owner of `public` depends on how a server was set up. A pattern leaves out any object outside the
/// schemas that the migrations create. Inside these schemas, it leaves out only objects that no
/// migration created.
///
/// # Errors
///
/// The history cannot be read or replayed, or a server does not answer.
pub async fn drift(
    live: &Client,
    migrator: &Migrator,
    scratch: &ThrowawayServer,
    patterns: &[Pattern],
    mut tell: impl FnMut(DriftEvent<'_>),
) -> Result<Drift, Error> {
    let scope = Scope::without_schemas(vec![migrator.options().schema.clone()]);
    let (recorded, there) = read(live, migrator, &scope).await?;
    let roles = roles::of(live).await.map_err(Error::Catalog)?;
    let is_superuser = roles.is_superuser;
    let history = scripts(migrator.registry(), &recorded)?;
    let mut replay = Box::pin(Replay::new(scratch, roles, &history)).await?;
    let fresh = take(replay.admin(), &scope).await?;
    tell(DriftEvent::Replaying(history.len()));
    for (entry, script) in &history {
        replay = Box::pin(replay.apply(entry, script)).await?;
        tell(DriftEvent::Replayed(&entry.id));
    }
    let implied = take(replay.admin(), &scope).await?;
    let unknown_options = [&implied, &there]
        .into_iter()
        .flat_map(Snapshot::unknown_options);
    let unknown_options = unknown_options.map(str::to_owned).collect();
    let mut found = differences(&implied, &there);
    found.retain(|difference| {
        let is_visible = is_superuser || !is_hidden(difference);
        is_visible && !is_the_servers(difference, &fresh, &implied)
    });
    if let Some(session) = replay.parser() {
        let differing = meaning::differing(session.postgres(), found, &implied, Within::Own);
        found = replay.within_limit(differing).await?;
    }
    let caught = replay.caught().to_vec();
    replay.close().await;
    let services = schemas_beyond(&fresh, &implied);
    let (left_out, found): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|difference| is_left_out(difference, &services, patterns));
    let (irremovable, mut differences) = order::irremovable(found);
    let (notes, drifted): (Vec<_>, Vec<_>) = irremovable
        .into_iter()
        .partition(|difference| is_left_by_a_revert(difference, migrator.registry(), &recorded));
    differences.extend(drifted);
    small::sort_by(&mut differences, |a, b| a.object.cmp(&b.object));
    Ok(Drift {
        differences,
        notes,
        migrations: recorded.len(),
        from_history: from_history(&history),
        caught,
        left_out,
        unknown_options,
    })
}

/// The entries whose script only the history has.
fn from_history(history: &[(&RecordedMigration, Script)]) -> Vec<MigrationId> {
    let is_foreign = |(_, script): &&(&RecordedMigration, Script)| script.origin == Origin::History;
    let foreign = history.iter().filter(is_foreign);
    foreign.map(|(entry, _)| entry.id.clone()).collect()
}

/// The entries, each with the script that replays it. All scripts are chosen before the first runs.
pub(crate) fn scripts<'r>(
    registry: &Registry,
    recorded: &'r [RecordedMigration],
) -> Result<Vec<(&'r RecordedMigration, Script)>, Error> {
    let scripts = recorded.iter();
    let scripts = scripts.map(|entry| Ok((entry, script(registry, entry)?)));
    scripts.collect()
}

/// How often a live database is read until its history stays the same meanwhile.
const READS: usize = 5;

/// Reads the history and the schema, in a state between two runs.
pub(crate) async fn read(
    live: &Client,
    migrator: &Migrator,
    scope: &Scope,
) -> Result<(Vec<RecordedMigration>, Snapshot), Error> {
    let mut recorded = migrator.recorded(live).await?;
    for _ in 0..READS {
        if let Some(dirty) = recorded.iter().find(|entry| entry.dirty.is_some()) {
            let at_work = migrator.at_work(live, &[&*dirty.id.service]).await?;
            if at_work.is_empty() && migrator.recorded(live).await? == recorded {
                return Err(Error::Dirty(dirty.id.clone()));
            }
            return Err(Error::Moving);
        }
        let there = take(live, scope).await?;
        let since = migrator.recorded(live).await?;
        if since == recorded {
            return Ok((recorded, there));
        }
        recorded = since;
    }
    Err(Error::Moving)
}

async fn take(client: &Client, scope: &Scope) -> Result<Snapshot, Error> {
    let taken = Snapshot::take(client.postgres(), scope).await;
    taken.map_err(Error::Catalog)
}

/// Whether a difference comes from how the server was set up: the object existed before the first
/// migration, and no migration changed the property.
fn is_the_servers(difference: &Difference, fresh: &Snapshot, implied: &Snapshot) -> bool {
    let (Some(fresh), Some(implied)) = (
        fresh.properties(&difference.object),
        implied.properties(&difference.object),
    ) else {
        return false;
    };
    match &difference.change {
        Change::Altered { property, .. } => fresh.get(property) == implied.get(property),
        Change::Appeared | Change::Disappeared => fresh == implied,
    }
}

/// Whether the live session may be unable to see the property: only superusers see the options of
/// all user mappings (`pg_user_mappings`).
fn is_hidden(difference: &Difference) -> bool {
    let hidden = matches!(&difference.change, Change::Altered { property, after: None, .. }
        if property == "options");
    hidden && difference.object.kind == Kind::UserMapping
}

/// Whether a reverted migration may have left the difference: a column at another position, or
/// enum values that only pending migrations add.
fn is_left_by_a_revert(
    difference: &Difference,
    registry: &Registry,
    recorded: &[RecordedMigration],
) -> bool {
    let Some(values) = difference.added_values() else {
        return true;
    };
    let is_recorded = |migration: Migration<'_>| {
        let reference = migration.reference();
        recorded
            .iter()
            .any(|entry| entry.id.reference() == reference)
    };
    let pending = || registry.migrations().filter(|one| !is_recorded(*one));
    let is_made = |value: &&str| pending().any(|migration| migration.up().raw.contains(*value));
    values.iter().all(is_made)
}

/// The schemas that the migrations created.
fn schemas_beyond<'p>(fresh: &Snapshot, implied: &'p Snapshot) -> BTreeSet<&'p str> {
    let objects = implied.objects().map(|(object, _)| object);
    let schemas = objects.filter(|object| object.kind == Kind::Schema);
    let made = schemas.filter(|object| fresh.properties(object).is_none());
    made.filter_map(Object::schema).collect()
}

fn is_left_out(difference: &Difference, services: &BTreeSet<&str>, patterns: &[Pattern]) -> bool {
    let object = &difference.object;
    let is_named = patterns.iter().any(|pattern| {
        pattern.matches(object)
            || object
                .parent()
                .is_some_and(|parent| pattern.matches(parent))
    });
    let is_of_a_service = object.schema().is_some_and(|name| services.contains(name));
    is_named && (!is_of_a_service || difference.change == Change::Appeared)
}
