//! `baseline`: records migrations whose effects are in a database that no tool has managed.
//!
//! `first` writes the first migration of a service, and `clean` makes its up script from what
//! `pg_dump` prints.

mod clean;
mod first;

use migrator_model::{Registry, Version};
use migrator_runtime::{Alongside, Claim, Error, ErrorKind, Migrator, Origin, Stopped};

use self::first::First;
use super::context::{Answer, Context, Outcome};
use super::proof::{self, Proof};
use super::session::{Session, confirm, refused, write_lines};
use crate::arguments as args;
use crate::failure::Failure;
use crate::render::{jsonl, text};
use crate::view::{Baseline, View};
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
    let columns = context.console.columns();
    let planned = text::fitted(text::baseline::plan(&view), columns);
    context.console.print_all(&planned);
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
    if asks && !confirm(context, question).await? {
        return Ok(refused("nothing was written or recorded"));
    }
    if let Some(first) = &first {
        first.write()?;
        view.written = true;
        let created = view.created.iter().map(|path| jsonl::created(path));
        write_lines(&context.console, created);
    }
    let Session { migrator, client } = &mut session;
    match migrator
        .record(client, &wanted, &Alongside::default())
        .await
    {
        Ok(_) => {
            session.client.close().await;
            view.recorded = true;
            let recorded = view.migrations.iter().map(|one| jsonl::recorded(&one.id));
            write_lines(&context.console, recorded);
            Ok(Answer::done(View::Baseline(view)))
        }
        Err(error) => Err(Failure::from(error).after(View::Baseline(view))),
    }
}

/// The migrations up to the version that the user names.
fn wanted(registry: &'static Registry, baseline: &args::Baseline) -> Result<Vec<Claim>, Failure> {
    let service = &baseline.service;
    let versions = baseline.to.iter().chain(&baseline.accept);
    proof::check_versions(registry, service, versions)?;
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
    let plan = session
        .migrator
        .plan_record(&session.client, wanted)
        .await?;
    let claims: Vec<_> = plan.steps.iter().map(|step| step.id.clone()).collect();
    let migrations = match claims.is_empty() {
        true => Vec::new(),
        false => {
            let (service, accepted) = (&baseline.service, &baseline.accept);
            let found = Proof::find(context, session, service, claims, accepted).await?;
            found.claims
        }
    };
    Ok(Baseline {
        service: baseline.service.clone(),
        created: Vec::new(),
        gaps: Vec::new(),
        earlier: wanted.len() - migrations.len(),
        pending: pending(&session.migrator, baseline),
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
    if !is_first {
        return proof::contradicted(
            &view.migrations,
            "leave it pending with `--to`, or add what is missing",
        );
    }
    let wrong = view.migrations.iter().filter(|one| !one.is_proved());
    let problems = wrong.map(|one| {
        let help = "nothing was written; write the first migration by hand, then run \
                    `migrator baseline` again";
        proof::problem(one, help.to_owned())
    });
    proof::failure(problems.collect())
}
