//! The data that all connections of a run share.

use migrator_model::Registry;

use super::progress::Progress;
use super::schedule::Schedule;
use super::stored::StoredScripts;
use crate::history::schema::Tables;
use crate::lock::held::Held;
use crate::options::Options;
use crate::session::client::Client;
use crate::session::stop::Stop;

/// The data that all connections of a run share.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    /// The caller's connection.
    pub(crate) caller: &'a Client,
    pub(crate) tables: &'a Tables,
    pub(crate) registry: &'a Registry,
    pub(crate) options: &'a Options,
    pub(crate) lock: &'a Held,
    pub(crate) stop: &'a Stop,
    pub(crate) stored: &'a StoredScripts,
    pub(crate) progress: &'a Progress,
    pub(crate) schedule: &'a Schedule<'a>,
}
