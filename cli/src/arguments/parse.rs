//! Parses the process's arguments.

use std::io::{self, IsTerminal as _};

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

use super::command::Command;
use super::examples;
use super::global::{Format, Global, Loudness};
use super::members::Members;
use super::suggestion::with_suggestion;
use super::values::ALL_ALONE;
use crate::exit::Exit;
use crate::name;
use crate::program::{Migrations, Program};

/// Applies and reverts Postgres migrations that are compiled into this binary.
#[derive(Debug, Parser)]
#[command(name = "migrator", version, after_help = Exit::TABLE, max_term_width = 100)]
#[command(long_version = env!("MIGRATOR_LONG_VERSION"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
    /// The name of the command.
    #[arg(skip)]
    pub(crate) name: String,
}

impl Arguments {
    /// The description of a program's arguments.
    pub(crate) fn of(program: Program) -> clap::Command {
        let command = examples::add(Arguments::command());
        match program.migrations {
            Migrations::CompiledIn(_) => command,
            Migrations::InFolder => command
                .about("Applies and reverts the Postgres migrations of a folder")
                .mut_arg("directory", |directory| {
                    directory.help(
                        "The folder of the tree [default: `database` here or above] \
                         [environment: `MIGRATOR_DIRECTORY`]",
                    )
                }),
        }
    }

    /// Parses the process's arguments.
    ///
    /// # Errors
    ///
    /// clap reports the help, the version and invalid arguments as errors. This function adds two
    /// checks: an option that the command does not read, and a database beside a list of databases.
    pub(crate) fn parse_all(program: Program) -> Result<Arguments, clap::Error> {
        let matches = Arguments::of(program).try_get_matches();
        let matches = matches.map_err(|error| with_suggestion(error, Arguments::of(program)))?;
        Arguments::of_matches(program, &matches)
    }

    /// The arguments in the matches of a command line.
    ///
    /// # Errors
    ///
    /// As [`Arguments::parse_all`].
    pub(crate) fn of_matches(
        program: Program,
        matches: &ArgMatches,
    ) -> Result<Arguments, clap::Error> {
        let mut command = Arguments::of(program).bin_name(name::get());
        let mut arguments = Arguments::from_arg_matches(matches)
            .map_err(|error| with_suggestion(error, Arguments::of(program)))?;
        if let Command::Plan(up) = &mut arguments.command {
            up.dry_run = true;
        }
        let name = matches.subcommand_name().unwrap_or_default();
        name.clone_into(&mut arguments.name);
        if let Some(conflict) = arguments.unread(program) {
            return Err(command.error(ErrorKind::ArgumentConflict, conflict));
        }
        let is_of_check = match arguments.global.output {
            Format::Text | Format::Json | Format::Jsonl => false,
            Format::Sarif | Format::Github | Format::Markdown => true,
        };
        let conflict = match (is_of_check, &arguments.command) {
            (_, Command::Completions { .. }) if name::is_of_another_program() => {
                "the program makes its completions itself"
            }
            (_, Command::Man { .. }) if name::is_of_another_program() => {
                "the program makes its manual pages itself"
            }
            (_, Command::Up(up)) if up.sql && !up.dry_run => {
                "`--sql` shows the scripts of a plan: give `--dry-run` too"
            }
            (_, Command::Check(check)) if check.names_all_and_more() => ALL_ALONE,
            (true, Command::Check(_)) => return Ok(arguments),
            (true, _) => {
                "only `check` has `--output=sarif`, `--output=github` and `--output=markdown`"
            }
            (false, command) if command.has_list() && arguments.global.database_url.is_some() => {
                "`--fleet` lists the databases: leave `--database-url` out"
            }
            (false, command)
                if command.lends_output() && arguments.global.output != Format::Text =>
            {
                "`with` leaves standard output to the command: leave `--output` out"
            }
            (false, _) => return Ok(arguments),
        };
        Err(command.error(ErrorKind::ArgumentConflict, conflict))
    }
}

impl Arguments {
    /// How much the user wants to see.
    pub(crate) fn loudness(&self) -> Loudness {
        match (self.global.quiet, self.command.effect()) {
            (false, _) => Loudness::Normal,
            // The results of a fleet are its failures.
            (true, Effect::Changes) if self.command.members().is_none() => Loudness::Errors,
            (true, Effect::Changes | Effect::Shows) => Loudness::Quiet,
        }
    }

    /// The error if the user gave an option that the command does not read.
    fn unread(&self, program: Program) -> Option<&'static str> {
        let Global {
            database_url,
            directory,
            ..
        } = &self.global;
        let reads = self.command.reads();
        let unread = directory
            .as_ref()
            .and(match (reads.tree, program.migrations) {
                (TreeSource::Program, Migrations::CompiledIn(_)) => Some(
                    "this command works on the tree that is compiled into this binary, and does \
                     not read `--directory`",
                ),
                (TreeSource::Nothing, _) => {
                    Some("this command reads no tree: leave `--directory` out")
                }
                (TreeSource::Program, Migrations::InFolder)
                | (TreeSource::ProgramOrFolder | TreeSource::Folder, _) => None,
            });
        if unread.is_some() {
            return unread;
        }
        let is_check = matches!(self.command, Command::Check(_));
        match (database_url.is_some() && !reads.database, is_check) {
            (true, true) => Some("`check` uses a database only with `--server`: give both or none"),
            (true, false) => Some("this command uses no database: leave `--database-url` out"),
            (false, _) => None,
        }
    }
}

