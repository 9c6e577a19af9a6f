//! `verify`: applies every migration, reverts it and applies it again, on a database that is not
//! kept.

mod acceptance;
mod errors;
mod lacking;
mod prepared;
mod servers;

use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use migrator_model::Severity;
use migrator_runtime::{Registry, Settings, Stopped, connect};
use migrator_verify::{
    Afterwards, Jobs, Proof, ProofEvent, Proved, Subject, prove_in_ranges, prove_until,
};

use self::acceptance::accepted;
use self::errors::as_error;
use self::servers::Servers;
use super::context::{Answer, Context, Outcome, check_names};
use crate::arguments::{self as args, Format};
use crate::database::connection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{jsonl, text};
use crate::settings::application;
use crate::view::{
    Accepted, AcceptedLevel, Fingerprints, Located, Times, Verdict, Verified, Verify, View,
    differences,
};

pub(super) async fn run(context: &Context, verify: &args::Verify) -> Outcome {
    let registry = context.chosen_registry()?;
    check_names(registry, &verify.service)?;
    let subject = Subject::of(verify.service.clone()).since(verify.since);
    match connection::lent(&context.global, &context.environment)? {
        Some(settings) => {
            let note = format!("verifying on {settings}, which is left empty");
            context.console.note(&note);
            on_lent(context, registry, &subject, settings).await
        }
        None => on_temporary(context, registry, &subject, verify.jobs).await,
    }
}

/// Verifies the migrations on a lent database, which is empty before and afterwards.
async fn on_lent(
    context: &Context,
    registry: &'static Registry,
    subject: &Subject,
    mut settings: Settings,
) -> Outcome {
    let stop = &context.stop;
    settings.application_name(&application());
    let client = stop.unless_stopped(Box::pin(connect(settings))).await;
    let mut client = client.ok_or_else(Stopped::default)??;
    let started = Instant::now();
    let (proving, afterwards) = (&mut client, Afterwards::Empty);
    let tell = |event: ProofEvent<'_, '_>| show(context, registry, event);
    plan(context, registry, subject);
    let proof = prove_until(stop, proving, registry, subject, afterwards, tell).await;
    client.close().await;
    conclude(context, proof, started.elapsed(), registry, afterwards)
}

/// Verifies the migrations on temporary servers.
async fn on_temporary(
    context: &Context,
    registry: &'static Registry,
    subject: &Subject,
    jobs: Option<NonZeroUsize>,
) -> Outcome {
    let starting = context.progress.activity("starting a temporary server");
    let servers = Servers::of(context, registry, subject).await?;
    let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let jobs = Jobs::at_once(jobs.unwrap_or_else(cores));
    let started = Instant::now();
    let open = async || servers.open().await;
    plan(context, registry, subject);
    let mut starting = Some(starting);
    let tell = |event: ProofEvent<'_, '_>| {
        starting.take();
        show(context, registry, event);
    };
    let proof = prove_in_ranges(&context.stop, registry, subject, jobs, open, tell).await?;
    conclude(
        context,
        proof,
        started.elapsed(),
        registry,
        Afterwards::Abandon,
    )
}

/// Counts the migrations that are verified.
fn plan(context: &Context, registry: &Registry, subject: &Subject) {
    let all = registry.migrations();
    let total = all.filter(|one| subject.contains(*one)).count();
    context
        .progress
        .update(|board, now| board.plan("migration", Some(total), now));
}

/// Shows which migrations run, and prints verdicts.
fn show(context: &Context, registry: &Registry, event: ProofEvent<'_, '_>) {
    let progress = &context.progress;
    match event {
        ProofEvent::Started(migration) => {
            progress.update(|board, now| board.start(&migration.id().to_string(), now));
        }
        ProofEvent::Ended(migration) => {
            progress.update(|board, _| board.end(&migration.id().to_string()));
        }
        ProofEvent::Proved(proved) => {
            progress.update(|board, _| board.advance());
            let verified = verified(registry, proved);
            context
                .console
                .print_all(&text::verify::migration(&verified));
            if context.console.format() == Format::Jsonl {
                context.console.write(&jsonl::verified(&verified));
            }
        }
        _ => {}
    }
}

/// The view of a proof, and how the command ends.
fn conclude(
    context: &Context,
    proof: Proof<'_>,
    took: Duration,
    registry: &Registry,
    afterwards: Afterwards,
) -> Outcome {
    if let Some(first) = proof.missed.first() {
        let note = format!(
            "a snapshot that read only the changes missed `{first}`, so migrations were verified \
             again; please report this, unless somebody else changed the database"
        );
        context.console.note(&note);
    }
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
        fingerprints: Fingerprints::of(proved.migration),
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
