//! What was typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{ArgGroup, Args, ColorChoice, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use migrator_model::{Code, Version, directive, nearest};
use migrator_runtime::Selection;

use crate::exit::Exit;

/// Applies and reverts Postgres migrations that are compiled into this binary.
#[derive(Debug, Parser)]
#[command(name = "migrator", version, after_help = Exit::TABLE, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The database, as a URL or a libpq keyword string [environment: `DATABASE_URL`, `PG*`]
    #[arg(long, global = true, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) database_url: Option<String>,
    /// The tree's folder, for the commands that read it [environment: `MIGRATOR_DIRECTORY`]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) directory: Option<PathBuf>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) output: Format,
    /// When to use colour (`NO_COLOR` is honoured)
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// Print results and errors alone, no progress and no notes
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// One SARIF 2.1.0 document; `check` alone
    Sarif,
    /// Annotations of a GitHub workflow; `check` alone
    Github,
}

impl Arguments {
    /// Parses the process's arguments.
    ///
    /// # Errors
    ///
    /// Help, version, and what clap cannot know: an option of every command that this one
    /// does not read, a database beside a fleet's list.
    pub(crate) fn parse_all() -> Result<Arguments, clap::Error> {
        let arguments = Arguments::try_parse()?;
        if let Some(conflict) = arguments.unread() {
            return Err(Arguments::command().error(ErrorKind::ArgumentConflict, conflict));
        }
        let is_of_check = match arguments.global.output {
            Format::Text | Format::Json => false,
            Format::Sarif | Format::Github => true,
        };
        let conflict = match (is_of_check, &arguments.command) {
            (true, Command::Check(_)) => return Ok(arguments),
            (true, _) => "`--output=sarif` and `--output=github` are for `check` alone",
            (false, Command::Up(up))
                if up.members.fleet.is_some() && arguments.global.database_url.is_some() =>
            {
                "`--database-url` names one database, and `--fleet` a list of them: give one"
            }
            (false, _) => return Ok(arguments),
        };
        Err(Arguments::command().error(ErrorKind::ArgumentConflict, conflict))
    }
}

impl Arguments {
    /// What is wrong where an option was given that the command does not read.
    fn unread(&self) -> Option<&'static str> {
        let Global {
            database_url,
            directory,
            ..
        } = &self.global;
        let reads = self.command.reads();
        if directory.is_some() && !reads.directory {
            return Some(match reads.database {
                true => {
                    "this command works on the tree that is compiled into this binary, and does \
                     not read `--directory`"
                }
                false => "this command reads no tree: leave `--directory` out",
            });
        }
        match database_url.is_some() && !reads.database {
            true => Some("this command uses no database: leave `--database-url` out"),
            false => None,
        }
    }
}

/// Which of the options of every command a command reads.
struct Reads {
    database: bool,
    directory: bool,
}

