//! M0210: statements that begin or end a transaction, and savepoints.

use migrator_model::Code;
use migrator_model::sql::{chains_transaction, ends_transaction, opens_transaction};

use super::statement::{first_words, is_savepoint_control, is_transaction_control};
use crate::finding::Finding;
use crate::names::fold;
use crate::parse::Kind;
use crate::script::Script;

/// In a transaction: a statement that begins or ends it, or that names an unknown savepoint.
///
/// A script may set, release and roll back to its own savepoints.
pub(super) fn in_transaction<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let mut open: Vec<String> = Vec::new();
    for statement in sql.all_statements() {
        let offset = sql.range(statement).start;
        let finding = |message: String, help: &str| {
            Some(Finding::new(script, Code::M0210, offset, message, help))
        };
        if is_transaction_control(sql, statement) {
            let what = first_words(sql, statement, 1);
            return finding(
                format!("`{what}` is not allowed: `migrator` runs this script in a transaction"),
                "remove it, and the statement that belongs to it: the script and its history \
                 entry are one transaction",
            );
        }
        let named = |kind| {
            let name = sql.child(statement, kind)?;
            Some(fold(sql.text_of(name)))
        };
        open.extend(named(Kind::SAVEPOINT));
        let Some(name) = named(Kind::SAVEPOINT_REF) else {
            continue;
        };
        let Some(at) = open.iter().rposition(|one| *one == name) else {
            return finding(
                format!("no statement before this one sets the savepoint `{name}`"),
                "set it with SAVEPOINT in this script, or remove this statement",
            );
        };
        let keeps_it = sql.kind(statement) == Kind::ROLLBACK_TO_SAVEPOINT;
        open.truncate(at + usize::from(keeps_it));
    }
    None
}

/// Outside a transaction: a savepoint statement without a BEGIN before it.
pub(super) fn outside_transaction<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let mut is_open = false;
    for statement in sql.all_statements() {
        let text = sql.text_of(statement);
        if opens_transaction(text) {
            is_open = true;
        } else if ends_transaction(text) {
            is_open = chains_transaction(text);
        } else if is_savepoint_control(sql.kind(statement)) && !is_open {
            let what = first_words(sql, statement, 1);
            return Some(Finding::new(
                script,
                Code::M0210,
                sql.range(statement).start,
                format!("`{what}` is outside a transaction, where Postgres refuses it"),
                "write it between BEGIN and COMMIT, or remove it",
            ));
        }
    }
    None
}
