//! Outcomes of the up script that the down script does not reverse.

use migrator_model::Code;

use crate::finding::Finding;
use crate::objects::Object;
use crate::script::Script;

/// Outcomes of the up script that the down script does not reverse.
pub(super) struct NotUndone<'a> {
    pub(super) object: Object,
    /// The object in messages.
    pub(super) shown: String,
    pub(super) offset: usize,
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: String,
    /// What the down script should do.
    pub(super) expected: Expected,
    pub(super) script: &'a Script<'a>,
}

#[derive(PartialEq, Eq)]
pub(super) enum Expected {
    /// Drop the object.
    Drop,
    Other,
}

pub(super) fn nothing_taken_back<'a>(first: &NotUndone<'a>, count: usize) -> Finding<'a> {
    let others = count - 1;
    let word = if others == 1 { "one other" } else { "others" };
    let number = if others == 1 {
        String::new()
    } else {
        format!("{others} ")
    };
    Finding::new(
        first.script,
        first.code,
        first.offset,
        format!(
            "the down script undoes no change of the up script to {} and {number}{word}",
            first.shown
        ),
        format!(
            "undo it in the down script, or write in the up script why that is impossible: `-- migrator: allow {} because …`",
            first.code
        ),
    )
}
