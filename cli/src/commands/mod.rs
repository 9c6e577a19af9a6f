//! Runs the command that the arguments name.
//!
//! Each command has a file. The other files are shared: `context` is what all commands get,
//! `session` connects to the database, `runner` waits for a command and handles signals, and `fleet`
//! works on many databases.

mod adopt;
mod again;
mod baseline;
mod beside;
mod check;
mod comparison;
mod completions;
mod context;
mod create;
mod digest;
mod down;
mod drift;
mod explain;
mod fleet;
mod graph;
mod history;
mod init;
mod list;
mod man;
mod planned;
mod proof;
mod redo;
mod repair;
mod report;
mod runner;
mod schema;
#[cfg(feature = "local-server")]
mod server;
mod session;
mod status;
mod switch;
mod up;
mod verified;
mod verify;
mod wait;
#[cfg(feature = "local-server")]
mod with;

use std::cell::OnceCell;

use migrator_model::Code;
use migrator_model::registry::RegistryData;
use migrator_runtime::{Registry, Stop};

use self::context::{Answer, Context, Outcome};
use self::runner::Runner;
use crate::arguments::{Arguments, Command, Global};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::program::{Migrations, Program};
use crate::progress::Progress;
use crate::settings::Environment;
use crate::signals::Patience;
use crate::tree::Folder;
use crate::view::{Document, Measured};
use crate::words::count;

/// Runs a command to its end.
pub(crate) fn run(program: Program, arguments: Arguments, console: &Console) -> Document {
    let Arguments {
        global, command, ..
    } = arguments;
    let context = match context(program, global, &command, console) {
        Ok(context) => context,
        Err(failure) => return failure.into(),
    };
    let outcome = dispatch(&context, &command);
    context.progress.end();
    let mut document = match outcome {
        Ok(Answer { view, exit }) => Document {
            database: None,
            measured: Measured::default(),
            view: Some(view),
            errors: Vec::new(),
            exit,
        },
        Err(failure) => failure.into(),
    };
    if let Some(again) = again::call(&context, &command) {
        document.name_call(&again);
    }
    document.database = context.database.into_inner();
    document.measured = Measured {
        database: context.target.into_inner(),
        pending: context.pending.into_inner(),
    };
    document
}

/// Reads the environment and, if they are in a folder, the migrations that the command needs.
fn context(
    program: Program,
    global: Global,
    command: &Command,
    console: &Console,
) -> Result<Context, Failure> {
    let environment = match needs_settings(command) {
        true => Environment::read()?,
        false => Environment::default(),
    };
    for (name, meant) in environment.misspelt() {
        let message = format!("no command reads the variable `{name}`; did you mean `{meant}`?");
        console.warning(&message);
    }
    let registry = match program.migrations {
        Migrations::CompiledIn(registry) => registry,
        Migrations::InFolder if command.needs_migrations() => {
            Folder::require(environment.directory(&global))?.checked_registry(console)?
        }
        Migrations::InFolder => Box::leak(Box::new(Registry::from(RegistryData::default()))),
    };
    Ok(Context {
        program,
        registry,
        global,
        environment,
        stop: Stop::new(),
        console: console.clone(),
        progress: Progress::new(console),
        database: OnceCell::new(),
        target: OnceCell::new(),
        pending: OnceCell::new(),
    })
}

fn dispatch(context: &Context, command: &Command) -> Outcome {
    if let Migrations::CompiledIn(registry) = context.program.migrations
        && command.is_of_program()
    {
        refuse_another_tree(context, registry, command)?;
    }
    let runner = Runner::new(context);
    match command {
        Command::Init(init) => init::run(init),
        Command::Create(create) => create::run(context, create),
        Command::Adopt(adopt) => runner.change(adopt::run(context, adopt)),
        Command::Baseline(baseline) => runner.change(baseline::run(context, baseline)),
        Command::Check(check) => runner.read(check::run(context, check)),
        Command::Explain { code } => Ok(explain::run(*code)),
        Command::Digest => Ok(digest::run(context)),
        Command::Completions { shell } => Ok(completions::run(*shell)),
        Command::Man { folder } => man::run(context, folder.as_deref()),
        #[cfg(feature = "local-server")]
        Command::Server { action } => server::run(context, *action),
        #[cfg(feature = "local-server")]
        Command::With(with) => Runner::alone(with::run(context, with)),
        Command::Up(up) | Command::Plan(up) => runner.change(up::run(context, up)),
        Command::Down(down) => runner.change(down::run(context, down)),
        Command::Redo(redo) => runner.change(redo::run(context, redo)),
        Command::History(history) => runner.read(history::run(context, history)),
        Command::List(list) => list::run(context, list),
        Command::Status(status) => runner.read(status::run(context, status)),
        Command::Wait(wait) => runner.read(wait::run(context, wait)),
        Command::Repair(repair) => runner.change(repair::run(context, repair)),
        Command::Verify(verify) => runner.within(Patience::Long, verify::run(context, verify)),
        Command::Drift(drift) => runner.read(drift::run(context, drift)),
        Command::Graph(graph) => runner.read(graph::run(context, graph)),
        Command::Report(report) => runner.read(report::run(context, report)),
        Command::Schema(schema) => runner.read(schema::run(context, schema)),
    }
}

/// Whether a command reads the environment and `.env`.
fn needs_settings(command: &Command) -> bool {
    !matches!(
        command,
        Command::Explain { .. }
            | Command::Completions { .. }
            | Command::Man { .. }
            | Command::Init(_)
    )
}

/// For a command that works on the compiled-in tree: refuses another tree that
/// `MIGRATOR_DIRECTORY` names, and notes another tree in the current folder.
fn refuse_another_tree(
    context: &Context,
    registry: &Registry,
    command: &Command,
) -> Result<(), Failure> {
    let own = count(registry.len(), "migration");
    if let Some(named) = context.environment.directory(&context.global) {
        let is_ours = Folder::find(Some(named.clone())).is_some_and(|f| f.is_tree_of(registry));
        if is_ours {
            return Ok(());
        }
        let message = format!(
            "MIGRATOR_DIRECTORY names `{}`, but this command works on the {own} that are \
             compiled into this binary",
            named.display()
        );
        let help = "unset MIGRATOR_DIRECTORY for this command, or build a binary of that tree";
        return Err(Failure::new(Code::M0907, Exit::Usage, message, help));
    }
    // Without a database the command fails anyway, and says why.
    let has_database = command.has_list() || context.names_database();
    let other = Folder::here().filter(|folder| has_database && !folder.is_tree_of(registry));
    if let Some(folder) = other {
        context.console.note(&format!(
            "this binary has its own {own}; the tree in `{}` is not read",
            folder.shown
        ));
    }
    Ok(())
}
