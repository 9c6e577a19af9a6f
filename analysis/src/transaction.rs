//! Scripts and transactions: what ends one, what refuses one, and what there is
//! to say of scripts that run without.

use migrator_model::{Code, Mode};

use crate::finding::Finding;
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;

/// What is wrong with how a script runs; at most one finding, the first.
pub(crate) fn find<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    match script.mode() {
        Mode::Transaction => controls(script).or_else(|| refuses(script)),
        Mode::NoTransaction => needless(script).or_else(|| unrepeatable(script)),
    }
}

/// A statement that begins, ends or divides the script's own transaction.
fn controls<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let statement = sql.statements().find(|&id| is_control(sql.kind(id)))?;
    let what = first_words(sql, statement, 1);
    Some(Finding::new(
        script,
        Code::M0210,
        sql.range(statement).start,
        format!("`{what}` has no place in a script that runs in a transaction of its own"),
        "remove it, with the statement that belongs to it: the script and its history entry are \
         one transaction",
    ))
}

fn is_control(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::BEGIN
            | Kind::COMMIT_TRANSACTION
            | Kind::ROLLBACK_TRANSACTION
            | Kind::SAVEPOINT_CREATE
            | Kind::RELEASE_SAVEPOINT
            | Kind::ROLLBACK_TO_SAVEPOINT
            | Kind::PREPARE_TRANSACTION
    )
}

/// A statement that Postgres refuses in a transaction block.
fn refuses<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let statement = sql.statements().find(|&id| is_refused(sql, id))?;
    let what = first_words(sql, statement, 3);
    Some(Finding::new(
        script,
        Code::M0211,
        sql.range(statement).start,
        format!("`{what}` is refused by Postgres inside a transaction"),
        "put it alone into a migration whose scripts start with `-- migrator: no-transaction`",
    ))
}

/// Whether a statement calls `PreventInTransactionBlock` (Postgres's source:
/// `utility.c`, `indexcmds.c`, `tablecmds.c`, `cluster.c`, `vacuum.c`,
/// `subscriptioncmds.c`).
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all kinds these few are refused"
)]
fn is_refused(sql: &Sql<'_>, id: Id) -> bool {
    let has = |kind| sql.find(id, kind).is_some();
    match sql.kind(id) {
        Kind::CREATE_INDEX | Kind::DROP_INDEX => sql.child(id, Kind::CONCURRENTLY_KW).is_some(),
        Kind::REINDEX => {
            has(Kind::CONCURRENTLY_KW)
                || has(Kind::REINDEX_TARGET_DATABASE)
                || has(Kind::REINDEX_TARGET_SCHEMA)
                || has(Kind::REINDEX_TARGET_SYSTEM)
        }
        Kind::ALTER_TABLE => has(Kind::DETACH_CONCURRENTLY),
        Kind::ALTER_DATABASE => has(Kind::SET_TABLESPACE),
        Kind::CLUSTER => !has(Kind::TABLE_NAME_REF),
        Kind::DISCARD => has(Kind::DISCARD_ALL),
        kind => matches!(
            kind,
            Kind::VACUUM
                | Kind::CREATE_DATABASE
                | Kind::DROP_DATABASE
                | Kind::CREATE_TABLESPACE
                | Kind::DROP_TABLESPACE
                | Kind::ALTER_SYSTEM
                | Kind::CREATE_SUBSCRIPTION
                | Kind::DROP_SUBSCRIPTION
                | Kind::COMMIT_PREPARED
                | Kind::ROLLBACK_PREPARED
        ),
    }
}

/// `no-transaction` on a script that could as well run in one.
fn needless<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let needs = |id: Id| {
        is_refused(sql, id)
            || is_control(sql.kind(id))
            || matches!(
                sql.kind(id),
                Kind::CALL | Kind::DO | Kind::ALTER_SUBSCRIPTION
            )
            || sql.find(id, Kind::ADD_VALUE).is_some()
    };
    if sql.statements().any(needs) {
        return None;
    }
    Some(Finding::new(
        script,
        Code::M0212,
        directive_offset(sql.text),
        "nothing in this script needs to run outside a transaction",
        "remove the directive: in a transaction a failure leaves nothing behind",
    ))
}

fn directive_offset(text: &str) -> usize {
    let directive = text.find("no-transaction").unwrap_or(0);
    text[..directive]
        .rfind('\n')
        .map_or(0, |newline| newline + 1)
}

/// Several statements of which one cannot be run again after a later one failed.
fn unrepeatable<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let statements: Vec<Id> = sql.statements().collect();
    let (_, before) = statements.split_last()?;
    let statement = before.iter().copied().find(|&id| !is_repeatable(sql, id))?;
    let what = first_words(sql, statement, 2);
    Some(Finding::new(
        script,
        Code::M0214,
        sql.range(statement).start,
        format!("after a failure further down, this `{what}` cannot be run again"),
        "keep one statement in a migration, or say IF EXISTS or IF NOT EXISTS",
    ))
}

fn is_repeatable(sql: &Sql<'_>, id: Id) -> bool {
    let guarded = [Kind::IF_EXISTS, Kind::IF_NOT_EXISTS, Kind::OR_REPLACE];
    let is_guarded = guarded.into_iter().any(|kind| sql.find(id, kind).is_some());
    let plain = matches!(
        sql.kind(id),
        Kind::SET
            | Kind::RESET
            | Kind::SELECT
            | Kind::VACUUM
            | Kind::ANALYZE
            | Kind::REINDEX
            | Kind::REFRESH
            | Kind::CLUSTER
            | Kind::COMMENT_ON
            | Kind::GRANT
            | Kind::REVOKE
            | Kind::DO
            | Kind::CALL
            | Kind::EMPTY_STMT
    );
    is_guarded || plain || is_control(sql.kind(id))
}

/// The first words of a statement, as they are written; of a name none is one.
fn first_words(sql: &Sql<'_>, id: Id, count: usize) -> String {
    let words = sql.text_of(id).split_whitespace().take(count);
    let words = words.map(|word| word.trim_end_matches(';'));
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_alphabetic());
    let words: Vec<&str> = words.take_while(is_word).collect();
    words.join(" ")
}
