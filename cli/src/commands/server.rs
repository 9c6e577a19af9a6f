//! `server`: the local development server of a checkout.

use migrator_localpg::{DevServer, Stopped};
use serde_json::json;

use super::{Context, Outcome};
use crate::args::Server;
use crate::exit::Exit;
use crate::local;
use crate::tree::Folder;

pub(super) fn run(context: Context<'_>, server: Server) -> Outcome {
    let folder = Folder::require(context.environment.directory(&context.global))?;
    let checkout = folder.checkout()?;
    let output = context.output;
    let running = match server {
        Server::Start => Some(DevServer::start(checkout).map_err(|error| local::failure(&error))?),
        Server::Status => DevServer::running(checkout),
        Server::Stop => {
            let stopped = DevServer::stop(checkout).map_err(|error| local::failure(&error))?;
            output.member("stopped", json!(matches!(stopped, Stopped::Now)));
            output.line(match stopped {
                Stopped::Now => "the local development server was stopped; its data stay",
                Stopped::WasNotRunning => "the local development server does not run",
            });
            return Ok(Exit::Done);
        }
    };
    match &running {
        Some(server) => output.line(&server.url()),
        None => output.line("the local development server does not run"),
    }
    output.member("url", json!(running.as_ref().map(DevServer::url)));
    Ok(Exit::Done)
}
