//! The commands and their own options.

#[cfg(feature = "local-server")]
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "local-server")]
use clap::ValueEnum;
use clap::{ArgGroup, Args, Subcommand};
use clap_complete::Shell;
use migrator_model::{Code, Version};
use migrator_runtime::Selection;

use super::listing::{List, Log};
use super::members::Members;
use super::new_files::{Create, Init};
#[cfg(feature = "local-server")]
use super::options::History;
use super::options::{Reads, Run, Writes};
use super::picture::{Graph, Report};
use super::takeover::{Adopt, Baseline};
use super::values::{
    code, duration, jobs, one_service, plan_hash, revision, service, services, steps, version,
    version_or_zero,
};

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a new tree, in a new crate, in an existing crate or in a folder without Rust
    ///
    /// With NAME, the command writes a new crate. With `--folder`, it writes a tree alone. Otherwise
    /// it adds a tree to the crate in the current folder. It keeps each file that exists, and only
    /// adds lines to `Cargo.toml` and `AGENTS.md`.
    Init(Init),
    /// Create the up and the down script of a new migration
    Create(Create),
    /// Take over the migrations of another tool, and its history in the database
    ///
    /// Converts the folder of the other tool into migrations of a service. If a database is named,
    /// also records the migrations that the other tool has applied to it.
    Adopt(Adopt),
    /// Record migrations as applied that are in the database already, without running them
    ///
    /// Looks in the database for what each migration makes. If the service has no migration yet, writes
    /// the first one from the schema of the database.
    Baseline(Baseline),
    /// Check the tree on disk and its SQL, as `cargo build` does
    Check(Check),
    /// Print the page about a code, such as M0104
    Explain {
        /// The code of an error or a warning
        #[arg(value_parser = code)]
        code: Code,
    },
    /// Print 16 hex digits that change with the migrations, for the name of a job
    Digest,
    /// Apply pending migrations
    Up(Up),
    /// Show what `up` would do, and do nothing; the same as `up --dry-run`
    Plan(Up),
    /// Revert applied migrations, newest first
    Down(Down),
    /// Revert a service's newest migration and apply it again
    Redo(Redo),
    /// Show what is applied and what is pending
    Status(Status),
    /// Show what was applied, reverted or repaired, when and by whom
    History(Log),
    /// List the services and migrations of this program, without a database
    List(List),
    /// Wait until the database exists and its migrations are applied
    ///
    /// An init container waits in this way for the job that runs `up`. The command changes nothing.
    Wait(Wait),
    /// Mark an interrupted migration as applied or reverted, or record a changed script
    Repair(Repair),
    /// Apply, revert and reapply each migration on a temporary server
    ///
    /// `--database-url` uses that database instead of a temporary server. The database must be
    /// empty, and the command leaves it empty. `--directory` verifies the tree in that folder
    /// instead of the tree in this binary.
    Verify(Verify),
    /// Compare the database's schema with the schema that its applied migrations make
    Drift(Drift),
    /// Print the database's schema as SQL
    Schema(Schema),
    /// Print the services and their dependencies as a picture
    ///
    /// The picture has the tiers and the required migrations. A dashed line is a dependency that the
    /// manifest does not declare or the SQL does not use. If a database is named, the colours show its
    /// state. `--output=json` prints the graph as data.
    Graph(Graph),
    /// Write a page about the migrations, their scripts and findings, and the database
    ///
    /// The page is one file, and loads nothing from the network. If a database is named, the page has
    /// its state, its event log and its tables.
    Report(Report),
    /// Start, stop or show the checkout's local development server
    #[cfg(feature = "local-server")]
    Server {
        /// What to do; `start` and `status` print the server's URL
        #[arg(value_enum)]
        action: Server,
    },
    /// Run a command on a new database with all migrations, and drop the database afterwards
    ///
    /// The command gets `DATABASE_URL`, PGHOST, PGPORT, PGUSER and PGDATABASE. `migrator` exits with its
    /// exit code. The database is on the server of `--database-url` or of the environment; or else on
    /// the checkout's local server, if it runs; or else on a temporary server.
    #[cfg(feature = "local-server")]
    With(With),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write the pages of all commands to a folder
    Man {
        /// The folder for the pages, such as `/usr/local/share/man/man1`
        #[arg(value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

/// `server`.
#[cfg(feature = "local-server")]
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Server {
    /// Start the server, unless it runs
    Start,
    /// Print the server's URL, if it runs
    Status,
    /// Stop the server and keep its data
    Stop,
}

/// `check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Treat each warning as an error
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Also send the scripts to the database's server, which parses them and does not run them
    #[arg(long)]
    pub(crate) server: bool,
    /// Also compare the tree with the tree at this commit, such as `origin/main`, in the repository of git
    #[arg(long, value_name = "REF", value_parser = revision)]
    pub(crate) base: Option<String>,
    /// Show the verdicts and locks of this file on the new migrations; `verify --output=json` writes it
    #[arg(long, value_name = "FILE", requires = "base")]
    pub(crate) verified: Option<PathBuf>,
    /// Report only the findings in the scripts of these services
    #[arg(long, value_name = "NAME[,NAME…]|all", value_delimiter = ',', value_parser = service)]
    pub(crate) service: Vec<String>,
    /// Report only the findings with these codes
    #[arg(long, value_name = "CODE[,CODE…]", value_delimiter = ',', value_parser = code)]
    pub(crate) code: Vec<Code>,
}