impl Command {
    fn reads(&self) -> Reads {
        let (database, directory) = match self {
            Command::Check(check) => (check.server, true),
            Command::Verify(_) | Command::Drift(_) => (true, true),
            Command::Create(_) => (false, true),
            #[cfg(feature = "local-server")]
            Command::Server { .. } => (false, true),
            Command::Up(_)
            | Command::Down(_)
            | Command::Redo(_)
            | Command::Status(_)
            | Command::Repair(_)
            | Command::Schema(_) => (true, false),
            Command::Explain { .. } | Command::Completions { .. } => (false, false),
        };
        Reads {
            database,
            directory,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the two files of a new migration
    Create(Create),
    /// Check the tree on disk as `cargo build` does, its SQL too
    Check(Check),
    /// Print the page about a code, such as M0104
    Explain {
        /// The code
        #[arg(value_parser = code)]
        code: Code,
    },
    /// Apply pending migrations
    Up(Up),
    /// Revert applied migrations, newest first
    Down(Down),
    /// Revert a service's newest migration and apply it again
    Redo(Redo),
    /// Show what is applied and what is pending
    Status(Status),
    /// Mark an interrupted migration as applied or reverted, or record a changed script
    Repair(Repair),
    /// Apply, revert and apply again every migration on a throwaway server
    ///
    /// With `--database-url` it uses that database instead, which must be empty and is left so;
    /// with `--directory` it takes the tree in that folder instead of the one compiled in.
    Verify(Verify),
    /// Compare the database's schema with what its history implies
    Drift(Drift),
    /// Print the database's schema as SQL
    Schema(Schema),
    /// Start, stop or show the checkout's local development server
    #[cfg(feature = "local-server")]
    Server {
        /// What to do; `start` and `status` print the server's URL
        #[arg(value_enum)]
        action: Server,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// `server`.
#[cfg(feature = "local-server")]
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Server {
    /// Start it, unless it runs
    Start,
    /// Say where it is, if it runs
    Status,
    /// Stop it; its data stay
    Stop,
}

/// `create`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The service that owns it
    #[arg(long, value_name = "NAME", value_parser = one_service)]
    pub(crate) service: String,
    /// What it does, such as `create_tenants_table`; turned into snake case
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: String,
}

/// `check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Make every warning an error
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Also ask the database's server whether its grammar accepts the scripts; nothing is run
    #[arg(long)]
    pub(crate) server: bool,
    /// Show and count the findings of these services alone
    #[arg(long, value_name = "NAME[,NAME…]|all", value_delimiter = ',', value_parser = service)]
    pub(crate) service: Vec<String>,
    /// Show and count the findings with these codes alone
    #[arg(long, value_name = "CODE[,CODE…]", value_delimiter = ',', value_parser = code)]
    pub(crate) code: Vec<Code>,
}

/// `up`.
#[derive(Args, Debug)]
pub(crate) struct Up {
    /// The services, or `all`; what they depend on comes first
    #[arg(long, value_name = "NAME[,NAME…]|all", value_parser = services)]
    pub(crate) service: Selection,
    /// Stop at this version
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) to: Option<Version>,
    /// Apply at most N migrations of the services
    #[arg(long, conflicts_with = "to", value_name = "N", value_parser = steps)]
    pub(crate) steps: Option<NonZeroUsize>,
    /// Print what would be done and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Apply pending migrations below an applied version
    #[arg(long)]
    pub(crate) allow_out_of_order: bool,
    /// Skip applied migrations that this binary does not have
    #[arg(long)]
    pub(crate) allow_missing: bool,
    /// How many connections run services of one tier side by side [default: 4], or how many databases of a fleet are migrated at a time [default: 8] [environment: `MIGRATOR_JOBS`]
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) members: Members,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// Many databases instead of one.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("members").args(["fleet", "fleet_query"]))]
pub(crate) struct Members {
    /// Migrate each database that this file names, one URL a line; `-` is standard input
    #[arg(long, value_name = "FILE|-")]
    pub(crate) fleet: Option<PathBuf>,
    /// Migrate each database whose URL this query returns, run on the database
    #[arg(long, value_name = "QUERY", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) fleet_query: Option<String>,
    /// Start no further database of a fleet once N have failed
    #[arg(long, value_name = "N", requires = "members", value_parser = jobs)]
    pub(crate) max_failures: Option<NonZeroUsize>,
}

impl Members {
    /// Whether there is a list of databases.
    pub(crate) fn is_wanted(&self) -> bool {
        self.fleet.is_some() || self.fleet_query.is_some()
    }
}

/// `down`.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(group = ArgGroup::new("extent").args(["steps", "to", "all"]))]
pub(crate) struct Down {
    /// The services, or `all`
    #[arg(long, value_name = "NAME[,NAME…]|all", value_parser = services)]
    pub(crate) service: Selection,
    /// Revert N migrations [default: 1]
    #[arg(long, value_name = "N", value_parser = steps)]
    pub(crate) steps: Option<NonZeroUsize>,
    /// Revert what is above this version; 0 is everything
    #[arg(long, value_name = "VERSION", value_parser = version_or_zero)]
    pub(crate) to: Option<Version>,
    /// Revert everything of the services
    #[arg(long)]
    pub(crate) all: bool,
    /// First revert migrations of other services that need these
    #[arg(long)]
    pub(crate) cascade: bool,
    /// Print what would be done and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask, also on a terminal
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// How many connections run services of one tier side by side [default: 4] [environment: `MIGRATOR_JOBS`]
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// `redo`.
#[derive(Args, Debug)]
pub(crate) struct Redo {
    /// The service
    #[arg(long, value_name = "NAME", value_parser = one_service)]
    pub(crate) service: String,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// `status`.
#[derive(Args, Debug)]
pub(crate) struct Status {
    /// The services, or `all`
    #[arg(long, default_value = "all", value_name = "NAME[,NAME…]|all", value_parser = services)]
    pub(crate) service: Selection,
    /// List every migration
    #[arg(long)]
    pub(crate) migrations: bool,
    /// Exit with 6 if anything is pending, with 3 if anything is wrong
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) history: History,
}

/// `repair`.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(group = ArgGroup::new("outcome").args(["applied", "reverted", "accept_change"]).required(true))]
pub(crate) struct Repair {
    /// The service
    #[arg(long, value_name = "NAME", value_parser = one_service)]
    pub(crate) service: String,
    /// The migration's version; with `--accept-change` all that were changed if it is left out
    #[arg(long, value_parser = version, required_unless_present = "accept_change")]
    pub(crate) version: Option<Version>,
    /// All effects of its up script are in the database
    #[arg(long)]
    pub(crate) applied: bool,
    /// No effect of its up script is in the database
    #[arg(long)]
    pub(crate) reverted: bool,
    /// Show how its scripts differ from those that were applied, and record them in their place
    #[arg(long)]
    pub(crate) accept_change: bool,
    /// Do not ask, also on a terminal
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// `verify`.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// The services, or `all`; what they depend on is applied first
    #[arg(long, default_value = "all", value_name = "NAME[,NAME…]|all", value_parser = services)]
    pub(crate) service: Selection,
    /// Only migrations from this version on; older ones are applied first
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) since: Option<Version>,
}

/// `drift`.
#[derive(Args, Debug)]
pub(crate) struct Drift {
    /// How long a script that only the history has may run, such as 5min; 0 is for ever
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    pub(crate) script_timeout: Duration,
    #[command(flatten)]
    pub(crate) history: History,
}

/// `schema`.
#[derive(Args, Debug)]
pub(crate) struct Schema {
    /// Write it to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) history: History,
}

/// What every command that writes takes.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) history: History,
    /// How long to wait for another run, such as 30s or 0 [default: 5min] [environment: `MIGRATOR_LOCK_WAIT`]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) lock_wait: Option<Duration>,
    /// How long a statement may run; 0 is for ever [default: 0] [environment: `MIGRATOR_STATEMENT_TIMEOUT`]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) statement_timeout: Option<Duration>,
}

