//! What helps against an error, as data.
//!
//! The `Display` is for a program that embeds the library: it names no command and no flag. The
//! command line has its own words for each remedy.

use std::fmt;

use migrator_model::MigrationId;

/// What to do about an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Use an empty database or a temporary server.
    UseEmptyDatabase,
    /// Try again.
    TryAgain,
    /// Drop the database, and create it again.
    RecreateDatabase,
    /// Record how an interrupted migration ended.
    RecordInterrupted,
    /// Wait for the run that changes the database.
    WaitForRun,
    /// Use a registry that has the script of this entry.
    UseRegistryWith {
        /// The entry.
        step: MigrationId,
    },
    /// Use a registry that has all scripts of the history.
    UseCompleteRegistry,
    /// Make the script independent of the server and its data.
    MakeReplayable,
    /// Read the script of this entry, or raise the time limit.
    RaiseTimeLimit {
        /// The entry.
        step: MigrationId,
    },
    /// Restore an entry that somebody changed.
    RestoreEntry {
        /// The migration, if the registry has it.
        registry_has: Option<MigrationId>,
    },
    /// A sentence that names no command of ours.
    Advice(String),
}

/// One line, for a program that embeds the library.
impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Remedy::UseEmptyDatabase => "use an empty database or a temporary server",
            Remedy::TryAgain => {
                "try again; the common causes are a lock that somebody holds for a long time, and a \
                 lost connection"
            }
            Remedy::RecreateDatabase => "drop the database, and create it again",
            Remedy::RecordInterrupted => {
                "resume the interrupted script, or record how you ended it by hand; then compare again"
            }
            Remedy::WaitForRun => "compare again when that run has ended",
            Remedy::UseRegistryWith { step } => {
                return write!(f, "compare with a registry that has the script of `{step}`");
            }
            Remedy::UseCompleteRegistry => {
                "compare with a registry that has all scripts of the history"
            }
            Remedy::MakeReplayable => {
                "a script that depends on rows, on the server's version or on an extension that is \
                 not installed here cannot be replayed"
            }
            Remedy::RaiseTimeLimit { step } => {
                return write!(
                    f,
                    "read the script of `{step}` in the history; if the script needs more time, \
                     raise `ThrowawayServer::time_limit`"
                );
            }
            Remedy::RestoreEntry {
                registry_has: Some(_),
            } => {
                "find out who changed the entry; restore it from a backup, or record the script of \
                 the registry in its place"
            }
            Remedy::RestoreEntry { registry_has: None } => {
                "find out who changed the entry; restore it from a backup, or record the script of \
                 a registry that has this migration"
            }
            Remedy::Advice(advice) => advice,
        };
        f.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use migrator_model::{MigrationId, Version};

    use super::Remedy;

    #[test]
    fn the_text_for_a_program_names_no_command_and_no_flag() {
        let step = MigrationId::recorded("core", Version::from_integer(1), "0a1b2c3d_one");
        for remedy in [
            Remedy::UseEmptyDatabase,
            Remedy::TryAgain,
            Remedy::RecreateDatabase,
            Remedy::RecordInterrupted,
            Remedy::WaitForRun,
            Remedy::UseRegistryWith { step: step.clone() },
            Remedy::UseCompleteRegistry,
            Remedy::MakeReplayable,
            Remedy::RaiseTimeLimit { step },
            Remedy::RestoreEntry { registry_has: None },
        ] {
            let text = remedy.to_string();
            let is_ours = text.contains("migrator ") || text.contains("--");
            assert!(!text.is_empty() && !is_ours, "{text}");
        }
    }
}
