//! Helpers for databases, registries and runs, and their short forms.

mod client;
mod database;
mod events;
mod gate;
mod pooler;
mod proxy;
mod registry;

use std::time::Duration;

use migrator_runtime::{Error, Fault, Report};

pub(crate) use self::client::Asleep;
pub(crate) use self::database::{Database, rows};
pub(crate) use self::events::{Events, with_events};
pub(crate) use self::gate::{AT_GATE, Gate};
pub(crate) use self::pooler::{Pooled, SESSIONS, TRANSACTIONS};
pub(crate) use self::proxy::Proxy;
pub(crate) use self::registry::{Script, core, registry, stamp, stem, version};

/// No test waits for longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.unwrap_or_else(|late| panic!("{what}: not within a minute: {late}"))
}

pub(crate) fn fault(outcome: Result<Report, Error>) -> Fault {
    let error = outcome.expect_err("a script fails");
    assert!(!error.help().is_empty());
    let migrator_runtime::ErrorKind::Script(fault) = *error.kind else {
        panic!("{error:?}")
    };
    *fault
}

/// The steps that are done, such as `core/1`.
pub(crate) fn done(report: &Report) -> Vec<String> {
    let done = report.done.iter();
    done.map(|done| {
        format!(
            "{}/{}",
            done.id.service,
            done.id.version.as_integer() - 20_240_101_000_000
        )
    })
    .collect()
}
