//! Records scripts that were edited after they were applied.

use std::collections::BTreeSet;

use migrator_model::Version;
use migrator_plan::{Edit, Selection};

use crate::context::Context;
use crate::error::Error;
use crate::error::fault::{Fault, Left};
use crate::error::kind::ErrorKind;
use crate::history::failure::read_failed;
use crate::history::guard::Purpose;
use crate::history::read;
use crate::history::write::{self, Kind, Took};
use crate::lock::acquire::Locks;
use crate::lock::held::Held;
use crate::session::client::Client;
use crate::step::source::Source;

impl Context {
    pub(crate) async fn edits(
        &self,
        client: &Client,
        service: &str,
        version: Option<Version>,
    ) -> Result<Vec<Edit<'static>>, Error> {
        let history = self.history(client, Purpose::Act).await?;
        let named = Selection::Named(vec![service.to_owned()]);
        self.check_names(&named, &history)?;
        let doing = "reading the recorded scripts";
        let scripts = async {
            let read = read::scripts(&self.reader(client, Purpose::Act), &history, service).await;
            read.map_err(|error| read_failed(client, doing, error))
        };
        let scripts = self.stop.read(client, scripts).await?;
        let edits = migrator_plan::edits(self.registry, &history, service, version, scripts);
        Ok(edits.map_err(ErrorKind::Refused)?)
    }

    pub(crate) async fn accept(
        &self,
        client: &Client,
        edits: &[Edit<'static>],
    ) -> Result<(), Error> {
        let mut locks = Locks::default();
        let services = edits.iter().map(|edit| edit.entry.id.service.to_string());
        locks.exclusive.extend(services);
        let (held, _) = self.lock(client, &locks).await?;
        // Boxed: it is large, and every caller's future would hold it.
        let record = Box::pin(self.record_edits(client, &held, edits));
        let accepted = Box::pin(self.settle(client, record)).await;
        self.release(client, held).await;
        accepted
    }

    async fn record_edits(
        &self,
        client: &Client,
        held: &Held,
        edits: &[Edit<'static>],
    ) -> Result<(), Error> {
        let history = self.history(client, Purpose::Act).await?;
        migrator_plan::accept(&history, edits).map_err(ErrorKind::Refused)?;
        let bootstrap = self.bootstrap(client);
        bootstrap.upgrade(held, &[history.format()]).await?;
        let services: BTreeSet<&str> = edits.iter().map(|e| &*e.entry.id.service).collect();
        let claims = services.iter().map(|name| write::claim(&self.tables, name));
        let check = write::check(held.nonce);
        let records = edits.iter().map(|edit| self.record_edit(edit));
        let records: String = claims.chain([check]).chain(records).collect();
        let Some(first) = edits.first() else {
            return Ok(());
        };
        let subject = first.entry.id.to_string();
        let written = self.write(client, held, &subject, &records).await;
        Ok(written.map_err(|kind| at_character(kind, edits))?)
    }

    fn record_edit(&self, edit: &Edit<'_>) -> String {
        let Edit {
            entry, migration, ..
        } = edit;
        let checksum = migration.checksum.to_string();
        let subject = write::Subject {
            service: &entry.id.service,
            version: entry.id.version,
            name: &migration.history_name(),
            checksum: &checksum,
            application: &self.options.application,
            lock: None,
        };
        let message = match edit.is_up() {
            true => format!(
                "the edited scripts were recorded: checksum {} became {checksum}",
                entry.checksum
            ),
            false => "the edited down script was recorded".to_owned(),
        };
        let event = write::event(
            &self.tables,
            Kind::Accept,
            subject,
            Took::Unknown,
            Some(&message),
        );
        write::replace(&self.tables, migration) + &event
    }
}

/// What keeps edits from being recorded, at the character that the database's encoding does not
/// have if it is for that.
fn at_character(kind: ErrorKind, edits: &[Edit<'static>]) -> ErrorKind {
    let ErrorKind::History { why, sqlstate, .. } = &kind else {
        return kind;
    };
    for Edit { migration, .. } in edits {
        let fault = Fault::new(migration.to_string(), why.clone(), Left::Nothing);
        let fault = Fault {
            sqlstate: sqlstate.clone(),
            ..fault
        };
        let up = Source::embedded(&migration.up);
        let fault = up.at_character(fault, &[&migration.down]);
        if fault.position.is_some() {
            return fault.into();
        }
    }
    kind
}
