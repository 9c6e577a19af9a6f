//! Records scripts that were edited after they were applied.

use std::collections::BTreeSet;

use migrator_model::{Code, Migration, MigrationRef, Subject, Version};
use migrator_plan::Selection;
use migrator_plan::{Conflict, Remedy};

use crate::context::Context;
use crate::error::Error;
use crate::error::fault::{Fault, Left};
use crate::error::kind::ErrorKind;
use crate::history::failure::read_failed;
use crate::history::guard::Purpose;
use crate::history::write::{self, Kind, Took};
use crate::history::{Entry, History, Likeness, read};
use crate::lock::acquire::Locks;
use crate::lock::held::Held;
use crate::session::client::Client;
use crate::step::source::Source;

/// A migration whose scripts are not those that are recorded.
#[derive(Clone, Debug)]
pub struct Edit {
    /// What is recorded.
    pub entry: Entry,
    /// What the registry has.
    pub migration: &'static Migration,
    /// The up script as it is recorded, if it is.
    pub up_script: Option<String>,
    /// The down script as it is recorded, if it is.
    pub down_script: Option<String>,
}

impl Context {
    pub(crate) async fn edits(
        &self,
        client: &Client,
        service: &str,
        version: Option<Version>,
    ) -> Result<Vec<Edit>, Error> {
        let history = self.history(client, Purpose::Act).await?;
        let named = Selection::Named(vec![service.to_owned()]);
        self.check_names(&named, &history)?;
        if let Some(version) = version {
            self.is_settled(&history, service, version)?;
        }
        let doing = "reading the recorded scripts";
        let scripts = async {
            let read = read::scripts(&self.reader(client, Purpose::Act), &history, service).await;
            read.map_err(|error| read_failed(client, doing, error))
        };
        let scripts = self.stop.read(client, scripts).await?;
        let mut edits = Vec::new();
        let asked = |entry: &&Entry| version.is_none_or(|version| version == entry.id.version);
        for entry in history.entries_of(service).filter(asked) {
            let migration = self.registry.migration(service, entry.id.version);
            let Some(migration) = migration.filter(|_| entry.dirty.is_none()) else {
                continue;
            };
            let (up_script, down_script) =
                scripts.get(&entry.id.version).cloned().unwrap_or_default();
            let edit = Edit {
                entry: entry.clone(),
                migration,
                up_script,
                down_script,
            };
            if edit.is_another() {
                return Err(refused(Conflict::changed(entry, migration)));
            }
            if edit.is_up() || edit.is_down() {
                edits.push(edit);
            }
        }
        Ok(edits)
    }

    fn is_settled(&self, history: &History, service: &str, version: Version) -> Result<(), Error> {
        let Some(entry) = history.entry(service, version) else {
            return Err(refused(Conflict {
                code: Code::M0401,
                subject: Subject::Reference(MigrationRef {
                    service: service.to_owned().into(),
                    version,
                }),
                message: "it is not applied, so that nothing is recorded of it".to_owned(),
                remedy: Remedy::NameApplied,
            }));
        };
        match (entry.dirty, self.registry.migration(service, version)) {
            (Some(direction), _) => Err(refused(Conflict::dirty(self.registry, entry, direction))),
            (None, None) => Err(refused(Conflict::missing(entry))),
            (None, Some(_)) => Ok(()),
        }
    }

    pub(crate) async fn accept(&self, client: &Client, edits: &[Edit]) -> Result<(), Error> {
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
        edits: &[Edit],
    ) -> Result<(), Error> {
        let history = self.history(client, Purpose::Act).await?;
        let now = |edit: &Edit| {
            history
                .entry(&edit.entry.id.service, edit.entry.id.version)
                .cloned()
        };
        if let Some(edit) = edits
            .iter()
            .find(|edit| now(edit).as_ref() != Some(&edit.entry))
        {
            return Err(refused(Conflict {
                code: Code::M0401,
                subject: Subject::Migration(edit.entry.id.clone()),
                message: "its entry was changed by another run meanwhile".to_owned(),
                remedy: Remedy::CompareAgain,
            }));
        }
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

    fn record_edit(&self, edit: &Edit) -> String {
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

impl Edit {
    /// Whether the up script is another, be it in its name or its comments alone.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.entry.likeness(self.migration) != Likeness::Same
    }

    /// Whether the down script is another.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.down_script.as_deref() != Some(&*self.migration.down.sql())
    }

    /// Whether it is another migration altogether: its name opens with its uid.
    fn is_another(&self) -> bool {
        self.entry.id.uid != self.migration.uid
    }
}

/// What keeps edits from being recorded, at the character that the database's encoding does not
/// have if it is for that.
fn at_character(kind: ErrorKind, edits: &[Edit]) -> ErrorKind {
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
        let fault = up.at_character(fault, Some(&migration.down));
        if fault.position.is_some() {
            return fault.into();
        }
    }
    kind
}

fn refused(conflict: Conflict) -> Error {
    ErrorKind::Refused(vec![conflict]).into()
}
