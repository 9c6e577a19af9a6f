//! Compares the recorded scripts of a service with those of the registry.

use migrator_model::Version;
use migrator_plan::{Edit, Selection};

use crate::context::Context;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::operation::Operation;
use crate::history::failure::read_failed;
use crate::history::guard::Purpose;
use crate::history::read;
use crate::session::client::Client;

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
        let scripts = async {
            let read = read::scripts(&self.reader(client, Purpose::Act), &history, service).await;
            read.map_err(|error| read_failed(client, Operation::ReadScripts, error))
        };
        let scripts = self.stop.read(client, scripts).await?;
        let edits = migrator_plan::edits(self.registry, &history, service, version, scripts);
        Ok(edits.map_err(ErrorKind::Refused)?)
    }
}
