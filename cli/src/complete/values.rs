//! The values that the tree and the table of codes give to options.

use std::env;
use std::ffi::OsStr;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use migrator_model::Code;
use migrator_runtime::Registry;

use crate::program::{Migrations, Program};
use crate::tree::Folder;

/// The commands whose option `--service` names a service that need not exist yet, or whose option
/// `--since` is a time.
const WITHOUT: [(&str, &str); 2] = [("init", "service"), ("history", "since")];

/// Adds the values that each option of each command may have.
pub(super) fn add(command: Command, program: Program) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    names.iter().fold(command, |command, name| {
        command.mut_subcommand(name, |command| {
            command.mut_args(
                |arg| match WITHOUT.contains(&(name, arg.get_id().as_str())) {
                    true => arg,
                    false => with_values(arg, program),
                },
            )
        })
    })
}

fn with_values(arg: Arg, program: Program) -> Arg {
    let takes_all = arg
        .get_value_names()
        .is_some_and(|names| names.iter().any(|name| name.contains("all")));
    match arg.get_id().as_str() {
        "service" => arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
            services(typed, program, takes_all)
        })),
        "to" | "version" | "since" => arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
            versions(typed, program)
        })),
        "code" => arg.add(ArgValueCompleter::new(codes)),
        _ => arg,
    }
}

/// Names of services after the last comma.
fn services(typed: &OsStr, program: Program, takes_all: bool) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else {
        return Vec::new();
    };
    let (before, name) = match typed.rfind(',') {
        Some(comma) if takes_all => typed.split_at(comma + 1),
        _ => ("", typed),
    };
    let Some(registry) = registry(program) else {
        return Vec::new();
    };
    let all = takes_all && before.is_empty();
    let all = all.then_some(("all", "every service"));
    let services = registry.services().map(|one| (one.name, one.description));
    let found = services
        .chain(all)
        .filter(|(known, _)| known.starts_with(name));
    let found = found.filter(|(known, _)| !before.split(',').any(|named| named == *known));
    found
        .map(|(known, about)| candidate(&format!("{before}{known}"), about))
        .collect()
}

/// Versions of the services that are named in the same command line, or of all.
fn versions(typed: &OsStr, program: Program) -> Vec<CompletionCandidate> {
    let (Some(typed), Some(registry)) = (typed.to_str(), registry(program)) else {
        return Vec::new();
    };
    let named = named("--service");
    let named: Vec<&str> = named.iter().flat_map(|names| names.split(',')).collect();
    let is_named = |service: &str| named.is_empty() || named.contains(&service) || named == ["all"];
    let services = registry.services().filter(|one| is_named(one.name));
    let migrations = services.flat_map(|one| registry.migrations_of(one.name));
    let found = migrations.map(|one| (one.version.to_string(), one.id()));
    found
        .filter(|(version, _)| version.starts_with(typed))
        .map(|(version, id)| candidate(&version, &format!("{}/{}", id.service, id.history_name())))
        .collect()
}

fn codes(typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let codes = Code::ALL
        .iter()
        .filter(|code| code.as_str().starts_with(&*typed));
    codes
        .map(|code| candidate(code.as_str(), code.title()))
        .collect()
}

fn candidate(value: &str, about: &str) -> CompletionCandidate {
    let about = (!about.is_empty()).then(|| about.to_owned().into());
    CompletionCandidate::new(value).help(about)
}

/// The registry of the program. A tree with errors has those of its migrations that can be read.
fn registry(program: Program) -> Option<&'static Registry> {
    match program.migrations {
        Migrations::CompiledIn(registry) => Some(registry),
        Migrations::InFolder => {
            let folder = named("--directory").or_else(|| env::var("MIGRATOR_DIRECTORY").ok());
            Folder::find(folder.map(Into::into))?.registry().ok()
        }
    }
}

/// The value of an option in the words that the shell gives.
fn named(option: &str) -> Option<String> {
    let words: Vec<String> = env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    words
        .iter()
        .enumerate()
        .find_map(|(at, word)| match word.strip_prefix(option)? {
            "" => words.get(at + 1).cloned(),
            rest => rest.strip_prefix('=').map(str::to_owned),
        })
}