impl Check {
    pub(super) fn names_all_and_more(&self) -> bool {
        let others = self.service.iter().any(|name| name != "all");
        others && self.service.iter().any(|name| name == "all")
    }
}

impl Command {
    /// Whether the command only shows what it would do.
    pub(crate) fn is_dry_run(&self) -> bool {
        let (Command::Up(Up { dry_run, .. }) | Command::Down(Down { dry_run, .. })) = self else {
            return false;
        };
        *dry_run
    }
}

/// `up`.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Up {
    /// The services, or `all`; the services that they depend on are migrated first
    #[arg(long, value_name = "NAME[,NAME…]|all", value_parser = services)]
    pub(crate) service: Selection,
    /// Apply no migration that is newer than this version
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) to: Option<Version>,
    /// Apply at most N migrations of these services
    #[arg(long, conflicts_with = "to", value_name = "N", value_parser = steps)]
    pub(crate) steps: Option<NonZeroUsize>,
    /// Create the database if it does not exist; the role needs CREATEDB
    #[arg(long, conflicts_with = "members")]
    pub(crate) create_database: bool,
    /// Show what the command would do, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Also show the scripts of the plan
    #[arg(long, conflicts_with = "members")]
    pub(crate) sql: bool,
    /// Refuse to run unless the plan has this hash, which `--dry-run` shows
    #[arg(long, value_name = "HASH", value_parser = plan_hash, conflicts_with_all = ["switch", "create_database", "members"])]
    pub(crate) expect_plan: Option<String>,
    /// Also apply pending migrations that are older than an applied one
    #[arg(long)]
    pub(crate) allow_out_of_order: bool,
    /// Continue if the database has migrations that this binary does not have
    #[arg(long)]
    pub(crate) allow_missing: bool,
    /// On this checkout's local server: first revert what this tree does not have or has differently
    #[arg(long, conflicts_with_all = ["to", "steps", "allow_missing", "create_database", "members"])]
    pub(crate) switch: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Use at most N connections at a time [default: 4]; with a fleet, work on N databases at a time [default: 8] [environment: `MIGRATOR_JOBS`]
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) members: Members,
    #[command(flatten)]
    pub(crate) run: Run,
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
    /// Revert all migrations that are newer than this version; 0 reverts all
    #[arg(long, value_name = "VERSION", value_parser = version_or_zero)]
    pub(crate) to: Option<Version>,
    /// Revert all migrations of these services
    #[arg(long)]
    pub(crate) all: bool,
    /// First revert migrations of other services, if they need a migration that is reverted
    #[arg(long)]
    pub(crate) cascade: bool,
    /// Show what the command would do, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Also show the scripts of the plan
    #[arg(long, requires = "dry_run", conflicts_with = "members")]
    pub(crate) sql: bool,
    /// Do not ask for confirmation; without a terminal, `--all`, `--cascade`, `--to` and several services need it
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Use at most N connections at a time [default: 4]; with a fleet, work on N databases at a time [default: 8] [environment: `MIGRATOR_JOBS`]
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) members: Members,
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
    /// List each migration
    #[arg(long)]
    pub(crate) migrations: bool,
    /// Show for each pending migration whether the database has all, part or none of its effects
    ///
    /// Starts a temporary server, and applies the history and the pending migrations there.
    #[arg(long, conflicts_with = "members")]
    pub(crate) detect: bool,
    /// Exit with 6 if a migration is pending, and with 3 if the history has a problem
    #[arg(long)]
    pub(crate) check: bool,
    /// Look at N databases of a fleet at a time [default: 8] [environment: `MIGRATOR_JOBS`]
    #[arg(long, value_name = "N", requires = "members", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) members: Members,
    #[command(flatten)]
    pub(crate) reads: Reads,
}

