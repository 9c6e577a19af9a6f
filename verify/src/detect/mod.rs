//! Finds out which pending migrations are in a live database: what `status --detect` does.
//!
//! The history is replayed on another server, and then each pending migration in order. A snapshot
//! after each of them shows what the migration makes. `timeline` compares this with the live
//! database.

mod evidence;
mod timeline;

use std::collections::BTreeSet;
use std::error::Error as _;

use migrator_model::{Migration, MigrationId, Registry};
use migrator_runtime::{Client, Migrator, Selection};

pub use self::evidence::{Evidence, Missing, MissingEffect, Presence};
use self::timeline::{Live, Place, Timeline};
use crate::compare::difference::{Change, Difference, differences};
use crate::compare::meaning;
use crate::drift::replay::Replay;
use crate::drift::server::ThrowawayServer;
use crate::drift::{read, scripts};
use crate::error::Error;
use crate::roles;
use crate::snapshot::content::{Scope, Snapshot};
use crate::snapshot::query::Within;
use crate::snapshot::reader::SnapshotReader;

/// For each migration of these services that the history does not have: how much of what it makes
/// is in the live database. The order is that of the registry.
///
/// Replays the history on another server, as [`drift`](crate::drift()) does, and then the pending
/// migrations of these services and of the services that they need. Changes nothing in the live
/// database.
///
/// A migration whose script fails on the other server has the result [`Presence::Unknown`]. So has a
/// migration that changes only rows.
///
/// # Errors
///
/// The history cannot be read or replayed, or a server does not answer.
pub async fn detect(
    live: &Client,
    migrator: &Migrator,
    scratch: &ThrowawayServer,
    services: &Selection,
) -> Result<Vec<(MigrationId, Evidence)>, Error> {
    let scope = Scope::without_schemas(vec![migrator.options().schema.clone()]);
    let (recorded, there) = read(live, migrator, &scope).await?;
    let is_asked = |migration: &Migration<'_>| services.names(migration.service);
    let needed = match services {
        Selection::All => None,
        Selection::Named(names) => Some(migrator.registry().narrow(names)),
    };
    let known: BTreeSet<_> = recorded.iter().map(|entry| entry.id.reference()).collect();
    let registry: &Registry = needed.as_ref().unwrap_or(migrator.registry());
    let pending = registry.migrations();
    let pending: Vec<Migration<'_>> = pending
        .filter(|migration| !known.contains(&migration.reference()))
        .collect();
    if !pending.iter().any(is_asked) {
        return Ok(Vec::new());
    }
    let roles = roles::of(live).await.map_err(Error::Catalog)?;
    let is_superuser = roles.is_superuser;
    let history = scripts(migrator.registry(), &recorded)?;
    let mut replay = Box::pin(Replay::new(scratch, roles, &history)).await?;
    for (entry, script) in &history {
        replay = Box::pin(replay.apply(entry, script)).await?;
    }
    let mut reader = SnapshotReader::new(scope);
    let start = reader.take(replay.admin().postgres()).await;
    let mut timeline = Timeline::new(start.map_err(Error::Catalog)?);
    let mut failures = Vec::new();
    for migration in &pending {
        let applied = Box::pin(replay.apply_pending(*migration)).await;
        failures.push(applied.err().map(failure).transpose()?);
        let after = reader.take(replay.admin().postgres()).await;
        timeline.add(after.map_err(Error::Catalog)?);
    }
    let same = same(&replay, &timeline, &there).await?;
    replay.close().await;
    let live = Live {
        snapshot: &there,
        same,
        is_superuser,
    };
    let all = pending.iter().zip(failures).enumerate();
    let all = all.filter(|(_, (migration, _))| is_asked(migration));
    let evidence = all.map(|(number, (migration, failure))| {
        let mut evidence = timeline.evidence(number, &live);
        if let Some(why) = failure {
            evidence.presence = Presence::Unknown(why);
        }
        (migration.id(), evidence)
    });
    Ok(evidence.collect())
}

/// Why a script failed on the other server. Any other error is returned.
fn failure(error: Error) -> Result<String, Error> {
    if error.fault().is_some() {
        let cause = error.source().map(ToString::to_string);
        let cause = cause.unwrap_or_else(|| error.to_string());
        return Ok(format!(
            "its up script fails on the temporary server: {cause}"
        ));
    }
    match matches!(error, Error::OutOfTime { .. }) {
        true => Ok(error.to_string()),
        false => Err(error),
    }
}

/// The properties that pending migrations change, and that the live database has with the same
/// meaning in another text.
async fn same(
    replay: &Replay,
    timeline: &Timeline,
    there: &Snapshot,
) -> Result<BTreeSet<Place>, Error> {
    let found = differences(&timeline.last, there);
    let found: Vec<(Place, Difference)> = found
        .into_iter()
        .filter_map(|difference| Some((place(&difference)?, difference)))
        .filter(|(place, _)| timeline.has(place))
        .collect();
    let Some(session) = replay.parser().filter(|_| !found.is_empty()) else {
        return Ok(BTreeSet::new());
    };
    let all: Vec<Difference> = found.iter().map(|(_, one)| one.clone()).collect();
    let differing = meaning::differing(session.postgres(), all, &timeline.last, Within::Own);
    let differing = replay.within_limit(differing).await?;
    let same = found
        .into_iter()
        .filter(|(_, one)| !differing.contains(one));
    Ok(same.map(|(place, _)| place).collect())
}

fn place(difference: &Difference) -> Option<Place> {
    match &difference.change {
        Change::Altered { property, .. } => {
            Some((difference.object.clone(), Some(property.clone())))
        }
        Change::Appeared | Change::Disappeared => None,
    }
}
