//! The options of the commands that print or write something to look at.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::options::Reads;

/// `graph`.
#[derive(Args, Debug)]
pub(crate) struct Graph {
    /// The format of the picture
    #[arg(long, value_enum, default_value_t = Picture::Mermaid, value_name = "FORMAT")]
    pub(crate) format: Picture,
    /// Do not connect to a database, even if the environment names one
    #[arg(long, conflicts_with = "database_url")]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) reads: Reads,
}

/// `report`.
#[derive(Args, Debug)]
pub(crate) struct Report {
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub(crate) html: PathBuf,
    /// Show the verdicts and locks of this file; `verify --output=json` writes it
    #[arg(long, value_name = "FILE")]
    pub(crate) verified: Option<PathBuf>,
    /// Compare the database with its history, as `drift` does
    #[arg(long, conflicts_with = "offline")]
    pub(crate) drift: bool,
    /// Do not connect to a database, even if the environment names one
    #[arg(long, conflicts_with = "database_url")]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) reads: Reads,
}

/// The format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Picture {
    /// A Mermaid diagram, which GitHub and GitLab draw in Markdown
    Mermaid,
    /// The language of Graphviz
    Dot,
    /// An image
    Svg,
    /// A page with the image
    Html,
}
