//! Local servers: the development server of a checkout, and temporary ones.

use migrator_localpg::{DevServer, Error, Programs, Started, Throwaway};
use migrator_model::Code;

use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::tree::Folder;

/// Starts the development server unless it runs, and prints a note about it.
pub(crate) fn start(folder: &Folder, console: &Console) -> Result<DevServer, Failure> {
    let server = DevServer::start(folder.checkout()?).map_err(|error| failure(&error))?;
    let started = match server.started() {
        Started::Now => "started",
        Started::AlreadyRunning => "found running",
    };
    console.note(&format!(
        "no database is named; using the local development server, {started}: PostgreSQL {} in {}",
        server.version(),
        server.folder().display()
    ));
    Ok(server)
}

/// Starts a server that stops with this process. If programs of the wanted major version are
/// installed, the server is of that version.
pub(crate) fn throwaway(major: Option<u32>) -> Result<Throwaway, Failure> {
    let wanted = match major {
        Some(major) => Programs::find_major(None, major),
        None => Ok(None),
    };
    let programs = match wanted {
        Ok(Some(programs)) => Ok(programs),
        Ok(None) => Programs::find(None),
        Err(error) => Err(error),
    };
    let server = programs.and_then(Throwaway::start_with);
    server.map_err(|error| failure(&error))
}

/// Starts a server with the databases that were kept under a key, if there are some.
pub(crate) fn kept(key: &str) -> Result<Option<Throwaway>, Failure> {
    let server = Programs::find(None).and_then(|programs| Throwaway::start_kept(programs, key));
    server.map_err(|error| failure(&error))
}

/// A failure to start or stop a server, with its causes.
pub(crate) fn failure(error: &Error) -> Failure {
    let help = error.help();
    let mut failure = Failure::new(Code::M0906, Exit::Connection, error.to_string(), help);
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        failure = failure.because(source.to_string());
        cause = source.source();
    }
    failure
}
