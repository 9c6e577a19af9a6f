//! Why a plan is refused: a constructor for each conflict, which writes its message.

use std::fmt;

use migrator_model::file_name::Direction;
use migrator_model::{
    Code, Migration, MigrationId, MigrationRef, Problem, Registry, Subject, Version,
};

use crate::history::Entry;
use crate::remedy::Remedy;
use crate::resume::resumable;

/// A problem that keeps a run from starting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The code of the problem.
    pub code: Code,
    /// The migration or service that the problem concerns.
    pub subject: Subject,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: Remedy,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.message)
    }
}

impl From<Conflict> for Problem {
    fn from(conflict: Conflict) -> Problem {
        Problem {
            subject: Some(conflict.subject),
            ..Problem::new(conflict.code, conflict.message, conflict.remedy.to_string())
        }
    }
}

impl Conflict {
    /// The script of an applied migration differs from the registry's.
    #[must_use]
    pub fn changed(entry: &Entry, migration: Migration<'_>) -> Conflict {
        let (message, remedy) = match entry.id == migration.id() {
            true => (
                format!(
                    "its up script `{}` was changed after it was applied",
                    migration.up().path()
                ),
                Remedy::AcceptChange {
                    id: entry.id.clone(),
                },
            ),
            false => (
                format!("the registry has another migration with this version: `{migration}`"),
                Remedy::RestoreScript,
            ),
        };
        Conflict {
            code: Code::M0401,
            subject: Subject::Migration(entry.id.clone()),
            message,
            remedy,
        }
    }

    /// An applied migration is not in the registry.
    #[must_use]
    pub fn missing(entry: &Entry) -> Conflict {
        Conflict {
            code: Code::M0402,
            subject: Subject::Migration(entry.id.clone()),
            message: "it is applied, but missing from this binary".to_owned(),
            remedy: Remedy::AllowMissing {
                id: entry.id.clone(),
            },
        }
    }

    pub(crate) fn out_of_order(migration: Migration<'_>, newest: Version) -> Conflict {
        Conflict {
            code: Code::M0403,
            subject: Subject::Migration(migration.id()),
            message: format!("it is pending, but the later version {newest} is already applied"),
            remedy: Remedy::AllowOutOfOrder,
        }
    }

    /// The script of a migration was interrupted. A run in the same direction may resume it.
    #[must_use]
    pub fn dirty(registry: &Registry, entry: &Entry, direction: Direction) -> Conflict {
        let doing = direction.verb().past;
        Conflict {
            code: Code::M0404,
            subject: Subject::Migration(entry.id.clone()),
            message: format!(
                "it was interrupted while it was being {doing}, outside a transaction"
            ),
            remedy: Remedy::RepairDirty {
                id: entry.id.clone(),
                direction,
                resumable: resumable(registry, entry).is_some(),
            },
        }
    }

    pub(crate) fn has_dependents(entry: &Entry, blockers: &[&Entry]) -> Conflict {
        let mut services: Vec<&str> = Vec::new();
        for blocker in blockers {
            if !services.contains(&&*blocker.id.service) {
                services.push(&blocker.id.service);
            }
        }
        let such = blockers
            .first()
            .map(|blocker| blocker.id.to_string())
            .unwrap_or_default();
        Conflict {
            code: Code::M0405,
            subject: Subject::Migration(entry.id.clone()),
            message: match blockers.len() {
                1 => format!("the newer applied migration `{such}` may depend on it"),
                number => format!(
                    "{number} newer applied migrations of {} may depend on it, such as `{such}`",
                    services.join(", ")
                ),
            },
            remedy: Remedy::Cascade,
        }
    }

    pub(crate) fn unknown_target(
        services: &[String],
        version: Version,
        nearest: Option<Version>,
    ) -> Conflict {
        let names: Vec<String> = services.iter().map(|name| format!("`{name}`")).collect();
        Conflict {
            code: Code::M0406,
            subject: Subject::Version(version),
            message: format!("no migration of {} has this version", names.join(", ")),
            remedy: Remedy::NameVersion { nearest },
        }
    }

