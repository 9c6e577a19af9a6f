//! The temporary server beside a live database, for a comparison with it.

use std::time::Duration;

use migrator_runtime::{Client, Migrator, Selection};
use migrator_verify::{Error, ThrowawayServer, detect};

use super::context::Context;
use crate::database::scratch::Scratch;
use crate::database::version;
use crate::failure::Failure;
use crate::view::Detected;

/// How long a script may run that only the history has, unless an option says otherwise.
pub(super) const SCRIPT_TIMEOUT: Duration = Duration::from_secs(60);

/// A temporary server, of the live server's major version if that is installed.
pub(super) struct Beside {
    pub(super) server: ThrowawayServer,
    /// The live server's major version, and the warning that it is not installed.
    pub(super) warning: Option<(u32, String)>,
    /// Stops the server when it is dropped.
    _scratch: Scratch,
}

impl Beside {
    /// Starts the server. `limit` is the time limit of a script that only the history has; zero is
    /// no limit.
    pub(super) async fn new(live: &Client, limit: Duration) -> Result<Beside, Failure> {
        let version = version::of(live).await.map_err(Error::Catalog)?;
        let scratch = Scratch::new(Some(version.major)).await?;
        let settings = scratch.called(live.database()).await?;
        let server = ThrowawayServer::new(settings, scratch.log.clone())
            .time_limit((!limit.is_zero()).then_some(limit));
        let warning = (scratch.major != version.major).then(|| {
            let warning = format!(
                "no PostgreSQL {1} is installed here: the history is replayed on PostgreSQL {0}, \
                 which may print definitions differently",
                scratch.version, version.major
            );
            (version.major, warning)
        });
        Ok(Beside {
            server,
            warning,
            _scratch: scratch,
        })
    }
}

/// What a live database shows of the pending migrations of services.
pub(super) async fn detected(
    context: &Context,
    live: &Client,
    migrator: &Migrator,
    services: &Selection,
) -> Result<Vec<Detected>, Failure> {
    let looking = format!("looking for the migrations in {}", live.target());
    let _looking = context.progress.activity(&looking);
    let beside = Beside::new(live, SCRIPT_TIMEOUT).await?;
    if let Some((_, warning)) = &beside.warning {
        context.console.warning(warning);
    }
    let found = detect(live, migrator, &beside.server, services).await?;
    Ok(found.into_iter().map(Detected::from).collect())
}
