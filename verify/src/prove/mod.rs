//! Applies, reverts and applies again every migration, and compares snapshots of the catalog, for
//! `migrator verify`.

mod database;
pub(crate) mod locks;
mod passes;
mod plan;
pub(crate) mod prepared;
mod prover;
pub(crate) mod ranges;
mod results;
mod unapplied;
pub(crate) mod verdict;

use std::collections::BTreeSet;

use migrator_model::Registry;
use migrator_runtime::{Client, Stop};

use crate::error::Error;
use crate::roles;
use crate::snapshot::content::{Scope, Snapshot};
use crate::snapshot::object::Kind;
use crate::snapshot::reader::SnapshotReader;
use database::Database;
use prover::Prover;
use results::Results;
use verdict::{Afterwards, Counts, Proof, ProofEvent, Proved, Subject};

/// Proves the migrations of a registry on an empty database, and hands each result to `tell` at
/// once. One run finds all faults. If a script ends the session, the proof opens another one.
///
/// Each script runs as `up` and `down` run it, but without the history.
pub async fn prove<'a>(
    client: &mut Client,
    registry: &'a Registry,
    subject: &Subject,
    afterwards: Afterwards,
    mut tell: impl FnMut(&Proved<'a>),
) -> Proof<'a> {
    let tell = |event: ProofEvent<'_, 'a>| {
        if let ProofEvent::Proved(proved) = event {
            tell(proved);
        }
    };
    prove_until(&Stop::new(), client, registry, subject, afterwards, tell).await
}

/// As [`prove`], with all events, until `stop` is used: the proof then cancels the running script. Also
/// then it restores the database, if `afterwards` asks for this.
pub async fn prove_until<'a>(
    stop: &Stop,
    client: &mut Client,
    registry: &'a Registry,
    subject: &Subject,
    afterwards: Afterwards,
    tell: impl FnMut(ProofEvent<'_, 'a>),
) -> Proof<'a> {
    let prover = start(stop, client, registry, afterwards).await;
    carry_out(prover, subject, afterwards, tell).await
}

/// A proof on a database that [`prepare`](prepared::prepare) has prepared for the same subject and
/// the same scripts. `empty` is a snapshot of another database of its server, without any migration.
fn start_prepared<'a, 'c>(
    stop: &Stop,
    client: &'c mut Client,
    registry: &'a Registry,
    subject: &Subject,
    empty: Snapshot,
) -> Prover<'a, 'c> {
    let reader = SnapshotReader::new(Scope::default());
    let database = Database::new(client, reader, empty, stop);
    let prefix = plan::plan(registry, subject).prefix;
    Prover::new(database, registry).prepared(prefix)
}

async fn carry_out<'a>(
    prover: Result<Prover<'a, '_>, Error>,
    subject: &Subject,
    afterwards: Afterwards,
    tell: impl FnMut(ProofEvent<'_, 'a>),
) -> Proof<'a> {
    let mut results = Results::new(tell);
    let mut unknown_options = BTreeSet::new();
    let mut missed = Vec::new();
    let mut counts = Counts::default();
    let ended = match prover {
        Ok(mut proving) => {
            let ended = run(&mut proving, subject, afterwards, &mut results).await;
            unknown_options = proving.database.unknown_options();
            counts = proving.database.counts;
            missed = proving.missed;
            ended
        }
        Err(error) => Err(error),
    };
    Proof {
        proved: results.proved,
        ended,
        unknown_options,
        missed,
        counts,
    }
}

async fn start<'a, 'c>(
    stop: &Stop,
    client: &'c mut Client,
    registry: &'a Registry,
    afterwards: Afterwards,
) -> Result<Prover<'a, 'c>, Error> {
    // On the server of a lent database, the roles would stay.
    if afterwards == Afterwards::Abandon {
        roles::make_listed(client, registry).await?;
    }
    let mut reader = SnapshotReader::new(Scope::default());
    let empty = reader.take(client.postgres()).await;
    let empty = empty.map_err(Error::Catalog)?;
    refuse_a_used_database(&empty)?;
    let database = Database::new(client, reader, empty, stop);
    Ok(Prover::new(database, registry))
}

async fn run<'a, T: FnMut(ProofEvent<'_, 'a>)>(
    prover: &mut Prover<'a, '_>,
    subject: &Subject,
    afterwards: Afterwards,
    results: &mut Results<'a, T>,
) -> Result<(), Error> {
    let outcome = prover.run(subject, results).await;
    match afterwards {
        // An error of the restoration says more than the stop.
        Afterwards::Empty if prover.database.is_stopped() => prover.leave().await.and(outcome),
        Afterwards::Empty => outcome.and(prover.leave().await),
        Afterwards::Abandon => outcome,
    }
}

/// Schemas and extensions do not count, because every server has some. Parts of other objects are
/// not listed.
fn refuse_a_used_database(snapshot: &Snapshot) -> Result<(), Error> {
    let used = snapshot.objects().map(|(object, _)| object);
    let found: Vec<String> = used
        .filter(|object| object.schema().is_some() && object.kind != Kind::Schema)
        .filter(|object| object.parent().is_none())
        .map(ToString::to_string)
        .collect();
    match found.is_empty() {
        true => Ok(()),
        false => Err(Error::NotEmpty { found }),
    }
}