/// Where the history is.
#[derive(Args, Debug)]
pub(crate) struct History {
    /// The schema of the history [default: migrator] [environment: `MIGRATOR_SCHEMA`]
    #[arg(long, value_name = "NAME", value_parser = schema)]
    pub(crate) schema: Option<String>,
    /// How long a script or a read of the history waits for a lock on a table, such as 30s; 0 is for ever [default: 5s] [environment: `MIGRATOR_LOCK_TIMEOUT`]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) lock_timeout: Option<Duration>,
}

/// The value that was typed for an option, where the arguments are not all well formed.
pub(crate) fn typed<T: ValueEnum>(option: &str) -> Option<T> {
    let typed: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let value = typed.iter().enumerate().find_map(|(index, argument)| {
        match argument.strip_prefix(option)? {
            "" => typed.get(index + 1).map(String::as_str),
            rest => rest.strip_prefix('='),
        }
    })?;
    T::from_str(value, true).ok()
}

/// `all`, or services by name.
fn services(text: &str) -> Result<Selection, String> {
    let names: Vec<String> = text.split(',').map(service).collect::<Result<_, _>>()?;
    if names.iter().all(|name| name == "all") {
        return Ok(Selection::All);
    }
    match names.iter().any(|name| name == "all") {
        true => Err("`all` is every service: name it alone".to_owned()),
        false => Ok(Selection::Named(names)),
    }
}

fn one_service(text: &str) -> Result<String, String> {
    match service(text)? {
        name if name == "all" || name.contains(',') => Err("name one service".to_owned()),
        name => Ok(name),
    }
}

fn service(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a service's name is empty".to_owned()),
        name => Ok(name.to_owned()),
    }
}

fn code(text: &str) -> Result<Code, String> {
    let codes = Code::ALL.iter().map(|code| code.as_str());
    Code::find(text).ok_or_else(|| match nearest(&text.to_uppercase(), codes) {
        Some(code) => format!("there is no such code; did you mean {code}?"),
        None => "a code is M and four digits, such as M0104".to_owned(),
    })
}

fn steps(text: &str) -> Result<NonZeroUsize, String> {
    let help = "write a whole number, 1 or more";
    text.parse().map_err(|_| help.to_owned())
}

/// What Postgres takes as a schema's name, as it is: it would cut a longer one.
pub(crate) fn schema(text: &str) -> Result<String, String> {
    match text {
        "" => Err("a schema's name is not empty".to_owned()),
        _ if text.len() > 63 => Err("a schema's name has at most 63 bytes".to_owned()),
        _ if text.starts_with("pg_") => {
            Err("names that start with `pg_` are the server's".to_owned())
        }
        _ => Ok(text.to_owned()),
    }
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    directive::parse_duration(text).ok_or_else(|| {
        let has_no_unit = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match has_no_unit {
            true => format!("the unit is missing: write {text}ms, {text}s, {text}min or {text}h"),
            false => "write a whole number and a unit, ms, s, min or h, such as 10s".to_owned(),
        }
    })
}

pub(crate) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let help = "write how many, such as 4";
    text.parse().map_err(|_| help.to_owned())
}

fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).map_err(|fault| fault.to_string())
}

fn version_or_zero(text: &str) -> Result<Version, String> {
    match text {
        "0" => Ok(Version::from_integer(0)),
        _ => version(text),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        super::Arguments::command().debug_assert();
    }
}
