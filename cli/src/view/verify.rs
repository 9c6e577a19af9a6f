//! What `verify` found about each migration.

use std::collections::BTreeSet;
use std::time::Duration;

use migrator_model::{Code, Migration, MigrationId};
use migrator_verify::{Lock, Pass};
use serde::{Deserialize, Serialize, Serializer};

use super::difference::DifferenceMembers;
use super::members;
use super::new_migration::blocked;
use super::problem::Located;

/// What `verify` found.
#[derive(Debug, Serialize)]
pub(crate) struct Verify {
    pub(crate) migrations: Vec<Verified>,
    #[serde(rename = "milliseconds", serialize_with = "members::milliseconds")]
    pub(crate) elapsed: Duration,
    /// Whether the proof came to its end.
    #[serde(skip)]
    pub(crate) is_complete: bool,
    /// Differences that the manifest makes warnings.
    #[serde(skip)]
    pub(crate) warnings: Vec<Located>,
    /// The storage options that were not compared.
    #[serde(skip)]
    pub(crate) unknown_options: BTreeSet<String>,
}

/// What `verify` found about one migration.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) id: MigrationId,
    pub(crate) fingerprints: Fingerprints,
    pub(crate) verdict: Verdict,
    /// Who accepts the differences, if somebody does.
    pub(crate) accepted: Option<Accepted>,
    pub(crate) times: Times,
    /// The strongest lock on each table; none if the locks are not known.
    pub(crate) locks: Option<Vec<Lock>>,
    /// Differences that no script can undo.
    pub(crate) notes: Vec<DifferenceMembers>,
    pub(crate) differences: Vec<DifferenceMembers>,
}

/// The fingerprints of a migration's scripts, in hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprints {
    up: String,
    down: String,
}

impl Fingerprints {
    pub(crate) fn of(migration: Migration<'_>) -> Fingerprints {
        let hex = |fingerprint: u64| format!("{fingerprint:016x}");
        Fingerprints {
            up: hex(migration.up().fingerprint),
            down: hex(migration.down().fingerprint),
        }
    }
}

/// The verdict on a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Sound,
    /// With its reason.
    Irreversible(String),
    NotUndone,
    NotRepeated,
    Failed(Pass),
    /// Behind this migration, which failed.
    Skipped(String),
}

/// Who accepts a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub(crate) enum Accepted {
    /// A script of the migration, with this reason.
    Script { reason: String },
    /// The manifest.
    Manifest { level: AcceptedLevel },
}

/// What the manifest makes of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AcceptedLevel {
    Allow,
    Warn,
}

/// How long each script of a migration took, if it ran.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Times {
    #[serde(serialize_with = "members::milliseconds_if_known")]
    pub(crate) up: Option<Duration>,
    #[serde(serialize_with = "members::milliseconds_if_known")]
    pub(crate) down: Option<Duration>,
    #[serde(rename = "up_again", serialize_with = "members::milliseconds_if_known")]
    pub(crate) again: Option<Duration>,
}

impl Times {
    /// The time of all scripts that ran.
    pub(crate) fn all(&self) -> Duration {
        [self.up, self.down, self.again].into_iter().flatten().sum()
    }
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Verdict::Sound => "sound",
            Verdict::Irreversible(_) => "irreversible",
            Verdict::NotUndone => "not undone",
            Verdict::NotRepeated => "not repeated",
            Verdict::Failed(_) => "failed",
            Verdict::Skipped(_) => "skipped",
        }
    }

    /// The script that went wrong.
    fn pass(&self) -> Option<&'static str> {
        let pass = match self {
            Verdict::NotUndone => Pass::Down,
            Verdict::NotRepeated => Pass::Again,
            Verdict::Failed(pass) => *pass,
            Verdict::Sound | Verdict::Irreversible(_) | Verdict::Skipped(_) => return None,
        };
        Some(match pass {
            Pass::Up => "up",
            Pass::Down => "down",
            Pass::Again => "up again",
        })
    }

    /// The code of a verdict that lists differences.
    pub(crate) fn code(&self) -> Option<Code> {
        match self {
            Verdict::NotUndone => Some(Code::M0510),
            Verdict::NotRepeated => Some(Code::M0511),
            Verdict::Sound
            | Verdict::Irreversible(_)
            | Verdict::Failed(_)
            | Verdict::Skipped(_) => None,
        }
    }

    /// Whether nothing is wrong with the migration.
    pub(crate) fn is_sound(&self) -> bool {
        matches!(self, Verdict::Sound | Verdict::Irreversible(_))
    }

    /// The reason of an irreversible migration.
    pub(crate) fn irreversible(&self) -> Option<&str> {
        match self {
            Verdict::Irreversible(reason) => Some(reason),
            Verdict::Sound
            | Verdict::NotUndone
            | Verdict::NotRepeated
            | Verdict::Failed(_)
            | Verdict::Skipped(_) => None,
        }
    }

    /// The failed migration behind which this one was skipped.
    fn behind(&self) -> Option<&str> {
        match self {
            Verdict::Skipped(behind) => Some(behind),
            Verdict::Sound
            | Verdict::Irreversible(_)
            | Verdict::NotUndone
            | Verdict::NotRepeated
            | Verdict::Failed(_) => None,
        }
    }
}

impl Serialize for Verified {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let locks = self.locks.as_deref();
        Members {
            id: &self.id,
            fingerprints: &self.fingerprints,
            verdict: self.verdict.word(),
            pass: self.verdict.pass(),
            behind: self.verdict.behind(),
            irreversible: self.verdict.irreversible(),
            accepted: self.accepted.as_ref(),
            milliseconds: self.times,
            locks: locks.map(|locks| locks.iter().map(LockMembers::new).collect()),
            notes: &self.notes,
            differences: &self.differences,
        }
        .serialize(to)
    }
}

#[derive(Serialize)]
struct Members<'a> {
    #[serde(flatten, serialize_with = "members::migration")]
    id: &'a MigrationId,
    fingerprints: &'a Fingerprints,
    verdict: &'static str,
    pass: Option<&'static str>,
    behind: Option<&'a str>,
    irreversible: Option<&'a str>,
    accepted: Option<&'a Accepted>,
    milliseconds: Times,
    locks: Option<Vec<LockMembers<'a>>>,
    notes: &'a [DifferenceMembers],
    differences: &'a [DifferenceMembers],
}

#[derive(Serialize)]
struct LockMembers<'a> {
    object: &'a str,
    mode: &'static str,
    blocks: Option<&'static str>,
}

impl LockMembers<'_> {
    fn new(lock: &Lock) -> LockMembers<'_> {
        LockMembers {
            object: &lock.table,
            mode: lock.mode.as_str(),
            blocks: blocked(lock.mode),
        }
    }
}
