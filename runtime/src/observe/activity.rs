//! Who applied the migrations of a database, and which runs are changing it now.

use std::collections::BTreeMap;

use migrator_model::Version;

use crate::context::Context;
use crate::error::Error;
use crate::event::active::ActiveRun;
use crate::event::operation::Operation;
use crate::history::failure::{failed, read_failed};
use crate::history::guard::Purpose;
use crate::history::read;
use crate::lock::at_work;
use crate::session::client::Client;
use crate::session::send::rows;

/// Who applied the migrations of a database, and which runs are changing it now.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Activity {
    /// The runs that hold the lock of a service of the registry.
    pub runs: Vec<ActiveRun>,
    /// The role that recorded each entry of the history, by service and version. Empty if the role
    /// may not read the event log.
    pub recorded_by: BTreeMap<(String, Version), String>,
}

impl Context {
    /// Reads who applied the migrations, and which runs are changing the database.
    pub(crate) async fn activity(&self, client: &Client) -> Result<Activity, Error> {
        let read = async {
            let reader = self.reader(client, Purpose::Show);
            let recorded = match read::log_of_entries(&reader).await {
                Err(error) if error.is_forbidden() => Vec::new(),
                read => read.map_err(|error| read_failed(client, Operation::ReadHistory, error))?,
            };
            let services: Vec<_> = self.registry.services().map(|one| one.name).collect();
            let query = at_work::sessions_query(&self.options.schema, &services);
            let locks = client.postgres().simple_query(&query).await;
            let locks = locks.map_err(|error| failed(client, Operation::ReadLocks, &error))?;
            let locks: Vec<_> = rows(locks).collect();
            let recorded_by = recorded
                .into_iter()
                .map(|entry| ((entry.id.service.to_string(), entry.id.version), entry.role));
            Ok(Activity {
                runs: at_work::runs(&self.options.schema, &services, &locks),
                recorded_by: recorded_by.collect(),
            })
        };
        Ok(self.stop.read(client, read).await?)
    }
}
