//! What helps against a conflict, as data.
//!
//! `Display` is for a program that embeds the library: its text names no command and no flag.
//! The command line has its own text for each remedy.

use std::fmt;

use migrator_model::file_name::Direction;
use migrator_model::{MigrationId, Version};

/// What to do about a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Restore the file of a migration, or revert the migration and apply it again.
    RestoreScript,
    /// Restore the file, revert and apply again, or record the changed script.
    AcceptChange {
        /// The migration whose script was changed.
        id: MigrationId,
    },
    /// Run a binary that has a migration, revert the migration, or allow that it is missing.
    AllowMissing {
        /// The migration that is missing.
        id: MigrationId,
    },
    /// Give a migration a later version, or allow that it is out of order.
    AllowOutOfOrder,
    /// Finish an interrupted script, and record it.
    RepairDirty {
        /// The migration.
        id: MigrationId,
        /// The direction of the script.
        direction: Direction,
        /// Whether a run in this direction resumes the script.
        resumable: bool,
    },
    /// Revert the dependent migrations first, or allow a run to revert them as well.
    Cascade,
    /// Name a version that exists.
    NameVersion {
        /// The known version nearest to the one that was named.
        nearest: Option<Version>,
    },
    /// Name a migration that is applied.
    NameApplied,
    /// Name a migration that is dirty.
    NameDirty,
    /// Correct an irreversible migration by a new one.
    CorrectForward,
    /// Remove an entry that somebody altered.
    RemoveEntry {
        /// The migration of the entry.
        id: MigrationId,
    },
    /// Run a binary that has the migration.
    RunAnotherBinary,
    /// Read the difference again before it is accepted.
    CompareAgain,
    /// Plan again, review the new plan, and expect its hash.
    ExpectNewPlan,
    /// Repair an object of the history, or keep the history in another schema.
    MoveHistory {
        /// How to repair the object.
        instead_of: String,
    },
    /// Any other advice. The sentence names no command of `migrator`.
    Advice(String),
}

/// One line, for a program that embeds the library.
impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remedy::AcceptChange { .. } => write!(
                f,
                "{RESTORE}; or, if the database is as the new text would make it, record the \
                 new text"
            ),
            Remedy::RepairDirty {
                direction,
                resumable: true,
                ..
            } => write!(
                f,
                "run `{direction}` again, which finishes it; or finish or undo its script by \
                 hand, and record which"
            ),
            Remedy::NameVersion {
                nearest: Some(near),
            } => write!(f, "did you mean {near}?"),
            Remedy::RemoveEntry { id } => write!(
                f,
                "find out who wrote to the history; then revert it with a binary that has \
                 this migration, or with its scripts by hand, and delete its entry from \
                 `{}_history`",
                id.service
            ),
            Remedy::MoveHistory { instead_of } => {
                write!(f, "{instead_of}, or keep the history in another schema")
            }
            Remedy::RestoreScript
            | Remedy::AllowMissing { .. }
            | Remedy::AllowOutOfOrder
            | Remedy::RepairDirty { .. }
            | Remedy::Cascade
            | Remedy::NameVersion { nearest: None }
            | Remedy::NameApplied
            | Remedy::NameDirty
            | Remedy::CorrectForward
            | Remedy::RunAnotherBinary
            | Remedy::CompareAgain
            | Remedy::ExpectNewPlan
            | Remedy::Advice(_) => f.write_str(self.sentence()),
        }
    }
}

impl Remedy {
    /// The sentence of a remedy that names nothing of its own.
    fn sentence(&self) -> &str {
        match self {
            Remedy::AllowMissing { .. } => {
                "run a binary that has it, revert it, or allow missing migrations \
                 (`Policy::missing`)"
            }
            Remedy::AllowOutOfOrder => {
                "give it a version later than that, or allow migrations out of order \
                 (`Policy::out_of_order`)"
            }
            Remedy::RepairDirty { .. } => {
                "check which statements took effect, finish or undo the script by hand, and record which"
            }
            Remedy::Cascade => {
                "revert those first, or allow the run to revert them as well (`Policy::cascade`)"
            }
            Remedy::NameVersion { .. } => "name a version of the registry or of the history",
            Remedy::NameApplied => "name a migration that is applied",
            Remedy::NameDirty => "name a migration that is dirty",
            Remedy::CorrectForward => "write a new migration that corrects it, or restore a backup",
            Remedy::RunAnotherBinary => "run a binary that has the migration",
            Remedy::CompareAgain => "read the edits again, and review the new difference",
            Remedy::ExpectNewPlan => "plan again, review the new plan, and expect its hash",
            Remedy::Advice(advice) => advice,
            Remedy::RestoreScript
            | Remedy::AcceptChange { .. }
            | Remedy::RemoveEntry { .. }
            | Remedy::MoveHistory { .. } => RESTORE,
        }
    }
}

const RESTORE: &str = "restore the file as it was applied, and put the change into a new \
                       migration; or revert it, and apply it again";

#[cfg(test)]
mod tests {
    use migrator_model::file_name::Direction;
    use migrator_model::{MigrationId, Version};

    use super::Remedy;

    #[test]
    fn the_text_for_a_program_names_no_command_and_no_flag() {
        let id = MigrationId::recorded("core", Version::from_integer(1), "0a1b2c3d_one");
        let dirty = |direction, resumable| Remedy::RepairDirty {
            id: id.clone(),
            direction,
            resumable,
        };
        let remedies = [
            Remedy::RestoreScript,
            Remedy::AcceptChange { id: id.clone() },
            Remedy::AllowMissing { id: id.clone() },
            Remedy::AllowOutOfOrder,
            dirty(Direction::Up, true),
            dirty(Direction::Down, false),
            Remedy::Cascade,
            Remedy::NameVersion { nearest: None },
            Remedy::NameApplied,
            Remedy::NameDirty,
            Remedy::CorrectForward,
            Remedy::RemoveEntry { id: id.clone() },
            Remedy::RunAnotherBinary,
            Remedy::CompareAgain,
            Remedy::ExpectNewPlan,
            Remedy::MoveHistory {
                instead_of: "drop it".to_owned(),
            },
        ];
        for remedy in remedies {
            let text = remedy.to_string();
            assert!(!text.is_empty(), "{remedy:?}");
            assert!(
                !text.contains("migrator ") && !text.contains("--"),
                "{text}"
            );
        }
    }
}