    pub(crate) fn irreversible(entry: &Entry, reason: &str) -> Conflict {
        Conflict {
            code: Code::M0408,
            subject: Subject::Migration(entry.id.clone()),
            message: format!("this migration cannot be reverted: {reason}"),
            remedy: Remedy::CorrectForward,
        }
    }

    /// The recorded script of an entry differs from the one that was applied.
    #[must_use]
    pub fn forged(entry: &Entry) -> Conflict {
        Conflict {
            code: Code::M0527,
            subject: Subject::Migration(entry.id.clone()),
            message: "its recorded up script does not match its recorded checksum: somebody \
                      altered the entry"
                .to_owned(),
            remedy: Remedy::RemoveEntry {
                id: entry.id.clone(),
            },
        }
    }

    /// `redo` of a migration that is missing from the registry.
    pub(crate) fn missing_for_redo(entry: &Entry) -> Conflict {
        Conflict {
            code: Code::M0402,
            subject: Subject::Migration(entry.id.clone()),
            message: "it is missing from this binary, so it cannot be applied again".to_owned(),
            remedy: Remedy::RunAnotherBinary,
        }
    }

    /// `repair` of a migration that is not dirty.
    #[must_use]
    pub fn not_dirty(service: &str, version: Version) -> Conflict {
        Conflict {
            code: Code::M0404,
            subject: Subject::Reference(MigrationRef {
                service: service.to_owned().into(),
                version,
            }),
            message: "it is not dirty, so there is nothing to repair".to_owned(),
            remedy: Remedy::NameDirty,
        }
    }

    /// A command that reads the recorded scripts names a migration that is not applied.
    pub(crate) fn not_applied(service: &str, version: Version) -> Conflict {
        Conflict {
            code: Code::M0401,
            subject: Subject::Reference(MigrationRef {
                service: service.to_owned().into(),
                version,
            }),
            message: "it is not applied, so it has no recorded scripts".to_owned(),
            remedy: Remedy::NameApplied,
        }
    }

    /// An entry has changed since the user saw the difference.
    pub(crate) fn entry_changed(entry: &Entry) -> Conflict {
        Conflict {
            code: Code::M0401,
            subject: Subject::Migration(entry.id.clone()),
            message: "its entry was changed by another run meanwhile".to_owned(),
            remedy: Remedy::CompareAgain,
        }
    }

    /// `redo` of a migration that another run has reverted, or that is no longer the newest.
    #[must_use]
    pub fn no_longer_newest(id: &MigrationId) -> Conflict {
        Conflict {
            code: Code::M0401,
            subject: Subject::Migration(id.clone()),
            message: "it is no longer the newest applied migration: another run changed the \
                      history meanwhile"
                .to_owned(),
            remedy: Remedy::Advice(
                "see what is applied now, before another migration is reverted".to_owned(),
            ),
        }
    }

    /// A run would do something else than the plan that the user has seen.
    #[must_use]
    pub fn plan_changed(id: &MigrationId) -> Conflict {
        Conflict {
            code: Code::M0401,
            subject: Subject::Migration(id.clone()),
            message: "another run changed the history after this plan was shown, so the plan was \
                      not carried out"
                .to_owned(),
            remedy: Remedy::Advice("run it again, and review the new plan".to_owned()),
        }
    }

    /// A run would carry out another plan than the one whose hash the user expects. `now` is its hash;
    /// none if it has no step.
    #[must_use]
    pub fn unexpected_plan(expected: &str, now: Option<&str>) -> Conflict {
        let now = match now {
            Some(hash) => format!("the plan is `{hash}` now"),
            None => "nothing is pending now".to_owned(),
        };
        Conflict {
            code: Code::M0401,
            subject: Subject::Object(format!("plan `{expected}`")),
            message: format!(
                "the migrations or the history have changed since this plan was made: {now}"
            ),
            remedy: Remedy::ExpectNewPlan,
        }
    }

    pub(crate) fn no_down_script(entry: &Entry) -> Conflict {
        Conflict {
            code: Code::M0407,
            subject: Subject::Migration(entry.id.clone()),
            message: "neither this binary nor the history has its down script".to_owned(),
            remedy: Remedy::RunAnotherBinary,
        }
    }
}
