//! The options of a fleet: many databases instead of one.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args};
use migrator_runtime::{FailureLimit, Shard};

use super::values::{duration, failures, jobs, rate, shard, shards, wave};

/// Many databases instead of one.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("members").args(["fleet", "fleet_query"]))]
pub(crate) struct Members {
    /// Work on each database in this file, which has one URL per line; `-` is standard input. The number of a wave may follow: a wave starts after the one before it has ended
    #[arg(long, value_name = "FILE|-")]
    pub(crate) fleet: Option<PathBuf>,
    /// Run this query on the database, and work on each database whose URL it returns; a second column is the number of its wave
    #[arg(long, value_name = "QUERY", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) fleet_query: Option<String>,
    /// Stop after N databases have failed, or P% of those that have ended; finish the databases in progress
    #[arg(long, value_name = "N|P%", requires = "members", value_parser = failures)]
    pub(crate) max_failures: Option<FailureLimit>,
    /// Start the first N databases before all others; if one of them fails, start no other
    #[arg(long, value_name = "N", requires = "members", value_parser = jobs)]
    pub(crate) canary: Option<NonZeroUsize>,
    /// Work only on the databases of this wave
    #[arg(long, value_name = "N", requires = "members", value_parser = wave)]
    pub(crate) wave: Option<u32>,
    /// How long to wait after the databases of `--canary` and after each wave, such as 10min [default: 0s]
    #[arg(long, value_name = "TIME", requires = "members", value_parser = duration)]
    pub(crate) settle: Option<Duration>,
    /// Start at most N databases per second or per minute, such as 20/s
    #[arg(long, value_name = "N/s|N/min", requires = "members", value_parser = rate)]
    pub(crate) start_rate: Option<Duration>,
    /// Divide the list into N parts, and work on part I; the first is 0
    #[arg(long, value_name = "I/N", requires = "members", value_parser = shard)]
    pub(crate) shard: Option<Shard>,
    /// Divide the list into N parts, and work on part `JOB_COMPLETION_INDEX`, which Kubernetes sets in an Indexed Job [environment: `MIGRATOR_SHARDS`]
    #[arg(long, value_name = "N", requires = "members", conflicts_with = "shard", value_parser = shards)]
    pub(crate) shards: Option<NonZeroU32>,
}

impl Members {
    /// Whether there is a list of databases.
    pub(crate) fn is_wanted(&self) -> bool {
        self.fleet.is_some() || self.fleet_query.is_some()
    }
}
