//! Turns a remedy into a sentence with the commands and flags of this command line.

use migrator_model::MigrationId;
use migrator_model::file_name::Direction;
use migrator_runtime::connect::{ConnectError, Refusal, RunOption};
use migrator_runtime::plan::Remedy;
use migrator_runtime::{Error, ErrorKind, Left, LockedTable, Remaining, RunAgain};

/// What to do about an error of a run, in one line.
pub(crate) fn error_help(error: &Error) -> String {
    if let ErrorKind::Connect(error) = &*error.kind {
        return connect_help(error);
    }
    run_help(&error.remedy(), RunAgain::Advised)
}

fn run_help(remedy: &migrator_runtime::Remedy, again: RunAgain) -> String {
    use migrator_runtime::Remedy;
    let text = match remedy {
        Remedy::Conflict(remedy) => return command_help(remedy),
        Remedy::ApplyPending => {
            "`migrator up` applies what is pending: see what became of the job that runs it, or \
             wait longer"
        }
        Remedy::RaiseLockWait => {
            "wait for the other run, or end it; `--lock-wait` sets how long to wait"
        }
        Remedy::WaitForStatement => {
            return format!(
                "wait until that statement has ended, or end it{}; `--lock-wait` sets how long to \
                 wait",
                again.words(", and run again")
            );
        }
        Remedy::RaiseLimit { table } => return raise_limit(*table, again),
        Remedy::UseSingleConnection { first } => return use_single_connection(*first),
        Remedy::FindLostLock { left } => return find_lost_lock(*left, again),
        Remedy::RestoreTables => {
            "if somebody altered a table of the history by hand, put it back as it was; \
             `migrator explain M0505` lists its columns"
        }
        Remedy::RecordInterrupted => {
            "the script ran outside a transaction, so a part of it may remain; finish or undo the \
             script by hand, then record which with `migrator repair`"
        }
        Remedy::AddRecord {
            direction,
            is_resumable,
            is_refused,
        } => return add_record(*direction, *is_resumable, *is_refused),
        Remedy::KeepOneObject => return keep_one_object(again),
        Remedy::ReadStatus => {
            let again = again.words("; run it again");
            return format!("`migrator status` says whether it was applied{again}");
        }
        Remedy::ReadUncancelled => {
            "the server did not obey the request to cancel and may still finish the script; \
             `migrator status` shows whether it did"
        }
        Remedy::RunAgain => "run the command again: it skips what is already done",
        Remedy::Resume => {
            "run the command again: it resumes the script, which ran outside a transaction"
        }
        Remedy::Continue { remaining, first } => return go_on(remaining, first.as_deref()),
        Remedy::FixScript
        | Remedy::FixForCommit
        | Remedy::FixAndResume
        | Remedy::FixAndRunAgain { .. }
        | Remedy::Advice(_)
        | _ => return remedy.text(again),
    };
    text.to_owned()
}

/// What helps a run that needs a second connection and gets none.
pub(crate) const USE_SINGLE_CONNECTION: &str = "if the database or its pooler has only one \
                                                connection for this run, use `--single-connection`";

fn use_single_connection(first: Option<&str>) -> String {
    let first = first.map_or_else(String::new, |first| format!("{first}; or, "));
    first + USE_SINGLE_CONNECTION
}

fn keep_one_object(again: RunAgain) -> String {
    format!(
        "decide which of the two objects to keep: drop or rename the other{}, or finish the script \
         by hand and record it with `migrator repair`",
        again.words(" and run again")
    )
}

/// How to carry out what remains of a run.
fn go_on(remaining: &Remaining, first: Option<&migrator_runtime::Remedy>) -> String {
    let first = first.map(|first| run_help(first, RunAgain::LeftOut) + "; then ");
    let then = match remaining {
        Remaining::Apply(id) => format!(
            "run `migrator up --service={} --to={}`: `redo` would now revert an earlier migration",
            id.service, id.version
        ),
        Remaining::Steps { direction, number } => format!(
            "run `migrator {direction}` with `--steps={number}` at most: the others are done"
        ),
        _ => "see `migrator status`".to_owned(),
    };
    first.unwrap_or_default() + &then
}

fn raise_limit(table: LockedTable, again: RunAgain) -> String {
    let limit = match table {
        LockedTable::History => "`--lock-timeout`",
        LockedTable::HistoryToUpgrade => "`--lock-wait`",
        LockedTable::Schema | _ => {
            return format!(
                "another session holds a lock that it needs, on every try: end that session{}; \
                 `--lock-timeout` sets how long a try waits",
                again.words(" or run again later")
            );
        }
    };
    format!(
        "the session named above holds a lock on a table of the history: end it{}; {limit} sets \
         how long to wait",
        again.words(", or run again later")
    )
}

fn find_lost_lock(left: Left, again: RunAgain) -> String {
    let left = match left {
        Left::Nothing | Left::Done => format!(
            "nothing of this step is left in the database{}",
            again.words(": run again")
        ),
        Left::Dirty | Left::Resumable | Left::Unrecorded { .. } | Left::Unknown | _ => {
            "the changes of its statements remain; `migrator status` shows whether the migration \
             is applied, pending or dirty now, and what to do"
                .to_owned()
        }
    };
    format!(
        "{left}; see the server's log for what ended the lock's session: `pg_terminate_backend`, \
         a restart, or the idle timeout of a proxy, which must exceed 20 s"
    )
}

