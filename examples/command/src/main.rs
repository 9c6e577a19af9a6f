//! A program with a command line of its own: `bookshop db` has the commands of migrator.

use std::io;
use std::process::ExitCode;

use clap::{Arg, Command, value_parser};
use clap_complete::{Shell, generate};
use migrator_runtime::{Registry, embed_migrations};

static REGISTRY: Registry = embed_migrations!("../../database");

fn main() -> ExitCode {
    let matches = program().get_matches();
    match matches.subcommand() {
        Some(("db", matches)) => migrator_cli::run_matches(&REGISTRY, "bookshop db", matches),
        Some(("completions", matches)) => {
            if let Some(shell) = matches.get_one::<Shell>("shell") {
                generate(*shell, &mut program(), "bookshop", &mut io::stdout());
            }
            ExitCode::SUCCESS
        }
        _ => ExitCode::FAILURE,
    }
}

fn program() -> Command {
    let db = migrator_cli::command(&REGISTRY)
        .name("db")
        .version("2.1")
        .about("Changes the database of the bookshop");
    let shell = Arg::new("shell").required(true);
    let shell = shell.value_parser(value_parser!(Shell));
    let completions = Command::new("completions").about("Prints a completion script");
    Command::new("bookshop")
        .version("2.1")
        .subcommand_required(true)
        .subcommand(db)
        .subcommand(completions.arg(shell))
}
