//! A service that has the migrations of `tenant` compiled in, and serves once a
//! deploy job has applied them.
//!
//! It applies nothing itself: many instances start at once, by a role that may not
//! change the schema. What it answers is in [`service`]; HTTP is in [`http`].

mod http;
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

/// Where it listens unless `LISTEN` says otherwise.
const ADDRESS: &str = "127.0.0.1:8080";

/// How many seconds it waits for its migrations unless `WAIT_SECONDS` says otherwise.
const WAIT: Duration = Duration::from_secs(300);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // There is nobody left to tell if this fails.
            let _ = writeln!(io::stderr(), "error{reason}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until it is ended, or says why it cannot.
async fn run() -> Result<(), String> {
    let url = env::var("DATABASE_URL").map_err(|_| ": `DATABASE_URL` is not set".to_owned())?;
    let settings = Settings::parse(&url).map_err(|error| shown(&error.into()))?;
    let wait = wait()?;
    let address = env::var("LISTEN").unwrap_or_else(|_| ADDRESS.to_owned());
    let listener = TcpListener::bind(&address).await;
    let listener = listener.map_err(|error| format!(": cannot listen on `{address}`: {error}"))?;
    announce(&listener).map_err(|error| format!(": {error}"))?;
    let service = Arc::new(Service::new(&REGISTRY, settings));
    let server = tokio::spawn(http::serve(listener, Arc::clone(&service)));
    service.open(wait).await.map_err(|error| shown(&error))?;
    server.await.map_err(|error| format!(": {error}"))
}

/// Says where it listens, as the system may have chosen the port.
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

/// An error as `migrator` shows it.
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