/// Which of the global options a command reads.
struct Reading {
    database: bool,
    tree: TreeSource,
}

/// The tree that a command works on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TreeSource {
    /// The migrations of the program.
    Program,
    /// The migrations of the program, unless `--directory` names a folder.
    ProgramOrFolder,
    /// The files of a tree. The command also works on a tree with findings.
    Folder,
    /// The command reads no tree.
    Nothing,
}

/// Whether a command changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// It only shows something.
    Shows,
    /// It changes a database or files.
    Changes,
}

impl Command {
    fn effect(&self) -> Effect {
        // `--quiet` does not hide the plan of a command that asks: the person who answers must see it.
        let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
        let changes = match self {
            Command::Up(up) => !up.dry_run && (up.yes || !up.switch || !asks),
            Command::Down(down) => !down.dry_run && (down.yes || !asks),
            Command::Repair(repair) => repair.yes || !asks,
            Command::Adopt(adopt) => !adopt.dry_run && (adopt.yes || !asks),
            Command::Baseline(baseline) => !baseline.dry_run && (baseline.yes || !asks),
            Command::Redo(_) => true,
            Command::Init(_)
            | Command::Create(_)
            | Command::Check(_)
            | Command::Completions { .. }
            | Command::Digest
            | Command::Drift(_)
            | Command::Explain { .. }
            | Command::Graph(_)
            | Command::History(_)
            | Command::List(_)
            | Command::Plan(_)
            | Command::Man { .. }
            | Command::Report(_)
            | Command::Schema(_)
            | Command::Status(_)
            | Command::Verify(_)
            | Command::Wait(_) => false,
            #[cfg(feature = "local-server")]
            Command::Server { .. } | Command::With(_) => false,
        };
        match changes {
            true => Effect::Changes,
            false => Effect::Shows,
        }
    }

    /// Whether the command always works on the migrations of the program.
    pub(crate) fn is_of_program(&self) -> bool {
        self.reads().tree == TreeSource::Program
    }

    /// Whether the command works on migrations, and not on the files of a tree.
    pub(crate) fn needs_migrations(&self) -> bool {
        match self.reads().tree {
            TreeSource::Program | TreeSource::ProgramOrFolder => true,
            TreeSource::Folder | TreeSource::Nothing => false,
        }
    }

    /// Whether another program writes to standard output.
    fn lends_output(&self) -> bool {
        #[cfg(feature = "local-server")]
        let lends = matches!(self, Command::With(_));
        #[cfg(not(feature = "local-server"))]
        let lends = false;
        lends
    }

    /// Whether `--fleet` lists the databases.
    pub(crate) fn has_list(&self) -> bool {
        self.members()
            .is_some_and(|members| members.fleet.is_some())
    }

    /// The options of a fleet, if the command works on one.
    pub(crate) fn members(&self) -> Option<&Members> {
        let members = match self {
            Command::Up(up) | Command::Plan(up) => &up.members,
            Command::Down(down) => &down.members,
            Command::Drift(drift) => &drift.members,
            Command::Status(status) => &status.members,
            Command::Adopt(_)
            | Command::Baseline(_)
            | Command::Check(_)
            | Command::Completions { .. }
            | Command::Create(_)
            | Command::Digest
            | Command::Explain { .. }
            | Command::Graph(_)
            | Command::History(_)
            | Command::Init(_)
            | Command::List(_)
            | Command::Redo(_)
            | Command::Repair(_)
            | Command::Man { .. }
            | Command::Report(_)
            | Command::Schema(_)
            | Command::Verify(_)
            | Command::Wait(_) => return None,
            #[cfg(feature = "local-server")]
            Command::Server { .. } | Command::With(_) => return None,
        };
        members.is_wanted().then_some(members)
    }

    fn reads(&self) -> Reading {
        let (database, tree) = match self {
            Command::Check(check) => (check.server, TreeSource::Folder),
            Command::Adopt(_) => (true, TreeSource::Folder),
            Command::List(_) => (false, TreeSource::ProgramOrFolder),
            Command::Baseline(_)
            | Command::Drift(_)
            | Command::Graph(_)
            | Command::Report(_)
            | Command::Verify(_) => (true, TreeSource::ProgramOrFolder),
            Command::Create(_) => (false, TreeSource::Folder),
            #[cfg(feature = "local-server")]
            Command::Server { .. } => (false, TreeSource::Folder),
            #[cfg(feature = "local-server")]
            Command::With(_) => (true, TreeSource::Program),
            Command::Digest => (false, TreeSource::Program),
            Command::Up(_)
            | Command::Plan(_)
            | Command::Down(_)
            | Command::Redo(_)
            | Command::Status(_)
            | Command::History(_)
            | Command::Wait(_)
            | Command::Repair(_) => (true, TreeSource::Program),
            Command::Schema(_) => (true, TreeSource::Nothing),
            Command::Explain { .. }
            | Command::Completions { .. }
            | Command::Man { .. }
            | Command::Init(_) => (false, TreeSource::Nothing),
        };
        Reading { database, tree }
    }
}

/// The value of an option, read without clap, because other arguments are invalid.
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

#[cfg(test)]
mod tests {
    use migrator_model::{Tree, resolve};

    use crate::program::{Migrations, Program};

    #[test]
    fn the_arguments_are_well_formed() {
        let registry = Box::leak(Box::new(resolve(&Tree::new("database")).registry));
        for migrations in [Migrations::CompiledIn(registry), Migrations::InFolder] {
            super::Arguments::of(Program { migrations }).debug_assert();
        }
    }
}
