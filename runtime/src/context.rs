//! The data that all operations of a migrator share.

use migrator_model::Registry;
use migrator_plan::Selection;

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::Event;
use crate::event::listener::Listener;
use crate::event::operation::Operation;
use crate::history::History;
use crate::history::bootstrap::Bootstrap;
use crate::history::failure::read_failed;
use crate::history::guard::Purpose;
use crate::history::read;
use crate::history::reader::Reader;
use crate::history::schema::Tables;
use crate::options::Options;
use crate::session::client::Client;
use crate::session::stop::Stop;

/// The registry, the options, the listener and the `Stop` of a migrator, and the tables of its
/// history.
pub(crate) struct Context {
    pub(crate) registry: &'static Registry,
    pub(crate) options: Options,
    pub(crate) tables: Tables,
    pub(crate) listener: Option<Listener>,
    pub(crate) stop: Stop,
}

impl Context {
    pub(crate) fn new(registry: &'static Registry, options: Options) -> Context {
        Context {
            registry,
            tables: Tables::new(&options.schema),
            options,
            // Without a function, it sends the events to the subscriber of `tracing`.
            listener: cfg!(feature = "tracing").then(Listener::default),
            stop: Stop::new(),
        }
    }

    /// Sends an event to the listener, if there is one.
    pub(crate) fn tell(&self, event: &Event<'_>) {
        if let Some(listener) = &self.listener {
            listener.tell(event);
        }
    }

    /// Returns a reader of the history over a client's session. A read waits for a lock as long as
    /// a script does, and its error names the session that holds the lock.
    pub(crate) fn reader<'a>(&'a self, client: &'a Client, purpose: Purpose) -> Reader<'a> {
        let reader = Reader::new(client, &self.tables, &self.options, purpose);
        reader.reporting_to(self.listener.as_ref())
    }

    /// What creates and upgrades the history's tables over a client's session.
    pub(crate) fn bootstrap<'a>(&'a self, client: &'a Client) -> Bootstrap<'a> {
        Bootstrap {
            client,
            tables: &self.tables,
            options: &self.options,
            listener: self.listener.as_ref(),
        }
    }

    /// Reads the history for a purpose.
    pub(crate) async fn history(
        &self,
        client: &Client,
        purpose: Purpose,
    ) -> Result<History, Error> {
        let read = async {
            let read = read::history(&self.reader(client, purpose)).await;
            read.map_err(|error| read_failed(client, Operation::ReadHistory, error))
        };
        Ok(self.stop.read(client, read).await?)
    }

    /// Checks that the registry, or at least the history, has every named service.
    pub(crate) fn check_names(&self, services: &Selection, history: &History) -> Result<(), Error> {
        let Selection::Named(names) = services else {
            return Ok(());
        };
        let mut unrecorded = names.iter().filter(|name| history.newest(name).is_none());
        let checked = unrecorded.try_for_each(|name| self.registry.service(name).map(drop));
        Ok(checked.map_err(ErrorKind::from)?)
    }
}
