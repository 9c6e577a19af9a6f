//! M0244: a script has lines that its author was to replace.

use migrator_model::Code;

use crate::finding::Finding;
use crate::parse::Kind;
use crate::script::{Pair, Script};

/// The start of a line that the author replaces. `migrator create` and drafts write it.
pub const PLACEHOLDER: &str = "SELECT 1; -- replace this line by";

/// The first such line of a pair.
pub(crate) fn find<'a>(pair: &'a Pair<'a>) -> Option<Finding<'a>> {
    pair.scripts().into_iter().find_map(unedited)
}

fn unedited<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    if !sql.text.contains(PLACEHOLDER) {
        return None;
    }
    let statements = || {
        let all = sql.all_statements();
        all.filter(|&id| sql.kind(id) != Kind::EMPTY_STMT)
    };
    let mut starts = statements().map(|id| sql.range(id).start);
    let offset = starts.find(|&start| {
        let rest = sql.text.get(start..);
        rest.is_some_and(|rest| rest.starts_with(PLACEHOLDER))
    })?;
    let (message, help) = match statements().nth(1) {
        None => (
            "this script does nothing yet: nobody has edited it since `migrator create`",
            "replace this line with the change; if there is nothing to do, remove the comment in this line",
        ),
        Some(_) => (
            "this script is a draft: nobody has replaced this line",
            "replace this line as its comment says; if there is nothing to do, remove the line",
        ),
    };
    Some(Finding::new(script, Code::M0244, offset, message, help))
}
