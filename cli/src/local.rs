//! The local development server of a checkout.

use migrator_localpg::{DevServer, Error, Started};
use migrator_model::Code;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Printer;
use crate::tree::Folder;

/// Starts the server unless it runs, and says so.
pub(crate) fn start(folder: &Folder, output: &Printer) -> Result<DevServer, Failure> {
    let server = DevServer::start(folder.checkout()?).map_err(|error| failure(&error))?;
    let started = match server.started() {
        Started::Now => "started",
        Started::AlreadyRunning => "found running",
    };
    output.note(&format!(
        "no database is named; using the local development server, {started}: PostgreSQL {} in {}",
        server.version(),
        server.folder().display()
    ));
    Ok(server)
}

/// An error of the server, with what caused it.
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
