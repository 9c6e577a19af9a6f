//! M0244: nobody has edited a script since `migrator create`.

use migrator_model::Code;

use crate::finding::Finding;
use crate::parse::Kind;
use crate::script::{Pair, Script};

/// The line in a new script that the author replaces. `migrator create` writes it.
pub const PLACEHOLDER: &str = "SELECT 1; -- replace this line by";

/// The first script of a pair that nobody has edited.
pub(crate) fn find<'a>(pair: &'a Pair<'a>) -> Option<Finding<'a>> {
    pair.scripts().into_iter().find_map(unedited)
}

fn unedited<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let offset = sql.text.find(PLACEHOLDER)?;
    let mut statements = sql
        .all_statements()
        .filter(|&id| sql.kind(id) != Kind::EMPTY_STMT);
    let only = statements
        .next()
        .filter(|&id| sql.range(id).start == offset);
    only.filter(|_| statements.next().is_none())?;
    Some(Finding::new(
        script,
        Code::M0244,
        offset,
        "this script does nothing yet: nobody has edited it since `migrator create`",
        "replace this line with the change; if there is nothing to do, remove the comment in this line",
    ))
}
