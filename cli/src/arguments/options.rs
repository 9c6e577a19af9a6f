//! The options that several commands share.

use std::time::Duration;

use clap::Args;

use super::values::{duration, person, schema};

/// The options of a command that runs scripts.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) writes: Writes,
    /// How long a statement may run; 0 sets no limit [default: 0] [environment: `MIGRATOR_STATEMENT_TIMEOUT`]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) statement_timeout: Option<Duration>,
    /// Who has approved the run; the event log records the name with each migration
    #[arg(long, value_name = "NAME", value_parser = person)]
    pub(crate) approved_by: Option<String>,
}

/// The options of a command that writes the history.
#[derive(Args, Debug)]
pub(crate) struct Writes {
    #[command(flatten)]
    pub(crate) history: History,
    /// How long a script or a read of the history waits for a lock on a table, such as 30s; 0 sets no limit [default: 5s] [environment: `MIGRATOR_LOCK_TIMEOUT`]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) lock_timeout: Option<Duration>,
    /// How long to wait for another run to end, such as 30s; 0 does not wait [default: 5min] [environment: `MIGRATOR_LOCK_WAIT`]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) lock_wait: Option<Duration>,
    /// Use one connection for scripts and locks, for a database or a pool that has no second one [environment: `MIGRATOR_SINGLE_CONNECTION`]
    #[arg(long)]
    pub(crate) single_connection: bool,
}

/// The options of a command that only reads.
#[derive(Args, Debug)]
pub(crate) struct Reads {
    #[command(flatten)]
    pub(crate) history: History,
    /// How long a read waits for a lock on a table, such as 30s; 0 sets no limit [default: 5s] [environment: `MIGRATOR_LOCK_TIMEOUT`]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) lock_timeout: Option<Duration>,
}

/// Where the history is.
#[derive(Args, Debug)]
pub(crate) struct History {
    /// The schema that contains the history [default: migrator] [environment: `MIGRATOR_SCHEMA`]
    #[arg(long, value_name = "NAME", value_parser = schema)]
    pub(crate) schema: Option<String>,
}
