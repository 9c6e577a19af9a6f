//! `server`: the local development server of a checkout.

use migrator_localpg::{DevServer, Stopped};

use super::context::{Answer, Context, Outcome};
use crate::arguments as args;
use crate::database::local;
use crate::view::{Server, View};

pub(super) fn run(context: &Context, action: args::Server) -> Outcome {
    let folder = context.folder()?;
    let checkout = folder.checkout()?;
    let view = match action {
        args::Server::Start => {
            let server = DevServer::start(checkout).map_err(|error| local::failure(&error))?;
            let url = Some(server.url());
            Server::State { url }
        }
        args::Server::Status => {
            let url = DevServer::running(checkout).map(|server| server.url());
            Server::State { url }
        }
        args::Server::Stop => {
            let stopped = DevServer::stop(checkout).map_err(|error| local::failure(&error))?;
            let stopped = matches!(stopped, Stopped::Now);
            Server::Stopped { stopped }
        }
    };
    Ok(Answer::done(View::Server(view)))
}
