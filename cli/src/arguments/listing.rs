//! The options of `list` and `history`.

use std::num::NonZeroUsize;

use clap::Args;
use migrator_runtime::Selection;
use migrator_runtime::history::EventKind;

use super::options::Reads;
use super::values::{kinds, moment, services, steps};

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
    #[arg(long, value_name = "KIND[,KIND…]", value_delimiter = ',', value_parser = kinds())]
    pub(crate) kind: Vec<EventKind>,
    /// Show only the newest N events
    #[arg(long, value_name = "N", value_parser = steps)]
    pub(crate) limit: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) reads: Reads,
}
