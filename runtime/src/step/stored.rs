//! The recorded down scripts that a plan needs. They are read before the first step, because a
//! query between steps would wait for every message in progress.

use std::collections::{BTreeMap, HashMap};

use migrator_model::Version;
use migrator_model::file_name::Direction;
use migrator_plan::{Body, Conflict, Plan, Step};

use super::length::{LONGEST, too_long};
use super::source::Source;
use crate::error::fault::{Fault, Left};
use crate::error::kind::ErrorKind;
use crate::event::operation::Operation;
use crate::history::failure::read_failed;
use crate::history::reader::Reader;
use crate::history::{Entry, matches_checksum, read};
use crate::session::client::Client;

/// Down scripts by service and version.
#[derive(Default)]
pub(crate) struct StoredScripts(HashMap<(String, Version), String>);

impl StoredScripts {
    /// Reads the scripts that the plan needs. Sends no query if the plan needs none.
    ///
    /// # Errors
    ///
    /// The scripts cannot be read, or the checksum of an entry is not that of its up script. Then
    /// no script of that entry runs.
    pub(crate) async fn read(
        client: &Client,
        reader: &Reader<'_>,
        plan: &Plan<'_>,
    ) -> Result<StoredScripts, ErrorKind> {
        let mut wanted: BTreeMap<&str, BTreeMap<Version, &Entry>> = BTreeMap::new();
        for step in &plan.steps {
            if let (Body::RecordedScript, Some(entry)) = (step.body, step.entry()) {
                let entries = wanted.entry(step.service()).or_default();
                entries.insert(entry.id.version, entry);
            }
        }
        let (mut scripts, mut conflicts) = (HashMap::new(), Vec::new());
        for (service, entries) in wanted {
            let versions: Vec<Version> = entries.keys().copied().collect();
            let found = read::scripts_of(reader, service, &versions).await;
            let doing = Operation::ReadScripts;
            for (version, (up, down)) in found.map_err(|error| read_failed(client, doing, error))? {
                let entry = entries.get(&version);
                if let (Some(entry), Some(up)) = (entry, &up)
                    && !matches_checksum(&entry.id, up, &entry.checksum)
                {
                    conflicts.push(Conflict::forged(entry));
                }
                scripts.extend(down.map(|sql| ((service.to_owned(), version), sql)));
            }
        }
        match conflicts.is_empty() {
            true => Ok(StoredScripts(scripts)),
            false => Err(ErrorKind::Refused(conflicts)),
        }
    }

    /// The script of a step, if it may be sent; the empty script if the step has none.
    pub(crate) fn source(&self, step: &Step<'static>) -> Result<Source, Box<Fault>> {
        let source = match step.body {
            Body::Nothing => return Ok(Source::nothing()),
            Body::Script(script) => Ok(Source::embedded(script)),
            Body::RecordedScript => match self.of(step) {
                Some(sql) => Source::recorded(sql.to_owned(), Direction::Down),
                None => Err("its down script is no longer recorded".to_owned()),
            },
        };
        let fault = |why| Box::new(Fault::new(step.id.clone(), why, Left::Nothing));
        let source = source.map_err(fault)?;
        let unfit = source.unfit(&step.id).or_else(|| {
            let others = step.recorded_scripts();
            let others: Vec<_> = others.iter().map(|script| script.sql()).collect();
            // A step that records another script records its own one, too.
            let own = others.first().map(|_| &*source.sql);
            let recorded: Vec<&str> = own
                .into_iter()
                .chain(others.iter().map(|sql| &**sql))
                .collect();
            too_long(&step.id, &source, &recorded, LONGEST)
        });
        match unfit {
            Some(fault) => Err(Box::new(fault)),
            None => Ok(source),
        }
    }

    fn of(&self, step: &Step<'_>) -> Option<&str> {
        let key = (step.service().to_owned(), step.version());
        self.0.get(&key).map(String::as_str)
    }
}
