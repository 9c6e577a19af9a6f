//! The options of the commands that take over a database.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use migrator_model::Version;

use super::options::Writes;
use super::values::{one_service, version};

/// `adopt`.
#[derive(Args, Debug)]
pub(crate) struct Adopt {
    /// The folder or the file with the migrations of the other tool
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The other tool
    #[arg(long, value_name = "TOOL", value_parser = PossibleValuesParser::new(migrator_adopt::ALL.iter().map(|tool| tool.name())))]
    pub(crate) from: String,
    /// The service that gets the migrations; the command adds it to services.toml if it is missing
    #[arg(long, value_name = "NAME", value_parser = one_service)]
    pub(crate) service: String,
    /// The tier of a new service [default: the first tier]
    #[arg(long, value_name = "TIER")]
    pub(crate) tier: Option<String>,
    /// The history table of the other tool [default: the tool's own, on the `search_path`]
    #[arg(long, value_name = "SCHEMA.TABLE")]
    pub(crate) history_table: Option<String>,
    #[command(flatten)]
    pub(crate) proof: Comparison,
    /// Show what the command would do, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) writes: Writes,
}

/// Whether the command compares the migrations with the database.
#[derive(Debug, Args)]
pub(crate) struct Comparison {
    /// Show for each migration whether the database has its effects, and do nothing
    ///
    /// Exits with 3 if the database contradicts a migration that the old history has as applied.
    #[arg(long)]
    pub(crate) check: bool,
    /// Record these migrations although the database lacks some of their effects
    #[arg(long, value_name = "VERSION[,VERSION…]", value_delimiter = ',', value_parser = version)]
    pub(crate) accept: Vec<Version>,
    /// Record the migrations without looking for their effects, and without a temporary server
    #[arg(long, conflicts_with_all = ["check", "accept"])]
    pub(crate) without_proof: bool,
}

/// `baseline`.
#[derive(Args, Debug)]
pub(crate) struct Baseline {
    /// The service
    #[arg(long, value_name = "NAME", value_parser = one_service)]
    pub(crate) service: String,
    /// The newest migration to record [default: the newest of the service]
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) to: Option<Version>,
    /// Record these migrations although the database lacks some of their effects
    #[arg(long, value_name = "VERSION[,VERSION…]", value_delimiter = ',', value_parser = version)]
    pub(crate) accept: Vec<Version>,
    /// Write the first migration only from this schema; can be repeated [default: all schemas of no other service]
    #[arg(long = "only-schema", value_name = "SCHEMA")]
    pub(crate) schemas: Vec<String>,
    /// Write the privileges into the first migration as well
    #[arg(long)]
    pub(crate) with_grants: bool,
    /// Show what the command would do, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) writes: Writes,
}
