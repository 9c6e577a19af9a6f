//! How a statement affects a transaction.

use migrator_model::sql::{ends_transaction, opens_transaction};

use crate::parse::{Id, Kind, Sql};

/// Whether a statement begins or ends the transaction that it runs in.
///
/// COMMIT PREPARED and ROLLBACK PREPARED end another transaction.
pub(super) fn is_transaction_control(sql: &Sql<'_>, id: Id) -> bool {
    let is_prepared = matches!(
        sql.kind(id),
        Kind::COMMIT_PREPARED | Kind::ROLLBACK_PREPARED
    );
    let text = sql.text_of(id);
    !is_prepared && (opens_transaction(text) || ends_transaction(text))
}

/// Whether a statement sets, releases or rolls back to a savepoint.
pub(super) fn is_savepoint_control(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::SAVEPOINT_CREATE | Kind::RELEASE_SAVEPOINT | Kind::ROLLBACK_TO_SAVEPOINT
    )
}

/// Whether Postgres refuses a statement in a transaction.
///
/// The server calls `PreventInTransactionBlock` for these (`utility.c`, `indexcmds.c`,
/// `tablecmds.c`, `cluster.c`, `vacuum.c`, `subscriptioncmds.c`).
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all kinds these few are refused"
)]
pub(super) fn is_refused(sql: &Sql<'_>, id: Id) -> bool {
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

/// The first keywords of a statement, as the script writes them.
pub(super) fn first_words(sql: &Sql<'_>, id: Id, count: usize) -> String {
    let words = sql.text_of(id).split_whitespace().take(count);
    let words = words.map(|word| word.trim_end_matches(';'));
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_alphabetic());
    let words: Vec<&str> = words.take_while(is_word).collect();
    words.join(" ")
}
