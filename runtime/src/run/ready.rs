//! Makes a session ready for a run, and checks that the session can write.
//!
//! It sends one message before the first change. So an error about the whole database names the
//! database, and not the first script.

use crate::error::kind::{ErrorKind, ReadOnly};
use crate::event::operation::Operation;
use crate::history::failure::failed;
use crate::history::in_message;
use crate::session::advisory::LockHolder;
use crate::session::client::Client;
use crate::session::reset::reset;
use crate::session::send::rows;
use crate::session::timeouts::{Limit, Limits};

/// What the role, the database and the server have set, once [`reset`] has taken back
/// what the session had. Not every server has these two timeouts. An expression of [`in_message`]
/// completes the query.
const QUESTION: &str = "SELECT pg_catalog.pg_is_in_recovery(), \
    pg_catalog.current_setting('default_transaction_read_only'), \
    pg_catalog.current_setting('transaction_timeout', true), \
    pg_catalog.current_setting('idle_session_timeout', true), \
    pg_catalog.pg_backend_pid(), ";

/// Takes back what was set in the session, and keeps it from being ended. Returns its server
/// process.
///
/// # Errors
///
/// The database takes no writes, or the connection is lost.
pub(crate) async fn session(client: &Client, locks: LockHolder) -> Result<i32, ErrorKind> {
    let failed = |error| failed(client, Operation::PrepareSession, &error);
    let reset = reset(locks);
    let message = format!("{reset}{QUESTION}{};", in_message::can_be_checked());
    let answers = client.postgres().simple_query(&message).await;
    // The last row: the unlocking has one as well.
    let Some(row) = rows(answers.map_err(failed)?).last() else {
        return Ok(0);
    };
    let limit = |column| match row.get(column) {
        None | Some("0") => Limit::None,
        Some(_) => Limit::Some,
    };
    let limits = Limits {
        transactions: limit(2),
        idle: limit(3),
    };
    client.note(limits);
    client.note_checks_scripts(row.get(5) == Some("t"));
    let stay = limits.stay();
    if !stay.is_empty() {
        client
            .postgres()
            .batch_execute(stay)
            .await
            .map_err(failed)?;
    }
    match (row.get(0), row.get(1)) {
        (Some("t"), _) => Err(ErrorKind::ReadOnly(ReadOnly::Standby)),
        (_, Some("on")) => Err(ErrorKind::ReadOnly(ReadOnly::Setting)),
        _ => Ok(row
            .get(4)
            .and_then(|process| process.parse().ok())
            .unwrap_or_default()),
    }
}
