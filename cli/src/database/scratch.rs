//! The temporary database of `verify` and `drift`.

use std::path::PathBuf;

use migrator_runtime::{Settings, connect};

use crate::failure::Failure;

/// An empty database on a temporary server, which stops when this value is dropped.
pub(crate) struct Scratch {
    /// How to connect to it, as a superuser.
    pub(crate) settings: Settings,
    /// The server's version, such as `15.18`.
    pub(crate) version: String,
    /// Its major version.
    pub(crate) major: u32,
    /// The server's log file.
    pub(crate) log: PathBuf,
    #[cfg(feature = "local-server")]
    server: migrator_localpg::Throwaway,
}

/// The database in which a server keeps its migrations, and its schema.
#[cfg(feature = "local-server")]
const PREPARED: &str = "prepared";

impl Scratch {
    /// Starts a server, of that major version if it is installed.
    #[cfg(feature = "local-server")]
    pub(crate) async fn new(major: Option<u32>) -> Result<Scratch, Failure> {
        let server = aside(move || super::local::throwaway(major)).await?;
        let url = server.create_database().await;
        let url = url.map_err(|error| super::local::failure(&error))?;
        Scratch::at(&url, server)
    }

    #[cfg(feature = "local-server")]
    fn at(url: &str, server: migrator_localpg::Throwaway) -> Result<Scratch, Failure> {
        Ok(Scratch {
            settings: Settings::parse(url)?,
            version: server.programs().version.clone(),
            major: server.programs().major,
            log: server.log(),
            server,
        })
    }

    /// Starts a server with the database that was kept under a key, if there is one.
    #[cfg(feature = "local-server")]
    pub(crate) async fn kept(key: &str) -> Result<Option<Scratch>, Failure> {
        let key = key.to_owned();
        let Some(server) = aside(move || super::local::kept(&key)).await? else {
            return Ok(None);
        };
        let url = server.url(PREPARED);
        Scratch::at(&url, server).map(Some)
    }

    /// This build has kept nothing.
    #[cfg(not(feature = "local-server"))]
    #[expect(
        clippy::unused_async,
        reason = "with a server there is something to wait for"
    )]
    pub(crate) async fn kept(_: &str) -> Result<Option<Scratch>, Failure> {
        Ok(None)
    }

    /// Starts a server with an empty database that can be kept.
    #[cfg(feature = "local-server")]
    pub(crate) async fn to_keep() -> Result<Scratch, Failure> {
        let server = aside(|| super::local::throwaway(None)).await?;
        let scratch = Scratch::at(&server.url("postgres"), server)?;
        let settings = scratch.called(PREPARED).await?;
        Ok(Scratch {
            settings,
            ..scratch
        })
    }

    /// Stops the server, and keeps its database under a key.
    #[cfg(feature = "local-server")]
    pub(crate) fn keep(self, key: &str) -> Result<(), Failure> {
        let kept = self.server.keep(key);
        kept.map_err(|error| super::local::failure(&error))
    }

    /// This build has no server to keep.
    #[cfg(not(feature = "local-server"))]
    pub(crate) async fn to_keep() -> Result<Scratch, Failure> {
        Scratch::new(None).await
    }

    /// This build has no server to keep.
    #[cfg(not(feature = "local-server"))]
    pub(crate) fn keep(self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    /// The settings of an empty database with this name. Creates it if necessary.
    pub(crate) async fn called(&self, name: &str) -> Result<Settings, Failure> {
        let settings = self.settings.clone().with_database(name);
        // `initdb` makes these three. `postgres` stands in for each: it is empty.
        if ["postgres", "template0", "template1"].contains(&name) {
            return Ok(self.settings.clone().with_database("postgres"));
        }
        let admin = connect(self.settings.clone()).await?;
        let create = format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\""));
        let created = admin.postgres().batch_execute(&create).await;
        created.map_err(migrator_verify::Error::Catalog)?;
        Ok(settings)
    }

    /// This build cannot start a server.
    #[cfg(not(feature = "local-server"))]
    #[expect(
        clippy::unused_async,
        reason = "with a server there is something to wait for"
    )]
    pub(crate) async fn new(_: Option<u32>) -> Result<Scratch, Failure> {
        Err(Failure::new(
            migrator_model::Code::M0906,
            crate::exit::Exit::Usage,
            "this binary was built without local servers",
            "build it with the feature `local-server`; `verify` also takes `--database-url`",
        ))
    }
}

/// Starts a server on another thread. `verify` goes on with its other servers meanwhile.
#[cfg(feature = "local-server")]
async fn aside<T: Send + 'static>(
    start: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(start).await {
        Ok(started) => started,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that ends cancels it.
            Err(_) => Err(migrator_runtime::Stopped::default().into()),
        },
    }
}
