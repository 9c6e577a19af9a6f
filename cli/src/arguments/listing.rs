//! The options of `list` and `history`.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};
use migrator_runtime::Selection;

use super::options::Reads;
use super::values::{moment, services, steps};

/// `list`.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// The services, or `all`
    #[arg(long, default_value = "all", value_name = "NAME[,NAME…]|all", value_parser = services)]
    pub(crate) service: Selection,
    /// List each migration
    #[arg(long)]
    pub(crate) migrations: bool,
}

/// `history`.
#[derive(Args, Debug)]
pub(crate) struct Log {
    /// The services, or `all`
    #[arg(long, default_value = "all", value_name = "NAME[,NAME…]|all", value_parser = services)]
    pub(crate) service: Selection,
    /// Show only events since this time, such as 2026-11-30, 2026-11-30T08:00:00Z, 90min or 7d
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) since: Option<String>,
    /// Show only events of these kinds
    #[arg(long, value_name = "KIND[,KIND…]", value_delimiter = ',', value_enum)]
    pub(crate) kind: Vec<Kind>,
    /// Show only the newest N events
    #[arg(long, value_name = "N", value_parser = steps)]
    pub(crate) limit: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) reads: Reads,
}

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// A migration was applied
    Apply,
    /// A migration was reverted
    Revert,
    /// A script failed
    Failure,
    /// An interrupted script was resumed
    Resume,
    /// `repair` recorded the outcome of an interrupted script
    Repair,
    /// `repair --accept-change` recorded a changed script
    Accept,
    /// `baseline` recorded a migration
    Baseline,
    /// `adopt` recorded a migration of another tool
    Adopt,
}

impl Kind {
    /// The word in the event log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Apply => "apply",
            Kind::Revert => "revert",
            Kind::Failure => "failure",
            Kind::Resume => "resume",
            Kind::Repair => "repair",
            Kind::Accept => "accept",
            Kind::Baseline => "baseline",
            Kind::Adopt => "adopt",
        }
    }
}
