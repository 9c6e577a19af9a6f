//! Turns a remedy into a sentence with the commands and flags of this command line.

use migrator_model::file_name::Direction;
use migrator_runtime::Error;
use migrator_runtime::plan::Remedy;

/// What to do about an error.
pub(crate) fn error_help(error: &Error) -> String {
    match error.conflicts() {
        [first, ..] => command_help(&first.remedy),
        [] => error.help(),
    }
}

/// What to do about a conflict, in one line.
pub(crate) fn command_help(remedy: &Remedy) -> String {
    match remedy {
        Remedy::RestoreScript => RESTORE.to_owned(),
        Remedy::AcceptChange { id } => format!(
            "{RESTORE}; or, if the database already matches the new text, record the new text with \
             `migrator repair --service={} --version={} --accept-change`",
            id.service, id.version
        ),
        Remedy::AllowMissing { id } => format!(
            "run a binary that has it, revert it with `migrator down --service={}`, \
             or ignore it with `--allow-missing`",
            id.service
        ),
        Remedy::AllowOutOfOrder => "give it a version later than that, \
             or apply it anyway with `--allow-out-of-order`"
            .to_owned(),
        Remedy::RepairDirty {
            id,
            direction,
            resumable,
        } => {
            let (service, version) = (&id.service, id.version);
            let repair = format!("`migrator repair --service={service} --version={version}");
            let repair = format!("{repair} --applied` or {repair} --reverted`");
            let to = match direction {
                Direction::Up => format!(" --to={version}"),
                Direction::Down => String::new(),
            };
            match resumable {
                true => format!(
                    "run `migrator {direction} --service={service}{to}`, which resumes it; or finish \
                     or undo the script by hand, and record which: {repair}"
                ),
                false => format!(
                    "check what the script has done, finish or undo it by hand, and record which: \
                     {repair}"
                ),
            }
        }
        Remedy::Cascade => "revert those first, or revert all of them with `--cascade` \
             (`--dry-run` shows them)"
            .to_owned(),
        Remedy::NameVersion { nearest: None } => {
            "`migrator status --output=json` lists the versions".to_owned()
        }
        Remedy::NameApplied => "`migrator status --migrations` lists what is applied".to_owned(),
        Remedy::NameDirty => "`migrator status` lists the dirty migrations".to_owned(),
        Remedy::NameVersion { nearest: Some(_) }
        | Remedy::CorrectForward
        | Remedy::RemoveEntry { .. }
        | Remedy::RunAnotherBinary
        | Remedy::CompareAgain
        | Remedy::Advice(_)
        | _ => remedy.to_string(),
    }
}

/// What to do about an error of `verify` or `drift`, in one line.
pub(crate) fn verify_help(remedy: &migrator_verify::Remedy) -> String {
    use migrator_verify::Remedy;
    match remedy {
        Remedy::UseEmptyDatabase => {
            "name an empty database; without a database, a temporary server is used".to_owned()
        }
        Remedy::RecordInterrupted => {
            "record how the script ended with `migrator repair`, then run `migrator drift` again"
                .to_owned()
        }
        Remedy::WaitForRun => "run `migrator drift` again when that run has ended".to_owned(),
        Remedy::UseRegistryWith { step } => {
            format!("run `migrator drift` with a binary that has the script of `{step}`")
        }
        Remedy::UseCompleteRegistry => {
            "run `migrator drift` with a binary that has all scripts of the history".to_owned()
        }
        Remedy::MakeReplayable => format!("{remedy}; see `migrator explain M0604`"),
        Remedy::RaiseTimeLimit { step } => format!(
            "read the script of `{step}` in the history; if the script needs more time, raise \
             `--script-timeout`"
        ),
        Remedy::RestoreEntry => {
            "find out who changed the entry; restore it from a backup, or record the script of \
             this binary with `migrator repair --accept-change`"
                .to_owned()
        }
        Remedy::TryAgain | Remedy::RecreateDatabase | Remedy::Advice(_) | _ => remedy.to_string(),
    }
}

const RESTORE: &str = "restore the file as it was applied, and put the change into a new \
                       migration; or revert it with `migrator down`, and apply it again";

#[cfg(test)]
mod tests {
    use migrator_model::file_name::Direction;
    use migrator_model::{MigrationId, Version};
    use migrator_runtime::plan::Remedy;

    use super::command_help;

    fn id() -> MigrationId {
        let version = Version::from_integer(20_240_101_000_001);
        MigrationId::recorded("core", version, "0a1b2c3d_one")
    }

    fn dirty(direction: Direction, resumable: bool) -> String {
        command_help(&Remedy::RepairDirty {
            id: id(),
            direction,
            resumable,
        })
    }

    #[test]
    fn an_interrupted_script_is_resumed_or_repaired() {
        let up = "run `migrator up --service=core --to=20240101000001`, which resumes it";
        assert!(dirty(Direction::Up, true).starts_with(up));
        let down = "run `migrator down --service=core`, which resumes it";
        assert!(dirty(Direction::Down, true).starts_with(down));
        let repair = "`migrator repair --service=core --version=20240101000001 --applied` or ";
        for resumable in [true, false] {
            assert!(dirty(Direction::Up, resumable).contains(repair));
        }
        assert!(!dirty(Direction::Up, false).contains("resumes it"));
    }

    #[test]
    fn a_changed_script_is_accepted_by_repair() {
        let help = command_help(&Remedy::AcceptChange { id: id() });
        let accept = "`migrator repair --service=core --version=20240101000001 --accept-change`";
        assert!(help.ends_with(accept), "{help}");
    }

    #[test]
    fn advice_without_a_command_is_shown_as_it_is() {
        let remedy = Remedy::Advice("revoke it".to_owned());
        assert_eq!(command_help(&remedy), "revoke it");
    }
}
