//! `repair`: say what became of a dirty migration, or record that scripts were changed.

use migrator_model::Code;
use migrator_runtime::{
    Direction, Edit, Inspected, Inspection, Outcome as Said, Selection, Stop, Trace, Version,
};
use serde_json::{Value, json};
use similar::TextDiff;

use super::run::{self, Session};
use super::{Context, Outcome, count};
use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Tone};

pub(super) async fn run(mut context: Context<'_>, repair: &args::Repair) -> Outcome {
    let named = Selection::Named(vec![repair.service.clone()]);
    super::check_names_unless_named(&context, &named)?;
    let options = context.environment.writes(&repair.writes)?;
    let session = run::open(&mut context, options).await?;
    match repair.version {
        Some(version) if !repair.accept_change => {
            settle(session, &context.stop, context.output, repair, version).await
        }
        _ => accept(session, &context.stop, context.output, repair).await,
    }
}

/// Records an interrupted migration as applied or reverted.
async fn settle(
    session: Session,
    stop: &Stop,
    output: &mut Output,
    repair: &args::Repair,
    version: Version,
) -> Outcome {
    let Session {
        mut migrator,
        mut client,
    } = session;
    let (said, word) = match repair.applied {
        true => (Said::Applied, "applied"),
        false => (Said::Reverted, "reverted"),
    };
    let inspection = migrator.inspect(&client, &repair.service, version).await?;
    output.member(
        "found",
        inspection.statements.iter().map(found_json).collect(),
    );
    let against = tell(output, &inspection, said);
    let question = format!(
        "record {} as {word} on {}?",
        inspection.entry,
        client.target()
    );
    let is_asked = output.is_interactive() && !repair.yes;
    if is_asked && !run::confirm(question, stop).await? {
        output.line("nothing was recorded");
        return Ok(Exit::Failed);
    }
    if against > 0 && !is_asked && !repair.yes {
        return Err(contradicted(against, word));
    }
    let entry = migrator
        .repair(&mut client, &repair.service, version, said)
        .await?;
    output.result(
        Tone::Good,
        "repaired",
        &format!("{entry}: recorded as {word}"),
    );
    output.member("repaired", json!(entry.id.to_string()));
    output.member("recorded", json!(word));
    Ok(Exit::Done)
}

/// Shows what the interrupted script has left. Returns how many statements contradict what the
/// command would record.
fn tell(output: &Output, inspection: &Inspection, said: Said) -> usize {
    let Inspection {
        entry,
        direction,
        statements,
    } = inspection;
    if statements.is_empty() {
        output.note(&format!(
            "{entry}: its script was not recorded, so the command cannot check its effects"
        ));
    }
    // That the up script is in effect means that the down script has done nothing.
    let is_wanted = match (direction, said) {
        (Direction::Up, Said::Applied) | (Direction::Down, Said::Reverted) => Wanted::Done,
        (Direction::Up, Said::Reverted) | (Direction::Down, Said::Applied) => Wanted::NotDone,
    };
    let mut against = 0;
    for statement in statements {
        let Inspected { position, text, .. } = statement;
        let (word, what) = trace_words(&statement.trace);
        let tone = match is_wanted.is_denied_by(&statement.trace) {
            true => {
                against += 1;
                Tone::Bad
            }
            false => Tone::Plain,
        };
        let what = what.map(|what| format!(", {what}")).unwrap_or_default();
        let script = direction.as_str();
        let line = format!(
            "`{text}` ({script} script, line {}): {word}{what}",
            position.line
        );
        output.detail(tone, "found", &line);
    }
    against
}

/// What is to be true of each statement.
#[derive(Clone, Copy)]
enum Wanted {
    Done,
    NotDone,
}

impl Wanted {
    fn is_denied_by(self, trace: &Trace) -> bool {
        matches!(
            (self, trace),
            (Wanted::Done, Trace::NotDone)
                | (Wanted::NotDone, Trace::Done(_))
                | (_, Trace::Partial(_))
        )
    }
}

