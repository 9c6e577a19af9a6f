//! `adopt`: converts the migrations of another tool, and takes over its history in a database.
//!
//! `tree` converts the folder and writes the files; `manifest` and `levels` change services.toml. `find` finds
//! the other tool's history table, `table` reads it, and `history` says what to record.

mod find;
mod history;
mod levels;
mod manifest;
mod table;
mod tree;

use migrator_runtime::Stopped;

use self::history::Takeover;
use self::tree::NewTree;
use super::context::{Answer, Context, Outcome};
use super::proof;
use super::session::{confirm, refused, write_lines};
use crate::arguments as args;
use crate::failure::Failure;
use crate::render::{jsonl, text};
use crate::view::{Adopt, View};
use crate::words::count;

/// What to do about a migration that the catalog contradicts.
const ADVICE: &str = "add what is missing, or remove the migration from the old history";

pub(super) async fn run(context: &Context, adopt: &args::Adopt) -> Outcome {
    if adopt.proof.check {
        context.require_database()?;
    }
    let (tree, mut view) = NewTree::convert(context, adopt)?;
    proof::check_versions(tree.registry, &tree.service, adopt.proof.accept.iter())?;
    let takeover = match context.names_database() {
        true => {
            let options = context.environment.writes(&adopt.writes)?;
            let planned = Takeover::plan(context, adopt, &tree, options);
            let planned = context.stop.unless_stopped(Box::pin(planned)).await;
            let (takeover, history) = planned.ok_or_else(Stopped::default)??;
            view.history = Some(history);
            Some(takeover)
        }
        false => None,
    };
    let columns = context.console.columns();
    let planned = text::fitted(text::adopt::plan(&view), columns);
    context.console.print_all(&planned);
    let claims = view.history.as_ref().map(|history| &history.migrations);
    if let Some(failure) = claims.and_then(|claims| proof::contradicted(claims, ADVICE)) {
        return Err(failure.after(View::Adopt(view)));
    }
    if adopt.proof.check || adopt.dry_run || view.is_done() {
        return Ok(Answer::done(View::Adopt(view)));
    }
    if !agrees(context, adopt, &view, takeover.as_ref()).await? {
        return Ok(refused("nothing was converted or recorded"));
    }
    tree.write()?;
    view.written = !view.created.is_empty();
    let created = view.created.iter().map(|path| jsonl::created(path));
    write_lines(&context.console, created);
    if let Some(takeover) = takeover {
        if let Err(failure) = takeover.record(&mut view, context).await {
            return Err(failure.after(View::Adopt(view)));
        }
    } else {
        context.console.note(
            "no database is named; to take over the history of one, run it again with \
             `--database-url`",
        );
    }
    Ok(Answer::done(View::Adopt(view)))
}

/// Asks the user whether to record the migrations, unless nobody can answer.
async fn agrees(
    context: &Context,
    adopt: &args::Adopt,
    view: &Adopt,
    takeover: Option<&Takeover>,
) -> Result<bool, Failure> {
    let history = view.history.as_ref();
    let number = history.map_or(0, |history| history.migrations.len());
    let (Some(takeover), 1..) = (takeover, number) else {
        return Ok(true);
    };
    if adopt.yes || !context.console.is_interactive() {
        return Ok(true);
    }
    let question = format!(
        "record {} of {} as adopted on {}?",
        count(number, "migration"),
        view.service,
        takeover.target()
    );
    confirm(context, question).await
}
