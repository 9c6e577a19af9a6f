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
//! `args` is what was typed, `settings` what it means together with the
//! environment, `commands` a file a command, `output` the one that prints.
//! Findings look as `render`, `sarif` or `github` has them.

mod acceptance;
mod args;
mod commands;
mod connection;
mod difference;
mod dot_env;
mod exit;
mod failure;
mod github;
mod grammar;
#[cfg(feature = "local-server")]
mod local;
mod output;
mod pg_dump;
mod remedy;
mod render;
mod sarif;
mod scratch;
mod secret;
mod settings;
mod signals;
mod suggestion;
mod tree;
mod version;

use std::process::ExitCode;

use clap::ColorChoice;
use migrator_runtime::Registry;

pub use exit::Exit;

use args::{Arguments, Format};
use output::Output;

/// Runs the command that the process's arguments name, and says how it ended.
#[must_use]
pub fn run(registry: &'static Registry) -> ExitCode {
    let arguments = match Arguments::parse_all() {
        Ok(arguments) => arguments,
        Err(error) => {
            let format = args::typed("--output").unwrap_or(Format::Text);
            let color = args::typed("--color").unwrap_or(ColorChoice::Auto);
            return Output::new(format, false, color).usage(&error).into();
        }
    };
    let mut output = Output::new(
        arguments.global.output,
        arguments.global.quiet,
        arguments.global.color,
    );
    let exit = match commands::run(registry, arguments, &mut output) {
        Ok(exit) => exit,
        Err(failure) => {
            let exit = failure.exit;
            output.failure(&failure);
            exit
        }
    };
    output.finish(exit).into()
}
