//! A service in axum that embeds the migrations of `tenant`, and opens when a deploy job has
//! applied them.
//!
//! The service applies no migration. Many instances start at the same time, with a role that
//! may not change the schema. [`service`] has the answers, and [`routes`] their paths.

mod routes;
mod service;

use std::env;
use std::error::Error as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use migrator_runtime::{Error, ErrorKind, Registry, Settings, embed_migrations};
use tokio::net::TcpListener;

use service::Service;

static REGISTRY: Registry = embed_migrations!("../../database", services = ["tenant"]);

/// The address on which the service listens, if `LISTEN` is not set.
const ADDRESS: &str = "127.0.0.1:8080";

/// How long the service waits for its migrations, if `WAIT_SECONDS` is not set.
const WAIT: Duration = Duration::from_secs(300);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // If this fails, there is no other place for the message.
            let _ = writeln!(io::stderr(), "error{reason}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal ends the process, or returns the reason why it cannot.
async fn run() -> Result<(), String> {
    let url = env::var("DATABASE_URL").map_err(|_| ": `DATABASE_URL` is not set".to_owned())?;
    let settings = Settings::parse(&url).map_err(|error| shown(&error.into()))?;
    let wait = wait()?;
    let address = env::var("LISTEN").unwrap_or_else(|_| ADDRESS.to_owned());
    let listener = TcpListener::bind(&address).await;
    let listener = listener.map_err(|error| format!(": cannot listen on `{address}`: {error}"))?;
    announce(&listener).map_err(|error| format!(": {error}"))?;
    let service = Arc::new(Service::new(&REGISTRY, settings));
    let server = axum::serve(listener, routes::of(Arc::clone(&service)));
    let server = tokio::spawn(server.into_future());
    service.open(wait).await.map_err(|error| shown(&error))?;
    let ended = server.await.map_err(|error| format!(": {error}"))?;
    ended.map_err(|error| format!(": {error}"))
}

/// Prints the address, because the system may have chosen the port.
fn announce(listener: &TcpListener) -> io::Result<()> {
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)
}

fn wait() -> Result<Duration, String> {
    let Ok(text) = env::var("WAIT_SECONDS") else {
        return Ok(WAIT);
    };
    let seconds = text.parse();
    seconds
        .map(Duration::from_secs)
        .map_err(|_| format!(": `WAIT_SECONDS={text}` is not a number of seconds"))
}

/// The text of an error, in the form that `migrator` prints.
fn shown(error: &Error) -> String {
    let mut lines = vec![format!("[{}]: {error}", error.code())];
    if let ErrorKind::Connection { why, .. } | ErrorKind::History { why, .. } = &*error.kind {
        lines.push(format!("cause: {why}"));
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        lines.push(format!("cause: {error}"));
        cause = error.source();
    }
    lines.push(format!("help: {}", error.help()));
    lines.join("\n")
}
