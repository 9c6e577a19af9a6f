//! `drift`: compares the live schema with what its own history implies.

use migrator_model::{Code, MigrationId};
use migrator_runtime::Migrator;
use migrator_verify::{Error, Pattern, ThrowawayServer, drift};

use super::context::{Answer, Context, Outcome};
use crate::arguments as args;
use crate::database::scratch::Scratch;
use crate::database::version;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::{Drift, View};

pub(super) async fn run(context: &Context, arguments: &args::Drift) -> Outcome {
    let registry = context.chosen_registry()?;
    let options = context.environment.reads(&arguments.reads)?;
    let live = context.connect(registry, &options).await?;
    let version = version::of(&live).await.map_err(Error::Catalog)?;
    let scratch = Scratch::new(Some(version.major)).await?;
    let limit = arguments.script_timeout;
    let settings = scratch.called(live.database()).await?;
    let throwaway = ThrowawayServer::new(settings, scratch.log.clone())
        .time_limit((!limit.is_zero()).then_some(limit));
    if scratch.major != version.major {
        context.console.warning(&format!(
            "no PostgreSQL {1} is installed here: the history is replayed on PostgreSQL {0}, \
             which may print definitions differently",
            scratch.version, version.major
        ));
    }
    let schema = options.schema.clone();
    let migrator = Migrator::with_options(registry, options);
    let patterns: Vec<Pattern> = registry.left_out().map(Pattern::new).collect();
    let found = drift(&live, &migrator, &throwaway, &patterns).await?;
    let view = Drift::new(found, schema);
    if !view.caught.is_empty() {
        return Err(uncertain(&view.caught).after(View::Drift(view)));
    }
    let exit = match view.differences.is_empty() {
        true => Exit::Done,
        false => Exit::Pending,
    };
    let view = View::Drift(view);
    Ok(Answer { view, exit })
}

/// A script may have caught a refusal, and would have continued otherwise as a superuser.
fn uncertain(caught: &[MigrationId]) -> Failure {
    let steps: Vec<String> = caught.iter().map(|step| format!("`{step}`")).collect();
    Failure::new(
        Code::M0606,
        Exit::Failed,
        format!(
            "cannot tell what the history implies: {} may have caught a refusal of the server",
            steps.join(", ")
        ),
        "read these scripts in the history, then run `drift` with a binary that has all scripts \
         of the history",
    )
}
