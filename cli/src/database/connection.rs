//! Finds the database that a command works on, and connects to it.

use std::path::PathBuf;

use migrator_model::Code;
use migrator_runtime::connect::{ConnectError, Creation, Refusal};
use migrator_runtime::{Client, Registry, Settings, connect, connect_or_create};

use crate::arguments as args;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Environment;
use crate::tree::Folder;

/// Connects with this application name.
pub(crate) async fn open(mut settings: Settings, application: &str) -> Result<Client, Failure> {
    settings.application_name(application);
    Ok(connect(settings).await?)
}

/// Connects with this application name. Creates the database if it does not exist.
pub(crate) async fn open_or_create(
    mut settings: Settings,
    application: &str,
) -> Result<(Client, Creation), Failure> {
    settings.application_name(application);
    Ok(connect_or_create(settings).await?)
}

/// Connects with this application name, unless the database does not exist.
pub(crate) async fn open_if_there(
    mut settings: Settings,
    application: &str,
) -> Result<Option<Client>, Failure> {
    settings.application_name(application);
    match connect(settings).await {
        Err(ConnectError::Refused {
            reason: Refusal::NoDatabase { .. },
            ..
        }) => Ok(None),
        opened => Ok(Some(opened?)),
    }
}

/// The database that the arguments and the environment name; in a checkout that names none, the
/// local development server's, unless the checkout has another tree than `own`.
pub(crate) fn settings(
    own: Option<&Registry>,
    global: &args::Global,
    environment: &Environment,
    console: &Console,
) -> Result<Settings, Failure> {
    let settings = match named(global, environment)? {
        Some(settings) => settings,
        None => local(own, environment.directory(global), console)?,
    };
    for warning in settings.warnings() {
        console.warning(warning);
    }
    Ok(settings)
}

/// The database that `--database-url` lends to `verify`, which empties it. So the environment
/// cannot name that database.
pub(crate) fn lent(
    global: &args::Global,
    environment: &Environment,
) -> Result<Option<Settings>, Failure> {
    match &global.database_url {
        Some(_) => named(global, environment),
        None => Ok(None),
    }
}

/// Whether the arguments or the environment name a database.
pub(crate) fn is_named(global: &args::Global, environment: &Environment) -> bool {
    // Settings that cannot be read were given all the same.
    named(global, environment).map_or(true, |named| named.is_some())
}

fn named(global: &args::Global, environment: &Environment) -> Result<Option<Settings>, Failure> {
    let url = global.database_url.clone();
    match url.or_else(|| environment.get("DATABASE_URL")) {
        Some(url) => Ok(Some(read(&url, environment)?)),
        None => Ok(Settings::from_env(|name| environment.get(name))?),
    }
}

/// Parses a URL or a keyword string. The environment supplies what the text leaves out.
pub(crate) fn read(text: &str, environment: &Environment) -> Result<Settings, ConnectError> {
    Settings::parse(text)?.with_env(|name| environment.get(name))
}

/// The same for a text that the database `main` returned. The environment's password is used only
/// for the host of `main`.
pub(crate) fn read_of(
    main: &Settings,
    text: &str,
    environment: &Environment,
) -> Result<Settings, ConnectError> {
    Settings::parse(text)?.with_env_of(main, |name| environment.get(name))
}

/// The help in the folder of another tree.
const NAME_THE_DATABASE: &str = "build that tree into a binary of its own, run this binary in \
                                 another folder, or name its database with `--database-url`";

fn local(
    own: Option<&Registry>,
    directory: Option<PathBuf>,
    console: &Console,
) -> Result<Settings, Failure> {
    match Folder::find(directory) {
        Some(folder) => {
            if let Some(registry) = own {
                folder.is_of(registry, NAME_THE_DATABASE)?;
            }
            start(&folder, console)
        }
        None => Err(no_database()),
    }
}

/// The failure of a command that needs a database.
pub(crate) fn no_database() -> Failure {
    Failure::new(
        Code::M0905,
        Exit::Usage,
        "no database is named",
        "set DATABASE_URL, or give `--database-url=postgresql://user@host/database`",
    )
}

#[cfg(feature = "local-server")]
fn start(folder: &Folder, console: &Console) -> Result<Settings, Failure> {
    let server = super::local::start(folder, console)?;
    Ok(Settings::parse(&server.url())?)
}

#[cfg(not(feature = "local-server"))]
fn start(_: &Folder, _: &Console) -> Result<Settings, Failure> {
    Err(no_database())
}
