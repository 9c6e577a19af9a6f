//! Locks of the session that also runs the scripts, for a database that has no second connection.
//!
//! They are session-level locks, because each step is a transaction of its own. The session takes
//! them in one transaction: first as transaction-level locks, all or none, and then as session-level
//! locks, which it gets at once.
//!
//! Behind a pooler, another run may use the same session. The server would grant that run every lock
//! that the session has. So a run refuses a session that has one of its locks already.

use super::acquire::{Acquired, take};
use super::in_flight::InFlight;
use super::keys::{LockSettings, Locks};
use crate::error::kind::ErrorKind;
use crate::session::client::Client;

/// Takes the locks over the client's session, and waits as [`acquire`](super::acquire::acquire)
/// does.
pub(crate) async fn acquire(
    client: &Client,
    locks: &Locks,
    taking: LockSettings<'_>,
) -> Result<Acquired, ErrorKind> {
    // If the future is dropped, the session may have the locks: it ends.
    let under_way = InFlight::before(client);
    let taken = take(client, locks, &taking).await;
    under_way.done();
    taken
}
