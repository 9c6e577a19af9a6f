//! M0212: `no-transaction` on a script that can run in a transaction.

use migrator_model::Code;

use super::statement::{is_refused, is_savepoint_control, is_transaction_control};
use crate::finding::Finding;
use crate::names::name_of;
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;

/// A `no-transaction` directive that the script does not need.
pub(super) fn needless<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let needs = |id: Id| {
        is_refused(sql, id)
            || is_transaction_control(sql, id)
            || is_savepoint_control(sql.kind(id))
            || matches!(
                sql.kind(id),
                Kind::CALL | Kind::DO | Kind::ALTER_SUBSCRIPTION
            )
            || sql.find(id, Kind::ADD_VALUE).is_some()
    };
    if sql.all_statements().any(needs) {
        return None;
    }
    Some(Finding::new(
        script,
        Code::M0212,
        directive_offset(sql.text),
        "nothing in this script needs to run outside a transaction",
        match proves_what_it_adds(sql) {
            true => {
                "put each VALIDATE CONSTRAINT, and what follows it, into a later migration, and \
                 remove the directive from both: in one transaction reads and writes would wait"
            }
            false => "remove the directive: in a transaction a failure leaves nothing behind",
        },
    ))
}

/// Whether a script adds a constraint NOT VALID to a table and validates a constraint of that
/// table.
fn proves_what_it_adds(sql: &Sql<'_>) -> bool {
    let mut open = Vec::new();
    for statement in sql.statements() {
        let table = sql.find(statement, Kind::TABLE_NAME_REF);
        let Some(table) = table.and_then(|id| name_of(sql, id)) else {
            continue;
        };
        if sql.find(statement, Kind::VALIDATE_CONSTRAINT).is_some() && open.contains(&table) {
            return true;
        }
        if sql.find(statement, Kind::NOT_VALID).is_some() {
            open.push(table);
        }
    }
    false
}

fn directive_offset(text: &str) -> usize {
    let directive = text.find("no-transaction").unwrap_or(0);
    text[..directive]
        .rfind('\n')
        .map_or(0, |newline| newline + 1)
}
