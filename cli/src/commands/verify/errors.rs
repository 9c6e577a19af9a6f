//! A verdict as an error.

use migrator_model::{Code, Note, Place, Problem, Registry};
use migrator_runtime::Fault;
use migrator_verify::{Afterwards, Change, Difference, Pass, Proved, Verdict};

use super::lacking::lacks;
use crate::failure;
use crate::view::Located;

/// What is wrong with a migration, if anything is.
pub(super) fn as_error(
    proved: Proved<'_>,
    registry: &Registry,
    afterwards: Afterwards,
) -> Option<Located> {
    let migration = proved.migration;
    match proved.verdict {
        Verdict::Sound | Verdict::Irreversible(_) | Verdict::Skipped { .. } => None,
        Verdict::NotUndone(differences) => {
            let message = format!("the down script of `{migration}` does not undo its up script");
            Some(Located::nowhere(Problem {
                notes: notes(&differences, "left behind", "not there again"),
                ..Problem::at(
                    Code::M0510,
                    Place::file(migration.down().path()),
                    message,
                    NOT_UNDONE,
                )
            }))
        }
        Verdict::NotRepeated(differences) => {
            let message =
                format!("the up script of `{migration}` has another effect the second time");
            Some(Located::nowhere(Problem {
                notes: notes(&differences, "only the second time", "only the first time"),
                ..Problem::at(
                    Code::M0511,
                    Place::file(migration.up().path()),
                    message,
                    NOT_REPEATED,
                )
            }))
        }
        Verdict::Failed(pass, fault) => {
            let lacks = lacks(&fault, registry, afterwards);
            Some(failed(&fault, pass, lacks))
        }
    }
}

const NOT_UNDONE: &str = "make the down script undo exactly what the up script does, or say why it does not: \
     `-- migrator: allow M0510 because …` in one of the scripts, or \
     `-- migrator: irreversible because …` as the whole of the down script";

const NOT_REPEATED: &str = "make the script depend only on the schema, or accept the difference: \
     `-- migrator: allow M0511 because …` in one of the scripts";

/// A script that failed, with the run of the script and what to do. The server may lack something
/// that other servers have: `lacks` says what to do about that.
fn failed(fault: &Fault, pass: Pass, lacks: Option<String>) -> Located {
    let (note, help) = match pass {
        Pass::Up => ("this was the up script's first run", "fix the up script"),
        Pass::Down => (
            "this was the down script's run",
            "fix the down script, or say why the migration cannot be reverted: \
             `-- migrator: irreversible because …` as the whole of the down script",
        ),
        Pass::Again => (
            "this was the up script's second run, after the down script",
            "make the down script remove what is in the way, rows too; or say why the migration \
             cannot be reverted: `-- migrator: irreversible because …` as the whole of the down script",
        ),
    };
    let mut error = failure::of_fault(fault);
    error.note("note", note);
    error.problem.help = match (lacks, is_of_the_role(fault)) {
        (Some(help), _) => help,
        (None, true) => "the role lacks a right that the scripts need".to_owned(),
        (None, false) => help.to_owned(),
    };
    error
}

/// Whether the script failed because the role lacks a right: `insufficient_privilege`,
/// `read_only_sql_transaction`.
fn is_of_the_role(fault: &Fault) -> bool {
    let sqlstate = fault.sqlstate.as_deref();
    sqlstate.is_some_and(|state| ["42501", "25006"].contains(&state))
}

/// The differences, each as one note. A longer list would not be read.
fn notes(
    differences: &[Difference],
    appeared: &'static str,
    disappeared: &'static str,
) -> Vec<Note> {
    const SHOWN: usize = 20;
    let note = |label, text| Note { label, text };
    let mut notes: Vec<Note> = differences
        .iter()
        .take(SHOWN)
        .map(|difference| match &difference.change {
            Change::Appeared => note(appeared, difference.object.to_string()),
            Change::Disappeared => note(disappeared, difference.object.to_string()),
            Change::Altered { .. } => note("other than before", difference.to_string()),
        })
        .collect();
    if differences.len() > SHOWN {
        notes.push(note(
            "note",
            format!("and {} more", differences.len() - SHOWN),
        ));
    }
    notes
}
