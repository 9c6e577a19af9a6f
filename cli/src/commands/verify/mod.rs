//! `verify`: applies every migration, reverts it and applies it again, on a database that is not
//! kept.

mod acceptance;
mod errors;
mod lacking;
mod prepared;

use std::time::{Duration, Instant};

use migrator_model::Severity;
use migrator_runtime::{Registry, Settings, Stopped, connect};
use migrator_verify::{Afterwards, Proof, Proved, Snapshot, Subject, prove_prepared, prove_until};

use self::acceptance::accepted;
use self::errors::as_error;
use super::context::{Answer, Context, Outcome, check_names};
use crate::arguments as args;
use crate::database::connection;
use crate::database::scratch::Scratch;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::text;
use crate::settings::application;
use crate::view::{
    Accepted, AcceptedLevel, Located, Times, Verdict, Verified, Verify, View, differences,
};

pub(super) async fn run(context: &Context, verify: &args::Verify) -> Outcome {
    let registry = context.chosen_registry()?;
    check_names(registry, &verify.service)?;
    match connection::lent(&context.global, &context.environment)? {
        Some(settings) => {
            let note = format!("verifying on {settings}, which is left empty");
            context.console.note(&note);
            prove(context, registry, verify, settings, Start::Lent).await
        }
        None => {
            let subject = Subject::of(verify.service.clone()).since(verify.since);
            let prepared = prepared::server(context, registry, &subject).await?;
            let (scratch, empty) = match prepared {
                Some(prepared) => (prepared.scratch, Some(prepared.empty)),
                None => (Scratch::new(None).await?, None),
            };
            let version = &scratch.version;
            let note = format!("verifying on a temporary server: PostgreSQL {version}");
            context.console.note(&note);
            let start = empty.map_or(Start::Temporary, Start::Prepared);
            prove(context, registry, verify, scratch.settings.clone(), start).await
        }
    }
}

/// The database at the start of a proof.
enum Start {
    /// Empty, and lent.
    Lent,
    /// Empty, on a temporary server.
    Temporary,
    /// With the earlier migrations, on a temporary server. The snapshot shows a database without
    /// them.
    Prepared(Snapshot),
}

/// Verifies the migrations on a database, and prints each verdict as soon as it is known.
async fn prove(
    context: &Context,
    registry: &'static Registry,
    verify: &args::Verify,
    mut settings: Settings,
    start: Start,
) -> Outcome {
    let stop = &context.stop;
    settings.application_name(&application());
    let client = stop.unless_stopped(Box::pin(connect(settings))).await;
    let mut client = client.ok_or_else(Stopped::default)??;
    let subject = Subject::of(verify.service.clone()).since(verify.since);
    let started = Instant::now();
    let tell = |proved: &Proved<'_>| {
        let verified = verified(registry, proved);
        context
            .console
            .print_all(&text::verify::migration(&verified));
    };
    let afterwards = match start {
        Start::Lent => Afterwards::Empty,
        Start::Temporary | Start::Prepared(_) => Afterwards::Abandon,
    };
    let proving = &mut client;
    let proof = match start {
        Start::Prepared(empty) => {
            prove_prepared(stop, proving, registry, &subject, empty, tell).await
        }
        Start::Lent | Start::Temporary => {
            prove_until(stop, proving, registry, &subject, afterwards, tell).await
        }
    };
    client.close().await;
    if let Some(first) = proof.missed.first() {
        let note = format!(
            "a snapshot that read only the changes missed `{first}`, so migrations were verified \
             again; please report this, unless somebody else changed the database"
        );
        context.console.note(&note);
    }
    conclude(proof, started.elapsed(), registry, afterwards)
}

/// The view of a proof, and how the command ends.
fn conclude(
    proof: Proof<'_>,
    took: Duration,
    registry: &Registry,
    afterwards: Afterwards,
) -> Outcome {
    let Proof {
        proved,
        ended,
        unknown_options,
        ..
    } = proof;
    let mut view = Verify {
        migrations: proved.iter().map(|one| verified(registry, one)).collect(),
        elapsed: took,
        is_complete: ended.is_ok(),
        warnings: Vec::new(),
        unknown_options,
    };
    let mut errors: Vec<Located> = Vec::new();
    for proved in proved {
        match accepted(registry, &proved) {
            None => errors.extend(as_error(proved, registry, afterwards)),
            Some(Accepted::Manifest {
                level: AcceptedLevel::Warn,
            }) => {
                let error = as_error(proved, registry, afterwards);
                view.warnings.extend(error.map(as_warning));
            }
            Some(Accepted::Script { .. } | Accepted::Manifest { .. }) => {}
        }
    }
    let mut exit = Exit::Failed;
    if let Err(error) = ended {
        let failure = Failure::from(error);
        exit = failure.exit;
        errors.extend(failure.errors);
    }
    let view = View::Verify(view);
    match errors.is_empty() {
        true => Ok(Answer::done(view)),
        false => Err(Failure {
            exit,
            errors,
            view: Some(Box::new(view)),
        }),
    }
}

fn as_warning(mut error: Located) -> Located {
    error.problem.severity = Severity::Warning;
    error
}

/// The view of one verdict.
fn verified(registry: &Registry, proved: &Proved<'_>) -> Verified {
    let (verdict, found) = match &proved.verdict {
        migrator_verify::Verdict::Sound => (Verdict::Sound, &[][..]),
        migrator_verify::Verdict::Irreversible(reason) => {
            (Verdict::Irreversible(reason.clone()), &[][..])
        }
        migrator_verify::Verdict::NotUndone(found) => (Verdict::NotUndone, &found[..]),
        migrator_verify::Verdict::NotRepeated(found) => (Verdict::NotRepeated, &found[..]),
        migrator_verify::Verdict::Failed(pass, _) => (Verdict::Failed(*pass), &[][..]),
        migrator_verify::Verdict::Skipped { behind } => (Verdict::Skipped(behind.clone()), &[][..]),
    };
    Verified {
        id: proved.migration.id(),
        verdict,
        accepted: accepted(registry, proved),
        times: Times {
            up: proved.up,
            down: proved.down,
            again: proved.again,
        },
        locks: proved.locks.clone(),
        notes: differences(&proved.notes),
        differences: differences(found),
    }
}
