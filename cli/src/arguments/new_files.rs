//! The options of the commands that write new files of a tree.

use std::path::PathBuf;

use clap::Args;

use super::values::{new_crate, new_service, new_tree, one_service};

/// `init`.
#[derive(Args, Debug)]
pub(crate) struct Init {
    /// The folder of the new crate; its last part is the crate's name
    #[arg(value_name = "NAME", conflicts_with = "folder", value_parser = new_crate)]
    pub(crate) name: Option<PathBuf>,
    /// Write a tree alone, in this folder [default: database]
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = "database", value_parser = new_tree)]
    pub(crate) folder: Option<PathBuf>,
    /// The service that owns the first migration [default: the name of the crate or folder]
    #[arg(long, value_name = "NAME", value_parser = new_service)]
    pub(crate) service: Option<String>,
}

/// `create`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The service that the migration belongs to
    #[arg(long, value_name = "NAME", value_parser = one_service, required_unless_present_any = ["down_for", "restamp"])]
    pub(crate) service: Option<String>,
    /// What the migration does: `Create tenants table` becomes `create_tenants_table`
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["from", "down_for", "restamp"])]
    pub(crate) name: Option<String>,
    /// Write a first draft of both scripts, such as `table tenant.notes` or `index tenant.notes(author_id)`
    #[arg(long, value_name = "SPEC")]
    pub(crate) from: Option<String>,
    /// Draft the down script of this up script
    #[arg(long, value_name = "FILE", conflicts_with_all = ["service", "name", "from", "restamp"])]
    pub(crate) down_for: Option<PathBuf>,
    /// Give both files of the migration of this file a new version
    #[arg(long, value_name = "FILE", conflicts_with_all = ["service", "name", "from"])]
    pub(crate) restamp: Option<PathBuf>,
}
