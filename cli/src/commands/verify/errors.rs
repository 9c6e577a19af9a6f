//! A verdict as an error.

use migrator_model::{Code, Registry};
use migrator_verify::{Afterwards, Change, Difference, Pass, Proved, Verdict};

use super::lacking::lacks;
use crate::failure;
use crate::view::{Shown, ShownPlace};

/// What is wrong with a migration, if anything is.
pub(super) fn as_error(
    proved: Proved<'_>,
    registry: &Registry,
    afterwards: Afterwards,
) -> Option<Shown> {
    let migration = proved.migration;
    match proved.verdict {
        Verdict::Sound | Verdict::Irreversible(_) | Verdict::Skipped { .. } => None,
        Verdict::NotUndone(differences) => Some(Shown {
            code: Code::M0510,
            message: format!("the down script of `{migration}` does not undo its up script"),
            place: Some(place(&migration.down.path)),
            notes: notes(&differences, "left behind", "not there again"),
            help:
                "have the down script take back exactly what the up script does, or say why not: \
                 `-- migrator: allow M0510 because …` in one of the scripts, or \
                 `-- migrator: irreversible because …` as the whole of the down script"
                    .to_owned(),
        }),
        Verdict::NotRepeated(differences) => Some(Shown {
            code: Code::M0511,
            message: format!("the up script of `{migration}` does something else a second time"),
            place: Some(place(&migration.up.path)),
            notes: notes(&differences, "only the second time", "only the first time"),
            help:
                "let it depend on nothing but the schema that it meets, or accept the difference: \
                   `-- migrator: allow M0511 because …` in one of the scripts"
                    .to_owned(),
        }),
        Verdict::Failed(pass, fault) => {
            let lacks = lacks(&fault, registry, afterwards);
            let mut shown = failure::of_fault(fault);
            let (note, help) = match pass {
                Pass::Up => ("it was the up script's first run", "fix the up script"),
                Pass::Down => (
                    "it was the down script's run",
                    "fix the down script, or say why the migration cannot be reverted: \
                     `-- migrator: irreversible because …` as the whole of the down script",
                ),
                Pass::Again => (
                    "it was the up script's second run, after the down script",
                    "have the down script take back what is in the way, rows too; or say why that \
                     cannot be: `-- migrator: irreversible because …` as the whole of the down script",
                ),
            };
            shown.notes.push(("note", note.to_owned()));
            shown.help = match (lacks, shown.notes.iter().any(is_of_the_role)) {
                (Some(help), _) => help,
                (None, true) => "the role lacks a right that the scripts need".to_owned(),
                (None, false) => help.to_owned(),
            };
            Some(shown)
        }
    }
}

/// Whether the script is innocent: `insufficient_privilege`, `read_only_sql_transaction`.
fn is_of_the_role((word, text): &(&'static str, String)) -> bool {
    *word == "sqlstate" && ["42501", "25006"].contains(&text.as_str())
}

fn place(path: &str) -> ShownPlace {
    ShownPlace {
        path: path.to_owned(),
        position: None,
        line: None,
    }
}

/// The differences, each as one note; not more than can be read.
fn notes(
    differences: &[Difference],
    appeared: &'static str,
    disappeared: &'static str,
) -> Vec<(&'static str, String)> {
    const SHOWN: usize = 20;
    let mut notes: Vec<(&'static str, String)> = differences
        .iter()
        .take(SHOWN)
        .map(|difference| match &difference.change {
            Change::Appeared => (appeared, difference.object.to_string()),
            Change::Disappeared => (disappeared, difference.object.to_string()),
            Change::Altered { .. } => ("other than before", difference.to_string()),
        })
        .collect();
    if differences.len() > SHOWN {
        notes.push(("note", format!("and {} more", differences.len() - SHOWN)));
    }
    notes
}