fn add_record(direction: Direction, is_resumable: bool, is_refused: bool) -> String {
    let first = match is_refused {
        true => "remove the cause, then ",
        false => "",
    };
    let run = match is_resumable {
        true => format!("{first}run `migrator {direction}`, which adds the record, or add it"),
        false => format!("{first}add it"),
    };
    let done = direction.verb().past;
    format!(
        "every statement of the script ran, outside a transaction; only the record in the history \
         is missing: {run} with `migrator repair --{done}`"
    )
}

/// What to do about a connection that could not be opened, in one line.
fn connect_help(error: &ConnectError) -> String {
    if let ConnectError::Refused {
        reason: Refusal::NoDatabase { .. },
        ..
    } = error
    {
        return "create the database (`createdb`, or `migrator up --create-database`), or correct \
                its name"
            .to_owned();
    }
    let text = match error.option() {
        Some(RunOption::Schema) => {
            "remove it: `--schema` names the history's schema; a search path is \
             `options=-c%20search_path%3DNAME`"
        }
        Some(RunOption::Connections) => {
            "remove it: there is no pool; `--jobs` limits the connections of a run"
        }
        Some(RunOption::Timeouts) => {
            "remove it: `--statement-timeout` and `--lock-timeout` limit scripts, such as `10s` \
             or `5min`"
        }
        None | Some(_) => error.help(),
    };
    text.to_owned()
}

/// What to do after `--expect-plan` has found another plan.
const EXPECT_NEW_PLAN: &str = "run `migrator plan` with the same options, review the new plan, and \
                               give its hash to `--expect-plan`";

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
            match resumable {
                true => format!(
                    "run `{}`, which resumes it; or finish or undo the script by hand, and record \
                     which: {repair}",
                    resume_command(id, *direction)
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
        Remedy::NameDirty => {
            "`migrator status --migrations` shows which migrations are dirty".to_owned()
        }
        Remedy::ExpectNewPlan => EXPECT_NEW_PLAN.to_owned(),
        Remedy::MoveHistory { instead_of } => {
            format!("{instead_of}, or keep the history in another schema with `--schema`")
        }
        Remedy::NameVersion { nearest: Some(_) }
        | Remedy::CorrectForward
        | Remedy::RemoveEntry { .. }
        | Remedy::RunAnotherBinary
        | Remedy::CompareAgain
        | Remedy::Advice(_)
        | _ => remedy.to_string(),
    }
}

/// The command that resumes an interrupted script.
pub(crate) fn resume_command(id: &MigrationId, direction: Direction) -> String {
    let to = match direction {
        Direction::Up => format!(" --to={}", id.version),
        Direction::Down => String::new(),
    };
    format!("migrator {direction} --service={}{to}", id.service)
}

/// What to do about an error of `verify` or `drift`, in one line.
pub(crate) fn verify_help(error: &migrator_verify::Error) -> String {
    use migrator_verify::Remedy;
    if let migrator_verify::Error::Connect(error) = error {
        return connect_help(error);
    }
    let remedy = error.remedy();
    match &remedy {
        Remedy::UseEmptyDatabase => {
            "name an empty database; without a database, a temporary server is used".to_owned()
        }
        Remedy::RecordInterrupted => {
            "`migrator status` names the command that resumes the script, or that records how you \
             ended it by hand; then run `migrator drift` again"
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
        Remedy::RestoreEntry {
            registry_has: Some(id),
        } => format!(
            "find out who changed the entry; restore it from a backup, or record the script of \
             this binary with `migrator repair --service={} --version={} --accept-change`",
            id.service, id.version
        ),
        Remedy::RestoreEntry { registry_has: None } => {
            "find out who changed the entry; restore it from a backup, or run a binary that has \
             this migration and record the script of that binary with `migrator repair \
             --accept-change`"
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

    use migrator_runtime::Settings;

    use super::{RunAgain, command_help, connect_help, run_help};

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
    fn a_script_without_its_record_names_the_command_that_adds_it() {
        let add = |direction, is_resumable, is_refused| {
            let remedy = migrator_runtime::Remedy::AddRecord {
                direction,
                is_resumable,
                is_refused,
            };
            run_help(&remedy, RunAgain::Advised)
        };
        let help = |direction, is_resumable| add(direction, is_resumable, false);
        let refused = add(Direction::Down, true, true);
        let first = "missing: remove the cause, then run `migrator down`, which adds the record";
        assert!(refused.contains(first), "{refused}");
        let down = help(Direction::Down, false);
        assert!(
            down.ends_with("add it with `migrator repair --reverted`"),
            "{down}"
        );
        let up = help(Direction::Up, true);
        let record = "run `migrator up`, which adds the record, or add it with \
                      `migrator repair --applied`";
        assert!(up.ends_with(record), "{up}");
    }

    #[test]
    fn a_parameter_of_another_tool_names_the_flag_that_does_the_same() {
        for (parameter, flag) in [
            ("schema=app", "`--schema`"),
            ("pool_max_conns=4", "`--jobs`"),
            ("statement_timeout=1s", "`--statement-timeout`"),
        ] {
            let url = format!("postgresql://app@localhost/app?{parameter}");
            let error = Settings::parse(&url).expect_err("it is refused");
            assert!(connect_help(&error).contains(flag), "{parameter}");
            assert!(!error.help().contains("--"), "{}", error.help());
        }
    }

    #[test]
    fn advice_without_a_command_is_shown_as_it_is() {
        let remedy = Remedy::Advice("revoke it".to_owned());
        assert_eq!(command_help(&remedy), "revoke it");
    }
}
