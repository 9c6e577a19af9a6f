//! What the commands that change a database have in common: a connection whose progress is
//! printed, a question, and the view of a report.

use std::thread;

use clap::error::ErrorKind;
use migrator_runtime::connect::Creation;
use migrator_runtime::{Client, Event, Leave, Migrator, Options, Registry, Report, Stopped};
use tokio::sync::oneshot;

use super::context::{Answer, Context, Outcome, connecting_to};
use crate::arguments::{Arguments, Format, without_settings};
use crate::console::Console;
use crate::database::connection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::line::Line;
use crate::name;
use crate::render::{jsonl, text};
use crate::view::{Refused, Request, Run, Usage, UsageError, View};

/// A migrator and its connection.
pub(super) struct Session {
    pub(super) migrator: Migrator,
    pub(super) client: Client,
}

impl Session {
    /// Connects. The migrator prints the progress of its run.
    pub(super) async fn open(context: &Context, options: Options) -> Result<Session, Failure> {
        Session::of(context, context.registry, options).await
    }

    /// The same for another registry than the compiled-in one.
    pub(super) async fn of(
        context: &Context,
        registry: &'static Registry,
        options: Options,
    ) -> Result<Session, Failure> {
        let connecting = context.connect(registry, &options);
        let client = unless_stopped(context, connecting).await?;
        Ok(Session::over(context, registry, client, options))
    }

    /// Connects as [`Session::open`] does, and creates the database if it does not exist.
    pub(super) async fn open_or_create(
        context: &Context,
        options: Options,
    ) -> Result<(Session, Creation), Failure> {
        let settings = context.settings(context.registry)?;
        let _ = context.database.set(settings.display_target());
        let _connecting = context.progress.activity(&connecting_to(&settings));
        let connecting = connection::open_or_create(settings, &options.application);
        let (client, creation) = unless_stopped(context, connecting).await?;
        Ok((
            Session::over(context, context.registry, client, options),
            creation,
        ))
    }

    /// Connects as [`Session::open`] does. Returns `None` if the database does not exist.
    pub(super) async fn open_if_there(
        context: &Context,
        options: Options,
    ) -> Result<Option<Session>, Failure> {
        let settings = context.settings(context.registry)?;
        let _ = context.database.set(settings.display_target());
        let _connecting = context.progress.activity(&connecting_to(&settings));
        let connecting = connection::open_if_there(settings, &options.application);
        let client = unless_stopped(context, connecting).await?;
        Ok(client.map(|client| Session::over(context, context.registry, client, options)))
    }

    fn over(
        context: &Context,
        registry: &'static Registry,
        client: Client,
        options: Options,
    ) -> Session {
        let (console, progress) = (context.console.clone(), context.progress.clone());
        let migrator = Migrator::with_options(registry, options)
            .stopped_by(&context.stop)
            .on_event_at_once({
                let console = console.clone();
                move |event| {
                    progress.of_run(event);
                    write_line(&console, None, event);
                }
            })
            .on_event(move |event| tell(&console, event));
        Session { migrator, client }
    }
}

/// Prints an event whose turn has come. A log has all events of the run already.
pub(super) fn tell(console: &Console, event: &Event<'_>) {
    if !console.logs_events() || matches!(event, Event::Planned(_) | Event::Finished(_)) {
        console.print_all(&text::run::event(event));
    }
    // Nothing else reports notices.
    if matches!(event, Event::Notice(_) | Event::NoticesOmitted(_)) {
        write_line(console, None, event);
    }
}

/// Writes a line about an event when it happens, in JSON lines. `database` is one of a fleet.
pub(super) fn write_line(console: &Console, database: Option<&str>, event: &Event<'_>) {
    if console.format() == Format::Jsonl
        && let Some(line) = jsonl::event(database, event)
    {
        console.write(&line);
    }
}

/// Writes lines about what has happened, in JSON lines.
pub(super) fn write_lines(console: &Console, lines: impl IntoIterator<Item = String>) {
    if console.format() == Format::Jsonl {
        lines.into_iter().for_each(|line| console.write(&line));
    }
}

/// Connects, unless a signal stops the command.
async fn unless_stopped<T>(
    context: &Context,
    connecting: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    // Boxed: otherwise each caller's future would hold 20 kB.
    let opened = context.stop.unless_stopped(Box::pin(connecting)).await;
    opened.ok_or_else(Stopped::default)?
}

/// Asks a question in a thread of its own, because a signal does not end the reading of an answer.
pub(super) async fn confirm(context: &Context, question: String) -> Result<bool, Failure> {
    let question = text::wrapped(&question, context.console.columns(), 2);
    let (answered, answer) = oneshot::channel();
    thread::spawn(move || answered.send(Console::ask(&question)));
    match context.stop.unless_stopped(answer).await {
        Some(answer) => Ok(answer.unwrap_or(false)),
        None => Err(Stopped::default().into()),
    }
}

/// The user answered no. The text says what was not done.
pub(super) fn refused(text: &'static str) -> Answer {
    Answer {
        view: View::Refused(Refused { text }),
        exit: Exit::Failed,
    }
}

/// A usage error that depends on more than the arguments. Prints it as clap prints its own.
pub(super) fn usage(context: &Context, message: &str) -> Answer {
    let mut command = Arguments::of(context.program).bin_name(name::get());
    let error = command.error(ErrorKind::MissingRequiredArgument, message);
    let text = without_settings(&error.render().ansi().to_string());
    context
        .console
        .print(&Line::Error(text.trim_end().to_owned()));
    let errors = [UsageError {
        message: message.to_owned(),
    }];
    Answer {
        view: View::Usage(Usage { errors }),
        exit: Exit::Usage,
    }
}

/// What a run did, also if it failed. Ends the session of a run that succeeded, so that the
/// console shows if a lock could not be released.
pub(super) async fn ran(
    outcome: Result<Report, migrator_runtime::Error>,
    client: Client,
    request: Request,
) -> Outcome {
    match outcome {
        Ok(report) => {
            client.close().await;
            Ok(Answer::done(View::Run(Run::new(report, request))))
        }
        Err(error) => {
            let view = View::Run(Run::new(error.report.clone(), request));
            Err(Failure::from(error).after(view))
        }
    }
}

/// What a flag such as `--allow-missing` permits.
pub(super) fn leave(flag: bool) -> Leave {
    match flag {
        true => Leave::Allowed,
        false => Leave::Refused,
    }
}
