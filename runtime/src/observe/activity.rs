//! Reads what is going on in a database: its server, the runs that are changing it, who recorded
//! its migrations, and the event log.

use std::collections::BTreeMap;

use migrator_model::Version;
use migrator_plan::{Selection, Status};
use tokio_postgres::SimpleQueryRow;

use crate::context::Context;
use crate::error::Error;
use crate::event::active::ActiveRun;
use crate::event::operation::Operation;
use crate::history::failure::{failed, read_failed};
use crate::history::guard::Purpose;
use crate::history::{LogEntry, LogFilter, read, read_log};
use crate::lock::at_work;
use crate::lock::in_flight::InFlight;
use crate::session::client::Client;
use crate::session::send::rows;

/// What is going on in a database.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Activity {
    /// Whether its server is a primary or a standby.
    pub server: ServerRole,
    /// The runs that hold the lock of a service of the registry. A standby does not show the runs on
    /// its primary.
    pub runs: Vec<ActiveRun>,
}

/// The role of a server in replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerRole {
    /// It accepts writes.
    Primary,
    /// It repeats the writes of a primary (`pg_is_in_recovery()`).
    Standby,
}

impl ServerRole {
    /// `primary` or `standby`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ServerRole::Primary => "primary",
            ServerRole::Standby => "standby",
        }
    }
}

impl Context {
    /// Compares a database with the registry, and reads what is going on in it: one message, or two if
    /// the database has no history.
    pub(crate) async fn observe(
        &self,
        client: &Client,
        services: &Selection,
    ) -> Result<(Status, Activity), Error> {
        let names: Vec<_> = self.registry.services().map(|one| one.name).collect();
        let asked = at_work::activity_query(&self.options.schema, &names);
        let read = async {
            let reader = self.reader(client, Purpose::Show);
            let first = self.work_query() + &asked;
            let (history, mut found) = read::history_and(&reader, &first)
                .await
                .map_err(|error| read_failed(client, Operation::ReadHistory, error))?;
            if found.is_empty() {
                let answer = client.postgres().simple_query(&first).await;
                let answer =
                    answer.map_err(|error| failed(client, Operation::ReadLocks, &error))?;
                found = rows(answer).collect();
            }
            Ok((history, found))
        };
        let (history, found) = self.stop.read(client, read).await?;
        self.check_names(services, &history)?;
        let at_work = self.services_at_work(&found);
        let status = Status::with_other_runs(self.registry, &history, services, &at_work);
        let activity = Activity {
            server: server(&found),
            runs: at_work::runs(&self.options.schema, &names, &found),
        };
        Ok((status, activity))
    }

    /// The role that recorded each entry of the history. Empty if the role may not read the event log.
    pub(crate) async fn recorded_by(
        &self,
        client: &Client,
    ) -> Result<BTreeMap<(String, Version), String>, Error> {
        let read = async {
            let recorded = match read_log::of_entries(&self.reader(client, Purpose::Show)).await {
                Err(error) if error.is_forbidden() => Vec::new(),
                read => read.map_err(|error| read_failed(client, Operation::ReadHistory, error))?,
            };
            let recorded = recorded.into_iter();
            let roles =
                recorded.map(|one| ((one.id.service.to_string(), one.id.version), one.role));
            Ok(roles.collect())
        };
        Ok(self.stop.read(client, read).await?)
    }

    /// Passes the entries of the event log that a filter selects to `tell`.
    pub(crate) async fn each_logged(
        &self,
        client: &Client,
        filter: &LogFilter,
        mut tell: impl FnMut(LogEntry) + Send,
    ) -> Result<(), Error> {
        let read = async {
            // A dropped future would leave the session in a transaction.
            let under_way = InFlight::before(client);
            let read = read_log::each(&self.reader(client, Purpose::Show), filter, &mut tell).await;
            under_way.done();
            read.map_err(|error| read_failed(client, Operation::ReadHistory, error))
        };
        Ok(self.stop.read(client, read).await?)
    }
}

/// The role of the server, from the answer to [`at_work::activity_query`].
fn server(answer: &[SimpleQueryRow]) -> ServerRole {
    let mut rows = answer.iter().filter(|row| row.get(1) == Some("server"));
    match rows.next().and_then(|row| row.get(2)) {
        Some("t") => ServerRole::Standby,
        Some(_) | None => ServerRole::Primary,
    }
}
