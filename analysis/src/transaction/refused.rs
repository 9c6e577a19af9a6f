//! M0211: statements that Postgres refuses in a transaction.

use migrator_model::Code;

use super::statement::{first_words, is_refused};
use crate::finding::Finding;
use crate::script::Script;

/// The first statement that Postgres refuses in a transaction.
pub(super) fn refused<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let statement = sql.all_statements().find(|&id| is_refused(sql, id))?;
    let what = first_words(sql, statement, 3);
    Some(Finding::new(
        script,
        Code::M0211,
        sql.range(statement).start,
        format!("`{what}` is refused by Postgres inside a transaction"),
        "put it alone into a migration whose scripts start with `-- migrator: no-transaction`",
    ))
}
