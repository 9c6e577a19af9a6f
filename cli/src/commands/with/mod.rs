//! `with`: runs a command on a new database, which is dropped afterwards.
//!
//! `child` runs the command and passes signals on. This module makes the database, and chooses its
//! server.

mod child;

use std::process;

use migrator_localpg::DevServer;
use migrator_model::Code;
use migrator_runtime::testing::__private::{Lender, Lent};
use migrator_runtime::testing::Error;
use migrator_runtime::{Selection, Settings, Stopped};

use self::child::Child;
use super::context::{Answer, Context, Outcome, check_names};
use crate::arguments as args;
use crate::caught;
use crate::database::local;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::signals::Signals;
use crate::tree::Folder;
use crate::view::{View, With};
use crate::words::{count, seconds};

pub(super) async fn run(context: &Context, with: &args::With) -> Outcome {
    check_names(context.registry, &with.service)?;
    let mut signals = Signals::new().map_err(|error| unheard(&error.to_string()))?;
    let lender = lender(context)?;
    if Lender::is_janitor() {
        lender.attend().await.map_err(refused)?;
        return Ok(ended(Exit::Done));
    }
    let schema = context.environment.schema(&with.history)?;
    let lending = lender.lend(context.registry, with.service.clone(), &schema);
    let lent = lend(context, lending, &mut signals).await?;
    say(context, &lent, with);
    let mut child = Child::new(&with.command, lent.database());
    if with.history.schema.is_some() {
        child.env("MIGRATOR_SCHEMA", &schema);
    }
    let exit = child.run(&mut signals).await;
    give_back(lent, &mut signals).await;
    Ok(ended(exit?))
}

/// The server of the new database: the one that the user names, the one of the checkout if it runs,
/// or else the temporary one that tests share.
fn lender(context: &Context) -> Result<Lender, Failure> {
    if context.names_database() {
        return Ok(Lender::on(context.settings(context.registry)?));
    }
    let folder = Folder::find(context.environment.directory(&context.global));
    let own = folder.filter(|folder| folder.is_tree_of(context.registry));
    let checkout = own.as_ref().map(Folder::checkout).transpose()?;
    match checkout.and_then(DevServer::running) {
        Some(server) => Ok(Lender::on(Settings::parse(&server.url())?)),
        None => Lender::on_shared_server().map_err(refused),
    }
}

/// Waits for the database. After a signal, also waits for it, in order to drop it; a second signal
/// ends the process.
async fn lend(
    context: &Context,
    lending: impl Future<Output = Result<Lent, Error>>,
    signals: &mut Signals,
) -> Result<Lent, Failure> {
    let mut lending = Box::pin(lending);
    let signal = tokio::select! {
        lent = &mut lending => return lent.map_err(refused),
        signal = signals.next() => signal,
    };
    caught::keep(signal);
    context.console.note(&format!(
        "{}: stopping; a second signal ends the process at once",
        signal.signal()
    ));
    tokio::select! {
        lent = lending => give_back(lent.map_err(refused)?, signals).await,
        second = signals.next() => process::exit(second.code().into()),
    }
    Err(Stopped::default().into())
}

/// Drops the database. A signal ends the process at once; then the janitor drops the database.
async fn give_back(lent: Lent, signals: &mut Signals) {
    let dropped = tokio::task::spawn_blocking(move || drop(lent));
    tokio::select! {
        _ = dropped => {}
        signal = signals.next() => process::exit(signal.code().into()),
    }
}

fn say(context: &Context, lent: &Lent, with: &args::With) {
    let database = lent.database();
    let migrations = match &with.service {
        Selection::All => context.registry.len(),
        Selection::Named(names) => context.registry.narrow(names).len(),
    };
    context.console.note(&format!(
        "running on the new database {} with {} ({})",
        database.settings().display_target(),
        count(migrations, "migration"),
        seconds(database.handed_out_in())
    ));
}

fn ended(exit: Exit) -> Answer {
    let view = View::With(With {});
    Answer { view, exit }
}

/// The failure to create the database.
fn refused(error: Error) -> Failure {
    let (code, exit) = match error {
        Error::Local(error) => return local::failure(&error),
        Error::Connect(error) => return error.into(),
        Error::Migrate(error) => return error.into(),
        Error::Variable { .. } => (Code::M0901, Exit::Usage),
        Error::Server { .. } => (Code::M0903, Exit::Connection),
        Error::Keeper | _ => (Code::M0902, Exit::Failed),
    };
    let failure = Failure::new(code, exit, error.to_string(), error.help());
    match std::error::Error::source(&error) {
        Some(cause) => failure.because(cause.to_string()),
        None => failure,
    }
}

fn unheard(cause: &str) -> Failure {
    let message = "the process cannot listen to signals";
    let help = "raise this process's limits on open files";
    Failure::new(Code::M0902, Exit::Failed, message, help).because(cause)
}