/// The word for what became of a statement, and what the catalog shows.
fn trace_words(trace: &Trace) -> (&'static str, Option<&str>) {
    match trace {
        Trace::Done(what) => ("done", Some(what)),
        Trace::NotDone => ("not done", None),
        Trace::Partial(what) => ("partly done", Some(what)),
        Trace::Unknown => ("unknown", None),
    }
}

fn contradicted(against: usize, word: &str) -> Failure {
    let message = format!(
        "the database contradicts `--{word}` in {} of the script",
        count(against, "statement"),
    );
    let help = "run `migrator up` or `migrator down` to resume the script, or finish it by hand; \
                `--yes` records the migration anyway";
    Failure::new(Code::M0514, Exit::Refused, message, help)
}

fn found_json(statement: &Inspected) -> Value {
    let (word, what) = trace_words(&statement.trace);
    json!({
        "line": statement.position.line,
        "statement": statement.text,
        "state": word,
        "found": what,
    })
}

/// Scripts that were edited after they were applied.
async fn accept(
    session: Session,
    stop: &Stop,
    output: &mut Output,
    repair: &args::Repair,
) -> Outcome {
    let Session {
        mut migrator,
        mut client,
    } = session;
    let edits = migrator
        .edits(&client, &repair.service, repair.version)
        .await?;
    output.member("edits", edits.iter().map(edit_json).collect());
    for edit in &edits {
        show(output, edit);
    }
    if edits.is_empty() {
        output.line(&format!(
            "no script of {} differs from what is recorded on {}",
            repair.service,
            client.target()
        ));
        return Ok(Exit::Done);
    }
    let scripts = count(edits.len(), "changed migration");
    let question = format!("record {scripts} on {}?", client.target());
    if output.is_interactive() && !repair.yes && !run::confirm(question, stop).await? {
        output.line("nothing was recorded");
        return Ok(Exit::Failed);
    }
    migrator.accept(&mut client, &edits).await?;
    for edit in &edits {
        let line = format!("{}: recorded the new scripts", edit.migration);
        output.result(Tone::Good, "repaired", &line);
    }
    output.member("recorded", json!("changed"));
    output.line(&format!(
        "recorded the new scripts of {} on {}; ran no script",
        count(edits.len(), "migration"),
        client.target()
    ));
    Ok(Exit::Done)
}

/// The recorded script against that of the binary, for each of the two that differs.
fn differences(edit: &Edit) -> Vec<String> {
    let Edit {
        migration,
        up_script,
        down_script,
        ..
    } = edit;
    let mut differences = Vec::new();
    if edit.is_up() {
        differences.push((&migration.up, up_script));
    }
    if edit.is_down() {
        differences.push((&migration.down, down_script));
    }
    let unified = |(script, recorded): (&migrator_model::Script, &Option<String>)| {
        let now = script.sql();
        match recorded {
            Some(recorded) => unified(&script.path, recorded, &now),
            None => format!("+++ {} (the history has no such script)\n", script.path),
        }
    };
    differences.into_iter().map(unified).collect()
}

/// How two texts differ, in the form of `diff -u`; empty if they do not.
fn unified(path: &str, recorded: &str, now: &str) -> String {
    let (old, new) = (
        format!("{path} (as it was applied)"),
        format!("{path} (as it is now)"),
    );
    let difference = TextDiff::from_lines(recorded, now);
    difference.unified_diff().header(&old, &new).to_string()
}

fn show(output: &Output, edit: &Edit) {
    for difference in differences(edit) {
        output.line(difference.trim_end());
    }
}

fn edit_json(edit: &Edit) -> Value {
    json!({
        "service": edit.entry.id.service,
        "version": edit.entry.id.version.to_string(),
        "name": edit.entry.id.history_name(),
        "recorded_checksum": edit.entry.checksum,
        "checksum": edit.migration.checksum.to_string(),
        "differences": differences(edit),
    })
}
