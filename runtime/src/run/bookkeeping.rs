//! Writes what belongs to no step to the history: the results of `repair`.

use tokio_postgres::error::SqlState;

use crate::context::Context;
use crate::error::Error;
use crate::error::fault::Fault;
use crate::error::kind::ErrorKind;
use crate::error::stopped::Stopped;
use crate::event::Event;
use crate::event::blocker::WaitingFor;
use crate::history::failure::failed;
use crate::history::write;
use crate::lock::held::Held;
use crate::session::client::Client;
use crate::session::message::{Commit, Message};
use crate::session::send::send;
use crate::session::watch::{Waiting, Watch};

impl Context {
    /// Does what reads and writes the history under a lock, unless the run was stopped. A
    /// stop cancels what the server is at, and is what the work then ends in.
    pub(crate) async fn settle<T>(
        &self,
        client: &Client,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        if self.stop.is_stopped() {
            return Err(ErrorKind::Stopped(Stopped::default()).into());
        }
        // A report there is none: nothing was run.
        let work = async { work.await.map_err(|error| *error.kind) };
        Ok(self.stop.read(client, work).await?)
    }

    /// Writes records about `subject`, and tells what that waits for.
    pub(crate) async fn write(
        &self,
        client: &Client,
        held: &Held,
        subject: &str,
        records: &str,
    ) -> Result<(), ErrorKind> {
        let limit = self.options.lock_timeout;
        let message = Message::bookkeeping(records, limit, Commit::Durable);
        let waiting = Waiting {
            client,
            application: &self.options.application,
            message: &message,
            limit,
        };
        let tell = |what: &WaitingFor| {
            self.tell(&Event::Held { subject, what });
        };
        let mut watch = Watch::default();
        let sent = send(client.postgres(), &message);
        let sent = watch.during(waiting, tell, sent).await;
        let is_local = client.has_local_commit();
        drop(client.take_notices());
        match sent {
            _ if is_local => Err(Fault::unconfirmed(subject.to_owned()).into()),
            Ok(()) => Ok(()),
            Err(failure) => {
                let is_locked = failure.error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
                let blockers = match is_locked {
                    true => watch.blockers(limit),
                    false => Vec::new(),
                };
                // It fails if the connection is gone, and then that is what is said.
                let _ = client.roll_back("ROLLBACK").await;
                Err(write_failed(client, held, &failure.error).behind(blockers))
            }
        }
    }
}

/// What a message that writes under a lock, behind its check, failed of.
pub(crate) fn write_failed(
    client: &Client,
    held: &Held,
    error: &tokio_postgres::Error,
) -> ErrorKind {
    let doing = "writing the history".to_owned();
    match error.as_db_error().and_then(write::gone) {
        Some(_) => ErrorKind::LockLost {
            doing,
            why: held.why_lost(),
        },
        None => failed(client, doing, error),
    }
}
