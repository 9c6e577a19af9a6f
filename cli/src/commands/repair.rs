//! `repair`: say what became of a dirty migration.

use migrator_runtime::Outcome as Said;
use serde_json::json;

use super::run::{self, Session};
use super::{Context, Outcome};
use crate::args;
use crate::exit::Exit;
use crate::output::Tone;

pub(super) async fn run(mut context: Context<'_>, repair: &args::Repair) -> Outcome {
    let options = context.environment.run(&repair.run)?;
    let Session {
        mut migrator,
        mut client,
    } = run::open(&mut context, options).await?;
    let (said, word) = match repair.applied {
        true => (Said::Applied, "applied"),
        false => (Said::Reverted, "reverted"),
    };
    let entry = migrator
        .repair(&mut client, &repair.service, repair.version, said)
        .await?;
    let output = context.output;
    output.result(
        Tone::Good,
        "repaired",
        &format!("{entry}: recorded as {word}"),
    );
    output.member("repaired", json!(entry.to_string()));
    output.member("recorded", json!(word));
    Ok(Exit::Done)
}
