//! `baseline`: records migrations whose effects are in a database that no tool has managed.
//!
//! `first` writes the first migration of a service, and `clean` makes its up script from what
//! `pg_dump` prints.

mod clean;
mod first;

use std::collections::BTreeMap;

use migrator_model::{Code, MigrationId, Problem, Registry, Version};
use migrator_runtime::{Alongside, Claim, Error, ErrorKind, Migrator, Origin, Selection, Stopped};

use self::first::First;
use super::beside::detected;
use super::context::{Answer, Context, Outcome};
use super::session::{Session, confirm, refused};
use crate::arguments as args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::text;
use crate::view::{Baseline, Claimed, Located, View};
use crate::words::count;

pub(super) async fn run(context: &Context, baseline: &args::Baseline) -> Outcome {
    let options = context.environment.writes(&baseline.writes)?;
    let chosen = context.chosen_registry()?;
    let service = chosen.service(&baseline.service);
    service.map_err(|unknown| Error::from(ErrorKind::from(unknown)))?;
    let is_new = chosen.migrations_of(&baseline.service).next().is_none();
    let first = match is_new && baseline.to.is_none() {
        true => Some(Box::pin(First::draft(context, baseline, &options, chosen)).await?),
        false => None,
    };
    let registry = first.as_ref().map_or(chosen, |first| first.registry);
    let wanted = wanted(registry, baseline)?;
    let mut session = Session::of(context, registry, options).await?;
    let looked = Box::pin(look(context, &session, baseline, &wanted));
    let looked = context.stop.unless_stopped(looked).await;
    let mut view = looked.ok_or_else(Stopped::default)??;
    if let Some(first) = &first {
        view.created = first.created();
        view.gaps.clone_from(&first.gaps);
    }
    context.console.print_all(&text::baseline::plan(&view));
    if let Some(failure) = contradicted(&view, first.is_some()) {
        return Err(failure.after(View::Baseline(view)));
    }
    if baseline.dry_run || view.migrations.is_empty() {
        return Ok(Answer::done(View::Baseline(view)));
    }
    let target = session.client.target();
    let migrations = count(view.migrations.len(), "migration");
    let question = format!("record {migrations} of {} on {target}?", view.service);
    let asks = context.console.is_interactive() && !baseline.yes;
    if asks && !confirm(question, &context.stop).await? {
        return Ok(refused("nothing was written or recorded"));
    }
    if let Some(first) = &first {
        first.write()?;
        view.written = true;
    }
    let Session { migrator, client } = &mut session;
    match migrator
        .record(client, &wanted, &Alongside::default())
        .await
    {
        Ok(_) => {
            session.client.close().await;
            view.recorded = true;
            Ok(Answer::done(View::Baseline(view)))
        }
        Err(error) => Err(Failure::from(error).after(View::Baseline(view))),
    }
}

/// The migrations up to the version that the user names.
fn wanted(registry: &'static Registry, baseline: &args::Baseline) -> Result<Vec<Claim>, Failure> {
    let service = &baseline.service;
    let versions = baseline.to.iter().chain(&baseline.accept);
    for version in versions {
        if registry.migration(service, *version).is_none() {
            let message = format!("`{service}` has no migration of the version {version}");
            let help = "`migrator status --migrations` lists the migrations";
            return Err(Failure::new(Code::M0406, Exit::Usage, message, help));
        }
    }
    let all = registry.migrations_of(service);
    let all = all.filter(|one| baseline.to.is_none_or(|to| one.version <= to));
    let claims = all.map(|migration| Claim {
        migration,
        origin: Origin::Baseline,
        applied_on: None,
    });
    Ok(claims.collect())
}

/// Looks in the history and in the catalog for the migrations. Changes nothing.
async fn look(
    context: &Context,
    session: &Session,
    baseline: &args::Baseline,
    wanted: &[Claim],
) -> Result<Baseline, Failure> {
    let Session { migrator, client } = session;
    let plan = migrator.plan_record(client, wanted).await?;
    let services = Selection::Named(vec![baseline.service.clone()]);
    let mut found: BTreeMap<MigrationId, _> = match plan.steps.is_empty() {
        true => BTreeMap::new(),
        false => {
            let found = detected(context, client, migrator, &services).await?;
            found
                .into_iter()
                .map(|one| (one.id, one.evidence))
                .collect()
        }
    };
    let migrations: Vec<Claimed> = plan
        .steps
        .iter()
        .filter_map(|step| {
            Some(Claimed {
                evidence: found.remove(&step.id)?,
                is_accepted: baseline.accept.contains(&step.id.version),
                id: step.id.clone(),
            })
        })
        .collect();
    if migrations.len() < plan.steps.len() {
        return Err(migrator_verify::Error::Moving.into());
    }
    Ok(Baseline {
        service: baseline.service.clone(),
        created: Vec::new(),
        gaps: Vec::new(),
        earlier: wanted.len() - migrations.len(),
        pending: pending(migrator, baseline),
        migrations,
        written: false,
        recorded: false,
    })
}

/// How many migrations of the service are newer than those to record.
fn pending(migrator: &Migrator, baseline: &args::Baseline) -> usize {
    let is_newer = |version: Version| baseline.to.is_some_and(|to| version > to);
    let all = migrator.registry().migrations_of(&baseline.service);
    all.filter(|one| is_newer(one.version)).count()
}

/// The failure if the catalog contradicts a migration. What a first migration makes must all be
/// there: it was made from this database.
fn contradicted(view: &Baseline, is_first: bool) -> Option<Failure> {
    let is_wrong = |one: &&Claimed| match is_first {
        true => one.evidence.presence != "all",
        false => one.evidence.is_contradiction() && !one.is_accepted,
    };
    let wrong = view.migrations.iter().filter(is_wrong);
    let errors: Vec<Located> = wrong
        .map(|one| Located::nowhere(problem(one, is_first)))
        .collect();
    (!errors.is_empty()).then_some(Failure {
        exit: Exit::Refused,
        errors,
        view: None,
    })
}

fn problem(one: &Claimed, is_first: bool) -> Problem {
    let Claimed { id, evidence, .. } = one;
    let message = match &evidence.reason {
        Some(reason) => format!("cannot tell whether `{id}` is in the database: {reason}"),
        None => format!(
            "the database has {} of {} of `{id}`",
            evidence.found,
            count(evidence.made, "effect")
        ),
    };
    let help = match is_first {
        true => "nothing was written; write the first migration by hand, then run \
                 `migrator baseline` again"
            .to_owned(),
        false => format!(
            "leave it pending with `--to`, or add what is missing; `--accept={}` records it anyway",
            id.version
        ),
    };
    Problem::new(Code::M1006, message, help)
}
