//! The commands of migrator, over any registry.
//!
//! A crate with a tree of its own makes its command in three lines:
//!
//! ```no_run
//! # use migrator_runtime::Registry;
//! static REGISTRY: Registry = migrator_runtime::embed_migrations!(
//! #   "../tests/trees/good-two-legs/database"
//! );
//!
//! fn main() -> std::process::ExitCode {
//!     migrator_cli::run(&REGISTRY)
//! }
//! ```
//!
//! From the arguments to the output: `arguments` parses what was typed, `settings` adds the
//! environment, and `commands` runs a command. A command returns a view (`view`), which the
//! renderers (`render`) turn into text, JSON and other formats. `console` prints it.

mod arguments;
mod caught;
mod charset;
mod commands;
mod complete;
mod console;
mod database;
mod exit;
mod failure;
mod git;
mod line;
mod log;
mod metrics;
mod name;
// The build script is its other user.
#[cfg(test)]
mod origin;
#[cfg(feature = "otlp")]
mod otlp;
mod program;
mod progress;
mod remedy;
mod render;
mod sent;
mod settings;
mod signals;
mod slowest;
mod subscriber;
mod tree;
mod view;
mod words;

use std::process::ExitCode;
use std::time::Instant;

use clap::builder::Resettable;
use clap::{ArgMatches, ColorChoice};
use migrator_runtime::Registry;

pub use exit::Exit;

use arguments::{Arguments, Format, Loudness, typed};
use console::Console;
use program::{Migrations, Program};
use subscriber::Receivers;

/// Runs the command that the process's arguments name. Returns the exit code of the process.
#[must_use]
pub fn run(registry: &'static Registry) -> ExitCode {
    run_program(Program {
        migrations: Migrations::CompiledIn(registry),
    })
}

/// The same for a program without migrations of its own. It reads the tree in the folder that
/// `--directory` or `MIGRATOR_DIRECTORY` names, or else in `database` in the current folder or in one
/// above. Each command that runs or compares migrations first checks the tree as a build does.
#[must_use]
pub fn run_in_folder() -> ExitCode {
    run_program(Program {
        migrations: Migrations::InFolder,
    })
}

/// The commands as a part of the command line of another program, which may give them another name
/// and another version. [`run_matches`] runs what was typed.
///
/// ```no_run
/// # use migrator_runtime::Registry;
/// use std::process::ExitCode;
///
/// static REGISTRY: Registry = migrator_runtime::embed_migrations!(
/// #   "../tests/trees/good-two-legs/database"
/// );
///
/// fn main() -> ExitCode {
///     let db = migrator_cli::command(&REGISTRY).name("db").version("2.1");
///     let shop = clap::Command::new("shop").subcommand(db).get_matches();
///     match shop.subcommand() {
///         Some(("db", matches)) => migrator_cli::run_matches(&REGISTRY, "shop db", matches),
///         _ => ExitCode::SUCCESS,
///     }
/// }
/// ```
///
/// The program makes its completions and manual pages itself, so `completions` and `man` are hidden here.
#[must_use]
pub fn command(registry: &'static Registry) -> clap::Command {
    let migrations = Migrations::CompiledIn(registry);
    Arguments::of(Program { migrations })
        // `version` of the program takes its place.
        .long_version(Resettable::Reset)
        .mut_subcommand("completions", |completions| completions.hide(true))
        .mut_subcommand("man", |man| man.hide(true))
}

/// Runs the command that the matches of [`command`] name. `name` is what a user types to call it, such
/// as `shop db`: messages with commands to run begin with it. Returns the exit code of the process.
///
/// Call it before the program starts threads or handles signals: the commands handle SIGINT, SIGTERM
/// and SIGHUP, and start a runtime of their own. A process runs it once.
#[must_use]
pub fn run_matches(registry: &'static Registry, name: &str, matches: &ArgMatches) -> ExitCode {
    name::set(name);
    let migrations = Migrations::CompiledIn(registry);
    let program = Program { migrations };
    run_arguments(program, Arguments::of_matches(program, matches))
}

fn run_program(program: Program) -> ExitCode {
    complete::answer(program);
    run_arguments(program, Arguments::parse_all(program))
}

fn run_arguments(program: Program, arguments: Result<Arguments, clap::Error>) -> ExitCode {
    let arguments = match arguments {
        Ok(arguments) => arguments,
        Err(error) => {
            let format = typed("--output").unwrap_or(Format::Text);
            let color = typed("--color").unwrap_or(ColorChoice::Auto);
            let mut console = Console::new(format, Loudness::Normal, color);
            if let Some(format) = typed("--log-format") {
                console = console.with_log(format);
            }
            return render::usage(&console, &error).into();
        }
    };
    let global = &arguments.global;
    let mut console = Console::new(global.output, arguments.loudness(), global.color);
    if let Some(format) = global.log_format {
        console = console.with_log(format);
    }
    let receivers = Receivers::start(&console);
    if receivers.are_replaced {
        console = console.without_events();
        console.warning(
            "a `tracing` subscriber is set already, and gets the spans and events of runs",
        );
    }
    if global.verbose {
        sent::show(&console);
    }
    let metrics = global.metrics.clone();
    let command = match arguments.command.is_dry_run() {
        true => "plan".to_owned(),
        false => arguments.name.clone(),
    };
    let started = Instant::now();
    let document = commands::run(program, arguments, &console);
    caught::wait_until_told();
    if let Some(path) = metrics
        && let Err(error) = metrics::write(&path, &command, &document, started.elapsed())
    {
        let path = path.display();
        console.warning(&format!("cannot write the metrics to `{path}`: {error}"));
    }
    let exit = render::document(&console, &document);
    receivers.finish(&console);
    exit.into()
}
