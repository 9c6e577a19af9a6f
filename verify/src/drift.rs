//! The live schema against what its own history implies: what `migrator drift` does.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use migrator_model::{Migration, Registry};
use migrator_runtime::history::RecordedMigration;
use migrator_runtime::{Client, Migrator, Settings};

use crate::difference::{Change, Difference, differences};
use crate::error::Error;
use crate::meaning;
use crate::order;
use crate::pattern::Pattern;
use crate::recorded::{Origin, Script, script};
use crate::repeat::Repeat;
use crate::roles;
use crate::snapshot::{Kind, Object, Scope, Snapshot, Within};

/// How a schema differs from what its history implies.
#[derive(Debug)]
pub struct Drift {
    /// The differences: `before` is what the history implies, `after` what is there.
    pub differences: Vec<Difference>,
    /// How many migrations the history lists.
    pub migrations: usize,
    /// Columns at other places, and enum values that were left by a migration that is reverted:
    /// they are no drift.
    pub notes: Vec<Difference>,
    /// The differences that a pattern leaves out.
    pub left_out: Vec<Difference>,
    /// The entries that were repeated with a script that only the history has.
    pub from_history: Vec<String>,
    /// The entries whose script caught an error while nothing was repeated as a superuser. The
    /// error may have been a lack of rights, so what the history implies is not certain.
    pub caught: Vec<String>,
    /// The storage options that were not compared, as their names are not known.
    pub unknown_options: BTreeSet<String>,
}

/// The server on which a history is repeated. Nobody else uses that server.
#[derive(Clone, Debug)]
pub struct ThrowawayServer {
    /// The way to an empty database, as a superuser.
    pub settings: Settings,
    /// The file that the server logs to.
    pub log: PathBuf,
    /// How long a script may run that only the history has, or that comes after such a script.
    pub time_limit: Option<Duration>,
}

/// Repeats on another server what a live database's history lists, each script as
/// it ran and by the role that ran it, and compares the two.
///
/// From the first script on that only the history has, nothing is repeated as a
/// superuser: whoever can write the history decides what such a script does.
///
/// The live server's roles are made on `scratch`, without their rights.
///
/// What the empty database had already and no migration has changed is not
/// compared: a server's owner of `public` is no drift. A pattern leaves out any
/// object outside the schemas that the migrations make; inside them, only what no
/// migration has made.
///
/// # Errors
///
/// The history cannot be read or repeated, or a server does not answer.
pub async fn drift(
    live: &Client,
    migrator: &Migrator,
    scratch: &ThrowawayServer,
    patterns: &[Pattern],
) -> Result<Drift, Error> {
    let scope = Scope {
        without_schemas: vec![migrator.options().schema.clone()],
    };
    let (recorded, there) = at_rest(live, migrator, &scope).await?;
    let roles = roles::of(live).await.map_err(Error::Catalog)?;
    let is_superuser = roles.is_superuser;
    let history = scripts(migrator.registry(), &recorded)?;
    let mut repeat = Box::pin(Repeat::new(scratch, roles, &history)).await?;
    let fresh = take(repeat.admin(), &scope).await?;
    for (entry, script) in &history {
        repeat = Box::pin(repeat.apply(entry, script)).await?;
    }
    let implied = take(repeat.admin(), &scope).await?;
    let unknown_options = [&implied, &there]
        .into_iter()
        .flat_map(Snapshot::unknown_options);
    let unknown_options = unknown_options.map(str::to_owned).collect();
    let mut found = differences(&implied, &there);
    found.retain(|difference| {
        let is_visible = is_superuser || !is_hidden(difference);
        is_visible && !is_the_servers(difference, &fresh, &implied)
    });
    if let Some(session) = repeat.parser() {
        let differing = meaning::differing(session.postgres(), found, &implied, Within::Own);
        found = repeat.within_limit(differing).await?;
    }
    let caught = repeat.caught().to_vec();
    repeat.close().await;
    let services = schemas_beyond(&fresh, &implied);
    let (left_out, found): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|difference| is_left_out(difference, &services, patterns));
    let (irremovable, mut differences) = order::irremovable(found);
    let (notes, drifted): (Vec<_>, Vec<_>) = irremovable
        .into_iter()
        .partition(|difference| is_left_by_a_revert(difference, migrator.registry(), &recorded));
    differences.extend(drifted);
    differences.sort_by(|a, b| a.object.cmp(&b.object));
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
fn from_history(history: &[(&RecordedMigration, Script)]) -> Vec<String> {
    let is_foreign = |(_, script): &&(&RecordedMigration, Script)| script.origin == Origin::History;
    let foreign = history.iter().filter(is_foreign);
    foreign.map(|(entry, _)| entry.id.to_string()).collect()
}

/// The entries, each with the script that repeats it: all of them are looked at before
/// one is run.
fn scripts<'r>(
    registry: &Registry,
    recorded: &'r [RecordedMigration],
) -> Result<Vec<(&'r RecordedMigration, Script)>, Error> {
    let scripts = recorded.iter();
    let scripts = scripts.map(|entry| Ok((entry, script(registry, entry)?)));
    scripts.collect()
}

/// How often a live database is looked at until nobody migrates it meanwhile.
const LOOKS: usize = 5;

/// The history and the schema that belongs to it.
async fn at_rest(
    live: &Client,
    migrator: &Migrator,
    scope: &Scope,
) -> Result<(Vec<RecordedMigration>, Snapshot), Error> {
    let mut recorded = migrator.recorded(live).await?;
    for _ in 0..LOOKS {
        if let Some(dirty) = recorded.iter().find(|entry| entry.dirty.is_some()) {
            let at_work = migrator.at_work(live, &[&*dirty.id.service]).await?;
            if at_work.is_empty() && migrator.recorded(live).await? == recorded {
                return Err(Error::Dirty(dirty.id.to_string()));
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

/// Whether it is in how servers are set up: the object was there before the first
/// migration, and no migration has changed that property of it.
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

/// Whether a role that is no superuser may just not see it: the options of others'
/// user mappings (`pg_user_mappings`).
fn is_hidden(difference: &Difference) -> bool {
    let hidden = matches!(&difference.change, Change::Altered { property, after: None, .. }
        if property == "options");
    hidden && difference.object.kind == Kind::UserMapping
}

/// Whether a reverted migration has left it: a column at another place, or an enum's values. Only a value that a migration makes, and none that is
/// applied, can have been left so.
fn is_left_by_a_revert(
    difference: &Difference,
    registry: &Registry,
    recorded: &[RecordedMigration],
) -> bool {
    let Some(values) = difference.added_values() else {
        return true;
    };
    let is_recorded = |migration: &Migration| {
        let reference = migration.reference();
        recorded
            .iter()
            .any(|entry| entry.id.reference() == reference)
    };
    let pending = || registry.migrations.iter().filter(|one| !is_recorded(one));
    let is_made = |value: &&str| pending().any(|migration| migration.up.raw.contains(*value));
    values.iter().all(is_made)
}

/// The schemas that migrations have made.
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