/// `wait`.
#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// The services, or `all`; the services that they depend on are waited for too
    #[arg(long, value_name = "NAME[,NAME…]|all", value_parser = services)]
    pub(crate) service: Selection,
    /// Do not wait for migrations that are newer than this version
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) to: Option<Version>,
    /// How long to wait, such as 90s or 10min; 0s looks once
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5min")]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) reads: Reads,
}

/// `with`.
#[cfg(feature = "local-server")]
#[derive(Args, Debug)]
pub(crate) struct With {
    /// The services, or `all`; the services that they depend on are migrated first
    #[arg(long, default_value = "all", value_name = "NAME[,NAME…]|all", value_parser = services)]
    pub(crate) service: Selection,
    #[command(flatten)]
    pub(crate) history: History,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// `repair`.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(group = ArgGroup::new("outcome").args(["applied", "reverted", "accept_change"]).required(true))]
pub(crate) struct Repair {
    /// The service
    #[arg(long, value_name = "NAME", value_parser = one_service)]
    pub(crate) service: String,
    /// The migration's version; without it, `--accept-change` records all changed migrations
    #[arg(long, value_parser = version, required_unless_present = "accept_change")]
    pub(crate) version: Option<Version>,
    /// Record it as applied, because all effects of its up script are in the database
    #[arg(long)]
    pub(crate) applied: bool,
    /// Record it as reverted, because no effect of its up script is in the database
    #[arg(long)]
    pub(crate) reverted: bool,
    /// Show how its scripts differ from those that were applied, and record the new scripts
    #[arg(long)]
    pub(crate) accept_change: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) writes: Writes,
}

/// `verify`.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// The services, or `all`; the services that they depend on are applied first
    #[arg(long, default_value = "all", value_name = "NAME[,NAME…]|all", value_parser = services)]
    pub(crate) service: Selection,
    /// Verify only migrations from this version on; the command applies older ones first
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) since: Option<Version>,
    /// Verify parts of a large tree on at most this number of temporary servers at once [default: one a core]
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,
}

/// `drift`.
#[derive(Args, Debug)]
pub(crate) struct Drift {
    /// How long a script may run that is in the history but not in this binary, such as 5min; 0 sets no limit
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    pub(crate) script_timeout: Duration,
    /// Compare N databases of a fleet at a time [default: 8] [environment: `MIGRATOR_JOBS`]
    #[arg(long, value_name = "N", requires = "members", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) members: Members,
    #[command(flatten)]
    pub(crate) reads: Reads,
}

/// `schema`.
#[derive(Args, Debug)]
pub(crate) struct Schema {
    /// Write the SQL to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reads: Reads,
}
