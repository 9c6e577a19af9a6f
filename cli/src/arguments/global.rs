//! The options of every command.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ColorChoice, ValueEnum};

/// The options of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The database, as a URL or a libpq keyword string [environment: `DATABASE_URL`, `PG*`]
    #[arg(long, global = true, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) database_url: Option<String>,
    /// The folder of the tree, for `adopt`, `baseline`, `create`, `check`, `verify`, `drift`, `graph`, `report` and `server` [environment: `MIGRATOR_DIRECTORY`]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) directory: Option<PathBuf>,
    /// The format of the results
    #[arg(long, global = true, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) output: Format,
    /// When to use colour; `auto` respects `NO_COLOR`
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// Show each message that the command sends to the server, with passwords hidden
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Print only errors, and the result of a command that shows something
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Write standard error as a log, with a line for each event of a run
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// Write the metrics of the command to this file, for `node_exporter`
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// The time, the level, the message and the fields
    Text,
    /// One JSON object
    Json,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// A line of JSON for each event and database, then one for the document
    Jsonl,
    /// One SARIF 2.1.0 document, for `check` only
    Sarif,
    /// Annotations of a GitHub workflow, for `check` only
    Github,
    /// A comment for a pull request, for `check` only
    Markdown,
}

/// How much the user wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loudness {
    /// Everything.
    Normal,
    /// No notes and no warnings.
    Quiet,
    /// Errors alone.
    Errors,
}
