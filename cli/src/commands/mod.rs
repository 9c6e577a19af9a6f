//! The commands, a file each.

pub(crate) mod check;
mod completions;
mod create;
mod down;
mod drift;
mod explain;
mod fleet;
mod lacking;
mod redo;
mod repair;
mod run;
mod schema;
#[cfg(feature = "local-server")]
mod server;
mod status;
mod up;
mod verify;

use migrator_model::Code;
use migrator_runtime::{Error, ErrorKind, Registry, Selection, Stop, Stopped};

use crate::args::{Arguments, Command};
use crate::connection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Printer};
use crate::settings::Environment;
use crate::signals::{self, Patience};
use crate::tree::Folder;

/// What a command ends in.
pub(crate) type Outcome = Result<Exit, Failure>;

/// What every command is given.
pub(crate) struct Context<'a> {
    pub(crate) registry: &'static Registry,
    pub(crate) global: crate::args::Global,
    pub(crate) environment: Environment,
    /// What a signal does.
    pub(crate) stop: Stop,
    pub(crate) output: &'a mut Output,
}

/// Runs a command to its end.
pub(crate) fn run(
    registry: &'static Registry,
    arguments: Arguments,
    output: &mut Output,
) -> Outcome {
    let mut context = Context {
        registry,
        global: arguments.global,
        environment: match needs_settings(&arguments.command) {
            true => Environment::read()?,
            false => Environment::default(),
        },
        stop: Stop::new(),
        output,
    };
    for (name, meant) in context.environment.misspelt() {
        let message = format!("no command reads the variable `{name}`; did you mean `{meant}`?");
        context.output.warning(&message);
    }
    if arguments.command.is_of_compiled_in() {
        not_of_another_tree(&context, &arguments.command)?;
    }
    let runner = Runner {
        stop: context.stop.clone(),
        printer: context.output.printer(),
    };
    match arguments.command {
        Command::Create(create) => create::run(context, &create),
        Command::Check(check) => runner.wait(check::run(context, &check)),
        Command::Explain { code } => Ok(explain::run(&mut context, code)),
        Command::Completions { shell } => Ok(completions::run(&mut context, shell)),
        #[cfg(feature = "local-server")]
        Command::Server { action } => server::run(context, action),
        Command::Up(up) => runner.finish(up::run(context, &up)),
        Command::Down(down) => runner.finish(down::run(context, &down)),
        Command::Redo(redo) => runner.finish(redo::run(context, &redo)),
        Command::Status(status) => runner.wait(status::run(context, &status)),
        Command::Repair(repair) => runner.finish(repair::run(context, &repair)),
        Command::Verify(verify) => runner.within(Patience::Long, verify::run(context, &verify)),
        Command::Drift(drift) => runner.wait(drift::run(context, &drift)),
        Command::Schema(schema) => runner.wait(schema::run(context, &schema)),
    }
}

/// The registry that is compiled in, or that of the tree that was named. In the folder of another
/// tree, the command says so instead of working on the one that is compiled in.
fn registry(context: &Context<'_>) -> Result<&'static Registry, Failure> {
    match context.environment.directory(&context.global) {
        Some(directory) => {
            let folder = Folder::require(Some(directory))?;
            context
                .output
                .note(&format!("the tree is that in `{}`", folder.shown));
            folder.registry()
        }
        None => {
            if let Some(folder) = Folder::find(None) {
                let help = format!(
                    "`--directory={}` uses the tree in this folder; run this binary in another \
                     folder to use the tree that is compiled in",
                    folder.shown
                );
                folder.is_of(context.registry, &help)?;
            }
            Ok(context.registry)
        }
    }
}

/// For a command that works on the compiled-in tree: refuses another one that
/// `MIGRATOR_DIRECTORY` names, and notes another one that lies here.
fn not_of_another_tree(context: &Context<'_>, command: &Command) -> Result<(), Failure> {
    let Context {
        registry,
        global,
        environment,
        output,
        ..
    } = context;
    let own = count(registry.migrations.len(), "migration");
    if let Some(named) = environment.directory(global) {
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
    let has_fleet = matches!(command, Command::Up(up) if up.members.fleet.is_some());
    // Without a database the command fails here, and says why.
    let has_database = has_fleet || connection::is_named(global, environment);
    let other = Folder::here().filter(|folder| has_database && !folder.is_tree_of(registry));
    if let Some(folder) = other {
        output.note(&format!(
            "this binary has its own {own}; the tree in `{}` is not read",
            folder.shown
        ));
    }
    Ok(())
}

/// Whether a file `.env` can tell the command anything, or spoil it.
fn needs_settings(command: &Command) -> bool {
    !matches!(
        command,
        Command::Explain { .. } | Command::Completions { .. }
    )
}

/// Runs what waits for a server.
struct Runner {
    stop: Stop,
    printer: Printer,
}

impl Runner {
    /// A command that reads alone: a signal drops it.
    fn wait(self, command: impl Future<Output = Outcome>) -> Outcome {
        let stop = self.stop.clone();
        self.finish(async move {
            let ended = stop.unless_stopped(command).await;
            ended.unwrap_or_else(|| Err(Stopped::default().into()))
        })
    }

    /// A command that heeds a signal itself, and leaves all in order.
    fn finish(self, command: impl Future<Output = Outcome>) -> Outcome {
        self.within(Patience::Short, command)
    }

    /// One that may take longer to leave all in order.
    fn within(self, patience: Patience, command: impl Future<Output = Outcome>) -> Outcome {
        signals::listen(&self.stop, self.printer, patience);
        block_on(command)
    }
}

/// One thread is enough: what takes time happens at the server.
fn block_on(command: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            let message = "the asynchronous runtime could not be started";
            let help = "raise this process's limits on open files and threads";
            Failure::new(Code::M0902, Exit::Failed, message, help).because(error.to_string())
        })?;
    let outcome = runtime.block_on(command);
    // A look-up of a name, which nothing ends, would be waited for.
    runtime.shutdown_background();
    outcome
}

/// Refuses a service that the registry does not have.
fn check_names(registry: &Registry, services: &Selection) -> Result<(), Failure> {
    let Selection::Named(names) = services else {
        return Ok(());
    };
    let checked = names
        .iter()
        .try_for_each(|name| registry.service(name).map(drop));
    Ok(checked.map_err(|unknown| Error::from(ErrorKind::from(unknown)))?)
}

/// The same where no database is named. A history may have services that the registry does not,
/// but no command needs a local server to say that a name is misspelt.
fn check_names_unless_named(context: &Context<'_>, services: &Selection) -> Result<(), Failure> {
    match connection::is_named(&context.global, &context.environment) {
        true => Ok(()),
        false => check_names(context.registry, services),
    }
}

/// `1 migration`, `2 migrations`.
fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}
