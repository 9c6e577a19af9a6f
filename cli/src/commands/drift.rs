//! `drift`: the live schema against what its own history implies.

use migrator_model::Code;
use migrator_runtime::{Client, Migrator};
use migrator_verify::{Change, Difference, Drift, Error, Pattern, ThrowawayServer, drift};
use serde_json::{Value, json};

use super::{Context, Outcome, count};
use crate::args;
use crate::connection;
use crate::difference;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Tone};
use crate::scratch::Scratch;
use crate::version;

pub(super) async fn run(context: Context<'_>, arguments: &args::Drift) -> Outcome {
    let registry = super::registry(&context)?;
    let Context {
        registry: _,
        global,
        environment,
        stop: _,
        output,
    } = context;
    let options = environment.history(&arguments.history)?;
    let live = connection::open(
        registry,
        &global,
        &environment,
        &options.application,
        output,
    )
    .await?;
    output.member("database", json!(live.target()));
    let version = version::of(&live).await.map_err(Error::Catalog)?;
    let scratch = Scratch::new(Some(version.major)).await?;
    let limit = arguments.script_timeout;
    let settings = scratch.called(live.database()).await?;
    let throwaway = ThrowawayServer::new(settings, scratch.log.clone())
        .time_limit((!limit.is_zero()).then_some(limit));
    if scratch.major != version.major {
        output.warning(&format!(
            "no PostgreSQL {1} is installed here: the history is replayed on PostgreSQL {0}, \
             which may print definitions differently",
            scratch.version, version.major
        ));
    }
    let schema = options.schema.clone();
    let migrator = Migrator::with_options(registry, options);
    let patterns = registry.left_out.iter();
    let patterns: Vec<Pattern> = patterns.map(|text| Pattern::new(text)).collect();
    let found = drift(&live, &migrator, &throwaway, &patterns).await?;
    let exit = tell(output, &found, &live, &schema);
    match found.caught.is_empty() {
        true => Ok(exit),
        false => Err(uncertain(&found)),
    }
}

fn tell(output: &mut Output, found: &Drift, live: &Client, schema: &str) -> Exit {
    for difference in &found.differences {
        let (word, rest) = words(difference);
        output.result(Tone::Warn, word, &rest);
    }
    for difference in &found.notes {
        output.note(&difference::note(difference));
    }
    if found.migrations == 0 {
        output.warning(&format!(
            "the schema `{schema}` has no history: every object counts as drift"
        ));
    }
    if !found.left_out.is_empty() {
        let number = count(found.left_out.len(), "difference");
        output.note(&format!("{number} left out by the patterns of `[drift]`"));
    }
    for step in &found.from_history {
        output.note(&format!(
            "this binary does not have the script of `{step}`: the script in the history was \
             replayed without superuser rights"
        ));
    }
    difference::note_unknown_options(output, &found.unknown_options);
    let list = |differences: &[Difference]| -> Value { differences.iter().map(as_json).collect() };
    output.member("migrations", json!(found.migrations));
    output.member("differences", list(&found.differences));
    output.member("notes", list(&found.notes));
    output.member("from_history", json!(found.from_history));
    output.member("caught", json!(found.caught));
    output.member("left_out", list(&found.left_out));
    let applied = count(found.migrations, "applied migration");
    if found.differences.is_empty() && found.caught.is_empty() {
        output.line(&format!("no drift: the schema matches its {applied}"));
        return Exit::Done;
    }
    let number = count(found.differences.len(), "difference");
    output.line(&format!(
        "{number} between the schema and its {applied}, on {}",
        live.target()
    ));
    Exit::Pending
}

/// A script may have caught a refusal, and would have continued otherwise as a superuser.
fn uncertain(found: &Drift) -> Failure {
    let steps: Vec<String> = found
        .caught
        .iter()
        .map(|step| format!("`{step}`"))
        .collect();
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

/// In the words of somebody who looks at the live schema.
fn words(difference: &Difference) -> (&'static str, String) {
    let object = difference.object.to_string();
    let (word, rest) = match &difference.change {
        Change::Appeared => ("unknown", format!("{object}: no migration makes it")),
        Change::Disappeared => ("gone   ", format!("{object}: a migration made it")),
        Change::Altered { .. } => ("changed", difference.to_string()),
    };
    (word, format!("{rest} [{}]", code(difference)))
}

fn code(difference: &Difference) -> Code {
    match &difference.change {
        Change::Appeared => Code::M0601,
        Change::Disappeared => Code::M0602,
        Change::Altered { .. } => Code::M0603,
    }
}

fn as_json(difference: &Difference) -> Value {
    let mut value = difference::json(difference);
    value["code"] = json!(code(difference).as_str());
    value
}
