//! The temporary server of `verify --since`. It has the migrations before those that are verified,
//! and its data are kept for the next run.

use migrator_runtime::{Registry, Settings, Stopped, connect};
use migrator_verify::{Error, Preparation, Scope, Snapshot, Subject, prefix_digest, prepare};

use crate::commands::context::Context;
use crate::database::scratch::Scratch;
use crate::failure::Failure;
use crate::settings::application;

/// A server whose database has the earlier migrations.
pub(super) struct Prepared {
    pub(super) scratch: Scratch,
    /// A snapshot of a database without them.
    pub(super) empty: Snapshot,
    /// The key under which the data are kept.
    pub(super) key: String,
}

impl Prepared {
    async fn of(scratch: Scratch, key: String) -> Result<Prepared, Failure> {
        let settings = scratch.settings.clone().with_database("postgres");
        let client = connect(settings).await?;
        let empty = Snapshot::take(client.postgres(), &Scope::default()).await;
        let empty = empty.map_err(Error::Catalog)?;
        client.close().await;
        Ok(Prepared {
            scratch,
            empty,
            key,
        })
    }

    /// Another server with the same data. `None` if they are not kept any more.
    pub(super) async fn another(key: String) -> Result<Option<Prepared>, Failure> {
        match Scratch::kept(&key).await? {
            Some(scratch) => Prepared::of(scratch, key).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The server for a subject. `None` if there are no earlier migrations, if one of them fails, or if
/// the data cannot be kept: `verify` then applies them itself.
pub(super) async fn server(
    context: &Context,
    registry: &Registry,
    subject: &Subject,
) -> Result<Option<Prepared>, Failure> {
    let key = subject.since.and_then(|_| prefix_digest(registry, subject));
    let Some(key) = key else {
        return Ok(None);
    };
    let scratch = match Scratch::kept(&key).await? {
        Some(scratch) => {
            context.console.note(
                "the earlier migrations are applied already, in a database that another run kept",
            );
            Some(scratch)
        }
        None => make(context, registry, subject, &key).await?,
    };
    match scratch {
        Some(scratch) => Prepared::of(scratch, key).await.map(Some),
        None => Ok(None),
    }
}

/// Applies the earlier migrations, and starts a server with what they made.
async fn make(
    context: &Context,
    registry: &Registry,
    subject: &Subject,
    key: &str,
) -> Result<Option<Scratch>, Failure> {
    let scratch = Scratch::to_keep().await?;
    let mut settings: Settings = scratch.settings.clone();
    settings.application_name(&application());
    let stop = &context.stop;
    let client = stop.unless_stopped(Box::pin(connect(settings))).await;
    let mut client = client.ok_or_else(Stopped::default)??;
    let preparation = prepare(stop, &mut client, registry, subject).await;
    client.close().await;
    if preparation? == Preparation::Failed {
        return Ok(None);
    }
    match scratch.keep(key) {
        Ok(()) => Scratch::kept(key).await,
        Err(_) => {
            context
                .console
                .note("the earlier migrations cannot be kept for the next run");
            Ok(None)
        }
    }
}
