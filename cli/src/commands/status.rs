//! `status`: what is applied and what is pending.

use migrator_runtime::{Direction, MigrationStatus, Migrator, ServiceStatus, State, Status};
use serde_json::{Value, json};

use super::{Context, Outcome, count};
use crate::args;
use crate::connection;
use crate::exit::Exit;
use crate::output::{Output, Tone};

pub(super) async fn run(context: Context<'_>, status: &args::Status) -> Outcome {
    super::check_names_unless_named(&context, &status.service)?;
    let Context {
        registry,
        global,
        environment,
        stop: _,
        output,
    } = context;
    let options = environment.history(&status.history)?;
    let client = connection::open(
        registry,
        &global,
        &environment,
        &options.application,
        output,
    )
    .await?;
    let migrator = Migrator::with_options(registry, options);
    let found = migrator.status(&client, &status.service).await?;
    output.member("database", json!(client.target()));
    output.member(
        "services",
        found.services.iter().map(service_json).collect(),
    );
    output.line(&format!("database: {}", client.target()));
    resumable(output, &found);
    match status.migrations {
        true => list(output, &found),
        false => {
            table(output, &found);
            irreversible(output, &found);
        }
    }
    Ok(match status.check {
        true => checked(&found),
        false => Exit::Done,
    })
}

/// What is dirty but needs nobody's help.
fn resumable(output: &Output, status: &Status) {
    for service in &status.services {
        for migration in service.migrations.iter().filter(|m| m.is_resumable) {
            let ServiceStatus { service, .. } = service;
            let State::Dirty(command) = migration.state else {
                continue;
            };
            output.note(&format!(
                "{} was interrupted; `migrator {command} --service={service}` resumes it",
                migration.id
            ));
        }
    }
}

/// How many applied migrations `down` refuses to revert.
fn irreversible(output: &Output, status: &Status) {
    let migrations = status.services.iter().flat_map(|s| &s.migrations);
    let applied = migrations.filter(|m| m.applied_on.is_some() && m.irreversible.is_some());
    let number = applied.count();
    if number > 0 {
        output.note(&format!(
            "{} cannot be reverted; `migrator status --migrations` says why",
            count(number, "applied migration")
        ));
    }
}

fn is_pending(state: State) -> bool {
    matches!(state, State::Pending | State::AtWork(_))
}

/// Anything wrong is refused before anything pending is told.
fn checked(found: &Status) -> Exit {
    let states: Vec<State> = found
        .services
        .iter()
        .flat_map(|service| service.migrations.iter().map(|migration| migration.state))
        .collect();
    let pending = |state: &State| is_pending(*state);
    let fine = |state: &State| *state == State::Applied || pending(state);
    if !states.iter().all(fine) {
        Exit::Refused
    } else if states.iter().any(pending) {
        Exit::Pending
    } else {
        Exit::Done
    }
}

/// A table: service, tier, applied, pending, state.
fn table(output: &Output, status: &Status) {
    let rows: Vec<[String; 5]> = status.services.iter().map(row).collect();
    let heading = ["service", "tier", "applied", "pending", "state"].map(str::to_owned);
    let mut widths = [0; 5];
    for row in rows.iter().chain([&heading]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in [&heading].into_iter().chain(&rows) {
        let [service, tier, applied, pending, state] = row;
        let [a, b, c, d, _] = widths;
        output.line(&format!(
            "{service:a$}  {tier:b$}  {applied:>c$}  {pending:>d$}  {state}"
        ));
    }
}

fn row(service: &ServiceStatus) -> [String; 5] {
    let applied = service
        .migrations
        .iter()
        .filter(|m| m.applied_on.is_some())
        .count();
    let pending = service.count(State::Pending) + service.count(State::OutOfOrder);
    [
        service.service.clone(),
        service.tier.clone().unwrap_or_default(),
        applied.to_string(),
        pending.to_string(),
        summary(service),
    ]
}

/// `current`, or what is not as it should be.
fn summary(service: &ServiceStatus) -> String {
    let number_of = |word: &str| {
        let states = service.migrations.iter().map(|m| m.state.as_str());
        states.filter(|state| *state == word).count()
    };
    let words = [
        "dirty",
        "changed",
        "missing",
        "out of order",
        "at work",
        "pending",
    ];
    let found: Vec<String> = words
        .into_iter()
        .filter_map(|word| match number_of(word) {
            0 => None,
            number => Some(format!("{number} {word}")),
        })
        .collect();
    match found.is_empty() {
        true => "current".to_owned(),
        false => found.join(", "),
    }
}

fn list(output: &Output, status: &Status) {
    for service in &status.services {
        for migration in &service.migrations {
            let tone = if migration.state == State::Applied {
                Tone::Good
            } else if is_pending(migration.state) {
                Tone::Plain
            } else {
                Tone::Warn
            };
            let word = format!("{:12}", migration.state.as_str());
            let when = migration.applied_on.as_deref().unwrap_or_default();
            let id = &migration.id;
            let why = match &migration.irreversible {
                Some(reason) => format!("  irreversible: {reason}"),
                None => String::new(),
            };
            output.result(tone, &word, format!("{id}  {when}{why}").trim_end());
        }
    }
}

fn service_json(service: &ServiceStatus) -> Value {
    json!({
        "service": service.service,
        "tier": service.tier,
        "state": summary(service),
        "migrations": service.migrations.iter().map(migration_json).collect::<Vec<Value>>(),
    })
}

fn migration_json(migration: &MigrationStatus) -> Value {
    json!({
        "version": migration.id.version.to_string(),
        "name": migration.id.history_name(),
        "state": migration.state.as_str(),
        "dirty": migration.state.interrupted().map(Direction::as_str),
        "resumable": migration.is_resumable,
        "applied_on": migration.applied_on,
        "irreversible": migration.irreversible,
    })
}
