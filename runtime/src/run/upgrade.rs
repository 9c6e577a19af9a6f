//! Upgrades the history's tables to the newest format, before the first change of a run.

use std::time::{Duration, Instant};

use migrator_connect::backoff::jitter;

use crate::error::format::FORMAT;
use crate::error::kind::ErrorKind;
use crate::event::Event;
use crate::event::blocker::{Blocker, WaitingFor};
use crate::event::operation::{Operation, Waiter};
use crate::history::bootstrap::{Bootstrap, Trouble};
use crate::history::failure::ReadError;
use crate::history::{checks, upgrade};
use crate::lock::held::Held;
use crate::session::send::rows;

/// How long one try waits for the locks on the tables. Everybody who reads or writes the
/// history meanwhile waits behind it.
const TRY: Duration = Duration::from_secs(1);

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);

impl Bootstrap<'_> {
    /// Upgrades the tables if a read of this run found an older format. Another run may have
    /// upgraded them since.
    ///
    /// Runs of an older binary may be in progress, and a step of theirs holds locks on the
    /// tables until it ends. So this tries until the time of
    /// [`Options::lock_wait`](crate::Options::lock_wait) is over.
    pub(crate) async fn upgrade(self, held: &Held, found: &[Option<i32>]) -> Result<(), ErrorKind> {
        if !found.iter().flatten().any(|format| *format < FORMAT) {
            return Ok(());
        }
        let started = Instant::now();
        let mut reported: Vec<Blocker> = Vec::new();
        loop {
            let Err(trouble) = self.try_upgrade(held, started).await else {
                self.tell_end(&reported);
                return Ok(());
            };
            // It fails if the connection is lost, and then `trouble` says so.
            let _ = self.client.roll_back("ROLLBACK").await;
            let blockers = match &trouble {
                Trouble::Read(ReadError::Postgres { error, .. })
                    if error.as_db_error().and_then(checks::gone).is_some() =>
                {
                    return Err(ErrorKind::LockLost {
                        doing: Operation::UpgradeHistory,
                        why: held.why_lost(),
                    });
                }
                Trouble::Read(failure @ ReadError::Postgres { blockers, .. })
                    if failure.is_locked() && started.elapsed() < self.options.lock_wait =>
                {
                    blockers
                }
                Trouble::Read(_) | Trouble::Locked(_) => {
                    return Err(self.failed(Operation::UpgradeHistory, trouble));
                }
            };
            self.tell(blockers, &mut reported);
            tokio::time::sleep(jitter(PAUSE)).await;
        }
    }

    /// One transaction: all of the upgrade or nothing.
    async fn try_upgrade(self, held: &Held, started: Instant) -> Result<(), Trouble> {
        self.begin(started).await?;
        let mut reader = self.reader(Operation::UpgradeHistory);
        reader.lock_timeout = match self.options.lock_timeout.is_zero() {
            true => TRY,
            false => TRY.min(self.options.lock_timeout),
        };
        let query = upgrade::query(&reader, &checks::check_lock(held.proof));
        let answer: Vec<_> = rows(reader.ask(&query).await?).collect();
        let end = match upgrade::statements(self.tables, &answer)? {
            Some(statements) => statements + "COMMIT",
            None => "ROLLBACK".to_owned(),
        };
        reader.ask(&end).await?;
        Ok(())
    }

    /// Reports that the wait is over, if it was reported.
    fn tell_end(self, reported: &[Blocker]) {
        if let (Some(listener), [_, ..]) = (self.listener, reported) {
            let subject = Waiter::Operation(Operation::UpgradeHistory);
            listener.tell(&Event::WaitEnded(subject));
        }
    }

    /// Reports those who hold the locks, unless the last report named the same.
    fn tell(self, blockers: &[Blocker], reported: &mut Vec<Blocker>) {
        let Some(listener) = self.listener else {
            return;
        };
        if blockers.is_empty() || *reported == blockers {
            return;
        }
        *reported = blockers.to_vec();
        listener.tell(&Event::KeptWaiting {
            subject: Waiter::Operation(Operation::UpgradeHistory),
            what: &WaitingFor::Blockers(blockers.to_vec()),
        });
    }
}
