//! Takes every migration up, down and up again, and compares the catalog's
//! snapshots: what `migrator verify` does.

use std::collections::BTreeSet;
use std::time::Duration;

use migrator_model::{Migration, Registry, Version};
use migrator_runtime::{Client, Fault, Selection, Stop};

use tokio_postgres::error::SqlState;

use crate::difference::Difference;
use crate::error::Error;
use crate::locks::Lock;
use crate::roles;
use crate::scratch::Scratch;
use crate::snapshot::{Kind, Scope, Snapshot, SnapshotReader};

/// Which migrations are proved.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Those of these services; what they need is applied first.
    pub services: Selection,
    /// Those from this version on; older ones are only applied.
    pub since: Option<Version>,
}

/// What becomes of the database in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// It is made as it was.
    Empty,
    /// It is left as it is, for nobody uses it again.
    Abandon,
}

/// What was found about one migration.
#[derive(Debug)]
pub struct Proved<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// How long its up script took, if it ran.
    pub up: Option<Duration>,
    /// How long its down script took, if it ran.
    pub down: Option<Duration>,
    /// How long its up script took the second time, if it ran.
    pub again: Option<Duration>,
    /// The strongest lock on each table that was there before, by the tables'
    /// names; nothing where it is not known, for a script outside a transaction.
    pub locks: Option<Vec<Lock>>,
    /// What the down script left that no script could take back: columns at other places, and
    /// further values of enums. They are no fault.
    pub notes: Vec<Difference>,
    /// The verdict.
    pub verdict: Verdict,
}

/// How a migration did.
#[derive(Debug)]
pub enum Verdict {
    /// Its down script undoes its up script, which does the same a second time.
    Sound,
    /// Its up script succeeds, and it says why it cannot be reverted.
    Irreversible(String),
    /// The catalog after the down script is not that before the up script.
    NotUndone(Vec<Difference>),
    /// The catalog after the second up script is not that after the first.
    NotRepeated(Vec<Difference>),
    /// A script failed.
    Failed(Pass, Box<Fault>),
    /// It was not tried: a migration that it may need has failed.
    Skipped {
        /// That migration.
        behind: String,
    },
}

/// The three runs of a migration's scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The up script.
    Up,
    /// The down script.
    Down,
    /// The up script once more.
    Again,
}

impl Verdict {
    /// Whether nothing is wrong with the migration itself.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        matches!(self, Verdict::Sound | Verdict::Irreversible(_))
    }
}

/// What a proof found, and how far it came.
#[derive(Debug)]
pub struct Proof<'a> {
    /// What was found, in plan order.
    pub proved: Vec<Proved<'a>>,
    /// Whether it came to its end: the database was empty, stayed within reach, and
    /// was made empty again.
    pub ended: Result<(), Error>,
    /// The storage options that were not compared, as their names are not known.
    pub unknown_options: BTreeSet<String>,
}

/// Proves the migrations of a registry on an empty database, and tells of each
/// as soon as it is proved. All faults are found in one run; a session that a
/// script ends is opened again.
///
/// Each script runs as `up` and `down` would run it; the history alone is left out.
pub async fn prove<'a>(
    client: &mut Client,
    registry: &'a Registry,
    subject: &Subject,
    afterwards: Afterwards,
    tell: impl FnMut(&Proved<'a>),
) -> Proof<'a> {
    prove_until(&Stop::new(), client, registry, subject, afterwards, tell).await
}

/// As [`prove`], unless it is stopped before: the script that runs is cancelled then, and
/// a database that was lent is made as it was all the same.
pub async fn prove_until<'a>(
    stop: &Stop,
    client: &mut Client,
    registry: &'a Registry,
    subject: &Subject,
    afterwards: Afterwards,
    mut tell: impl FnMut(&Proved<'a>),
) -> Proof<'a> {
    let mut proved = Vec::new();
    let mut keep = |found: Proved<'a>| {
        tell(&found);
        proved.push(found);
    };
    let mut unknown_options = BTreeSet::new();
    let ended = match start(stop, client, registry, afterwards).await {
        Ok(mut scratch) => {
            let ended = run(&mut scratch, subject, afterwards, &mut keep).await;
            unknown_options = scratch.unknown_options();
            ended
        }
        Err(error) => Err(error),
    };
    Proof {
        proved,
        ended,
        unknown_options,
    }
}

async fn start<'a, 'c>(
    stop: &Stop,
    client: &'c mut Client,
    registry: &'a Registry,
    afterwards: Afterwards,
) -> Result<Scratch<'a, 'c>, Error> {
    // On a server that was lent they would stay.
    if afterwards == Afterwards::Abandon {
        roles::make_listed(client, &registry.roles).await?;
    }
    let mut reader = SnapshotReader::new(Scope::default());
    let empty = reader.take(client.postgres()).await;
    let empty = empty.map_err(Error::Catalog)?;
    refuse_a_used_database(&empty)?;
    Ok(Scratch::new(client, registry, reader, empty).stopped_by(stop))
}

async fn run<'a>(
    scratch: &mut Scratch<'a, '_>,
    subject: &Subject,
    afterwards: Afterwards,
    keep: &mut impl FnMut(Proved<'a>),
) -> Result<(), Error> {
    let outcome = scratch.all(subject, keep).await;
    match afterwards {
        // What is left behind a stop says more than the stop.
        Afterwards::Empty if scratch.is_stopped() => scratch.leave().await.and(outcome),
        Afterwards::Empty => outcome.and(scratch.leave().await),
        Afterwards::Abandon => outcome,
    }
}

/// Schemas and extensions are no sign of use: servers come with some. What is a
/// part of another object goes without saying.
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

impl<'a> Proved<'a> {
    pub(crate) fn new(migration: &'a Migration, verdict: Verdict) -> Proved<'a> {
        Proved {
            migration,
            up: None,
            down: None,
            again: None,
            locks: None,
            notes: Vec::new(),
            verdict,
        }
    }

    /// Whether the up script failed as it adds an enum value that the down script left.
    pub(crate) fn is_stopped_by_a_value(&self, fault: &Fault) -> bool {
        let is_there = fault.sqlstate.as_deref() == Some(SqlState::DUPLICATE_OBJECT.code());
        let added = self.notes.iter().filter_map(Difference::added_values);
        let mut added = added.flatten();
        is_there
            && self.verdict.is_sound()
            && added.any(|value| fault.message.contains(value.trim_matches('\'')))
    }
}
