//! `repair`: say what became of a dirty migration, or record that scripts were changed.

use migrator_runtime::{Edit, Outcome as Said, Stop, Version};
use serde_json::{Value, json};

use super::run::{self, Session};
use super::{Context, Outcome, count};
use crate::args;
use crate::exit::Exit;
use crate::line_diff;
use crate::output::{Output, Tone};

pub(super) async fn run(mut context: Context<'_>, repair: &args::Repair) -> Outcome {
    let options = context.environment.run(&repair.run)?;
    let session = run::open(&mut context, options).await?;
    match repair.version {
        Some(version) if !repair.accept_change => {
            settle(session, context.output, repair, version).await
        }
        _ => accept(session, &context.stop, context.output, repair).await,
    }
}

/// What became of a dirty migration.
async fn settle(
    session: Session,
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
    let entry = migrator
        .repair(&mut client, &repair.service, version, said)
        .await?;
    output.result(
        Tone::Good,
        "repaired",
        &format!("{entry}: recorded as {word}"),
    );
    output.member("repaired", json!(entry.to_string()));
    output.member("recorded", json!(word));
    Ok(Exit::Done)
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
    let question = "record these in their place?";
    if output.is_interactive() && !repair.yes && !run::confirm(question, stop).await? {
        output.line("nothing was recorded");
        return Ok(Exit::Failed);
    }
    migrator.accept(&mut client, &edits).await?;
    for edit in &edits {
        let line = format!("{}: recorded as it is now", edit.migration);
        output.result(Tone::Good, "repaired", &line);
    }
    output.member("recorded", json!("changed"));
    output.line(&format!(
        "{} recorded as changed on {}; nothing was run",
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
            Some(recorded) => line_diff::unified(&script.path, recorded, &now),
            None => format!("+++ {} (of which nothing is recorded)\n", script.path),
        }
    };
    differences.into_iter().map(unified).collect()
}

fn show(output: &Output, edit: &Edit) {
    for difference in differences(edit) {
        output.line(difference.trim_end());
    }
}

fn edit_json(edit: &Edit) -> Value {
    json!({
        "service": edit.entry.service,
        "version": edit.entry.version.to_string(),
        "name": edit.entry.name,
        "recorded_checksum": edit.entry.checksum,
        "checksum": edit.migration.checksum.to_string(),
        "differences": differences(edit),
    })
}
