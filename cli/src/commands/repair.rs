//! `repair`: records an interrupted migration as applied or reverted, or records changed scripts.

use migrator_model::{Code, MigrationId};
use migrator_runtime::{Direction, Inspection, Outcome as Recorded, Selection, Trace, Version};

use super::context::{Answer, Context, Outcome};
use super::session::{Session, confirm, refused};
use crate::arguments as args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::remedy::resume_command;
use crate::render::text;
use crate::view::{ChangedScripts, Repair, View};
use crate::words::count;

pub(super) async fn run(context: &Context, repair: &args::Repair) -> Outcome {
    let named = Selection::Named(vec![repair.service.clone()]);
    context.check_names_without_database(&named)?;
    let options = context.environment.writes(&repair.writes)?;
    let session = Session::open(context, options).await?;
    match repair.version {
        Some(version) if !repair.accept_change => settle(context, session, repair, version).await,
        _ => accept(context, session, repair).await,
    }
}

/// Records an interrupted migration as applied or reverted.
async fn settle(
    context: &Context,
    session: Session,
    repair: &args::Repair,
    version: Version,
) -> Outcome {
    let Session {
        mut migrator,
        mut client,
    } = session;
    let (recorded, word) = match repair.applied {
        true => (Recorded::Applied, "applied"),
        false => (Recorded::Reverted, "reverted"),
    };
    let inspection = migrator.inspect(&client, &repair.service, version).await?;
    let expected = Expected::of(inspection.direction, recorded);
    let mut view = Repair::found(&inspection, |trace| expected.is_contradicted_by(trace));
    context.console.print_all(&text::repair::found(&view));
    let question = format!("record {} as {word} on {}?", view.id, client.target());
    let asks = context.console.is_interactive() && !repair.yes;
    if asks && !confirm(context, question).await? {
        return Ok(refused("nothing was recorded"));
    }
    let contradictions = view.contradictions();
    if contradictions > 0 && !asks && !repair.yes {
        let failure = contradicted(contradictions, word, &inspection);
        return Err(failure.after(View::Repair(view)));
    }
    let repaired = migrator
        .repair(&mut client, &repair.service, version, recorded)
        .await;
    match repaired {
        Ok(entry) => {
            client.close().await;
            view.repaired = Some(entry.id.to_string());
            view.recorded = Some(word);
            Ok(Answer::done(View::Repair(view)))
        }
        Err(error) => Err(Failure::from(error).after(View::Repair(view))),
    }
}

/// What must be true of each statement of the script.
#[derive(Clone, Copy)]
enum Expected {
    Done,
    NotDone,
}

impl Expected {
    /// If the effects of the up script are in the database, the down script has done nothing.
    fn of(script: Direction, recorded: Recorded) -> Expected {
        match (script, recorded) {
            (Direction::Up, Recorded::Applied) | (Direction::Down, Recorded::Reverted) => {
                Expected::Done
            }
            (Direction::Up, Recorded::Reverted) | (Direction::Down, Recorded::Applied) => {
                Expected::NotDone
            }
        }
    }

    fn is_contradicted_by(self, trace: &Trace) -> bool {
        matches!(
            (self, trace),
            (Expected::Done, Trace::NotDone)
                | (Expected::NotDone, Trace::Done(_))
                | (_, Trace::Partial(_))
        )
    }
}

fn contradicted(statements: usize, word: &str, inspection: &Inspection) -> Failure {
    let message = format!(
        "the database contradicts `--{word}` in {} of the script",
        count(statements, "statement"),
    );
    let by_hand = "finish or undo the script by hand";
    let script = match inspection.is_resumable {
        true => format!(
            "run `{}`, which resumes the script, or {by_hand}",
            resume_command(&inspection.entry.id, inspection.direction)
        ),
        false => by_hand.to_owned(),
    };
    let help = format!("{script}; `--yes` records the migration as {word} anyway");
    Failure::new(Code::M0514, Exit::Refused, message, help)
}

/// Records scripts that were edited after they were applied.
async fn accept(context: &Context, session: Session, repair: &args::Repair) -> Outcome {
    let Session {
        mut migrator,
        mut client,
    } = session;
    let edits = migrator
        .edits(&client, &repair.service, repair.version)
        .await?;
    let mut view = ChangedScripts::found(&edits, &repair.service);
    context
        .console
        .print_all(&text::changed_scripts::differences(&view));
    if edits.is_empty() {
        return Ok(Answer::done(View::ChangedScripts(view)));
    }
    let migrations = count(edits.len(), "changed migration");
    let question = format!("record {migrations} on {}?", client.target());
    let asks = context.console.is_interactive() && !repair.yes;
    if asks && !confirm(context, question).await? {
        return Ok(refused("nothing was recorded"));
    }
    match migrator.accept(&mut client, &edits).await {
        Ok(()) => {
            client.close().await;
            view.record(|_| true);
            view.recorded = Some("changed");
            Ok(Answer::done(View::ChangedScripts(view)))
        }
        Err(error) => {
            let recorded = &error.report.recorded;
            view.record(|edit| {
                let is_edit = |id: &MigrationId| id.version == edit.id.version;
                recorded.iter().any(is_edit)
            });
            Err(Failure::from(error).after(View::ChangedScripts(view)))
        }
    }
}
