//! Plans a run without running it, and compares a database with the registry.

use std::collections::BTreeSet;

use migrator_plan::{Plan, RecordedMigration, Selection, Status};
use tokio_postgres::SimpleQueryRow;

use crate::context::Context;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::operation::Operation;
use crate::history::History;
use crate::history::failure::{ReadError, failed, read_failed};
use crate::history::guard::Purpose;
use crate::history::read;
use crate::history::reader::Reader;
use crate::lock::at_work;
use crate::run::change::Change;
use crate::session::client::Client;
use crate::session::send::rows;
use crate::step::source::Source;
use crate::step::stored::StoredScripts;

impl Context {
    /// The plan of a run that would start now.
    pub(crate) async fn plan(
        &self,
        client: &Client,
        change: Change<'_>,
    ) -> Result<Plan<'static>, Error> {
        let (history, at_work) = self.looked(client).await?;
        self.check_services(change, &history)?;
        let (history, notes) = history.after_other_runs(&at_work);
        let plan = self.make_plan(change, &history);
        let mut plan = plan.map_err(ErrorKind::Refused)?;
        self.check_scripts(client, &plan).await?;
        plan.notes.extend(notes);
        Ok(plan)
    }

    /// Refuses the scripts that a run of this plan would refuse.
    async fn check_scripts(&self, client: &Client, plan: &Plan<'static>) -> Result<(), ErrorKind> {
        self.sources(client, plan).await.map(drop)
    }

    /// The texts of the scripts of a plan's steps.
    pub(crate) async fn scripts(
        &self,
        client: &Client,
        plan: &Plan<'static>,
    ) -> Result<Vec<String>, Error> {
        let sources = self.sources(client, plan).await?;
        Ok(sources.iter().map(|one| one.sql.to_string()).collect())
    }

    async fn sources(
        &self,
        client: &Client,
        plan: &Plan<'static>,
    ) -> Result<Vec<Source>, ErrorKind> {
        let reader = self.reader(client, Purpose::Show);
        let read = StoredScripts::read(client, &reader, plan);
        let stored = self.stop.read(client, read).await?;
        let sources = plan.steps.iter().map(|step| stored.source(step));
        let sources = sources.collect::<Result<_, _>>();
        Ok(sources.map_err(|fault| *fault)?)
    }

    pub(crate) async fn status(
        &self,
        client: &Client,
        services: &Selection,
    ) -> Result<Status, Error> {
        let (history, at_work) = self.looked(client).await?;
        self.check_names(services, &history)?;
        Ok(Status::with_other_runs(
            self.registry,
            &history,
            services,
            &at_work,
        ))
    }

    /// Reads every entry with its script and role, in the order in which they were applied.
    pub(crate) async fn recorded(&self, client: &Client) -> Result<Vec<RecordedMigration>, Error> {
        let read = async {
            let read = read::recorded(&self.reader(client, Purpose::Act)).await;
            read.map_err(|error| read_failed(client, Operation::ReadHistory, error))
        };
        Ok(self.stop.read(client, read).await?)
    }

    /// The history, and the services that a run is changing.
    async fn looked(&self, client: &Client) -> Result<(History, BTreeSet<String>), ErrorKind> {
        let looked = async {
            let reader = self.reader(client, Purpose::Show);
            let looked = self.history_and_work(&reader).await;
            looked.map_err(|error| read_failed(client, Operation::ReadHistory, error))
        };
        self.stop.read(client, looked).await
    }

    /// The history, and the services that a run is changing now, in one round trip.
    pub(crate) async fn history_and_work(
        &self,
        reader: &Reader<'_>,
    ) -> Result<(History, BTreeSet<String>), ReadError> {
        let (history, locks) = read::history_and(reader, &self.work_query()).await?;
        Ok((history, self.services_at_work(&locks)))
    }

    /// The query for the services that a run is changing now.
    pub(crate) fn work_query(&self) -> String {
        at_work::query(&self.options.schema, &self.service_names())
    }

    /// These services, from the answer to [`Context::work_query`].
    pub(crate) fn services_at_work(&self, locks: &[SimpleQueryRow]) -> BTreeSet<String> {
        at_work::services(&self.options.schema, &self.service_names(), locks)
    }

    fn service_names(&self) -> Vec<&'static str> {
        let services = self.registry.services();
        services.map(|service| service.name).collect()
    }

    pub(crate) async fn at_work(
        &self,
        client: &Client,
        services: &[&str],
    ) -> Result<BTreeSet<String>, Error> {
        let schema = &self.options.schema;
        let query = at_work::query(schema, services);
        let asked = async {
            let asked = client.postgres().simple_query(&query).await;
            asked.map_err(|error| failed(client, Operation::ReadLocks, &error))
        };
        let answer: Vec<_> = rows(self.stop.read(client, asked).await?).collect();
        Ok(at_work::services(schema, services, &answer))
    }
}
