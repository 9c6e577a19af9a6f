//! Takes a migration that is dirty out of that state, as the user says.

use migrator_model::Version;
use migrator_plan::Outcome;

use crate::context::Context;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::history::Entry;
use crate::history::guard::Purpose;
use crate::history::write::{self, Kind, Subject, Took};
use crate::lock::acquire::Locks;
use crate::lock::held::Held;
use crate::run::ready;
use crate::session::client::Client;

impl Context {
    pub(crate) async fn repair(
        &self,
        client: &Client,
        service: &str,
        version: Version,
        outcome: Outcome,
    ) -> Result<Entry, Error> {
        let mut locks = Locks::default();
        locks.exclusive.insert(service.to_owned());
        let (held, _) = self.lock(client, &locks).await?;
        let entry = (service, version);
        // Boxed: it is large, and every caller's future would hold it.
        let record = Box::pin(self.record(client, &held, entry, outcome));
        let repaired = Box::pin(self.settle(client, record)).await;
        self.release(client, held).await;
        repaired
    }

    async fn record(
        &self,
        client: &Client,
        held: &Held,
        (service, version): (&str, Version),
        outcome: Outcome,
    ) -> Result<Entry, Error> {
        ready::session(client).await?;
        let history = self.history(client, Purpose::Act).await?;
        let entry = history.entry(service, version).cloned();
        let Some(entry) = entry.filter(|entry| entry.dirty.is_some()) else {
            return Err(ErrorKind::NotDirty {
                service: service.to_owned(),
                version,
            }
            .into());
        };
        let bootstrap = self.bootstrap(client);
        bootstrap.upgrade(held, &[history.format()]).await?;
        let (record, message) = match outcome {
            Outcome::Applied => {
                let clean = write::set_dirty(&self.tables, service, version, None);
                (clean, "a dirty migration was said to be applied")
            }
            Outcome::Reverted => {
                let gone = write::delete(&self.tables, service, version);
                (gone, "a dirty migration was said to be reverted")
            }
        };
        let subject = Subject {
            service,
            version,
            name: &entry.id.history_name(),
            checksum: &entry.checksum,
            application: &self.options.application,
            lock: None,
        };
        let kind = Kind::Repair;
        let event = write::event(&self.tables, kind, subject, Took::Unknown, Some(message));
        let check = write::check(held.nonce);
        let records = write::claim(&self.tables, service) + &check + &record + &event;
        self.write(client, held, &entry.id.to_string(), &records)
            .await?;
        Ok(entry)
    }
}
