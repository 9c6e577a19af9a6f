//! The lines that `--output=jsonl` prints while a command works. The document is the last line.

use migrator_model::MigrationId;
use migrator_runtime::plan::Step;
use migrator_runtime::{Event, Waiter};
use migrator_verify::DriftEvent;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::text::run::progress;
use crate::view::{Done, Verified};

/// The line about an event of a run, if it has one. `database` is the database of a fleet.
pub(crate) fn event(database: Option<&str>, event: &Event<'_>) -> Option<String> {
    let nothing = || json!({});
    let (name, members) = match event {
        Event::Waiting(_) => ("waiting", nothing()),
        Event::Planned(plan) => ("planned", json!({ "migrations": plan.steps.len() })),
        Event::Started(step) => ("started", of_step(step)),
        Event::Finished(done) => ("finished", value(&Done::from((*done).clone()))),
        Event::Failed(id) => ("failed", of_migration(id)),
        Event::Retrying { step, .. } => ("retrying", of_step(step)),
        Event::KeptWaiting { subject, .. } => ("kept waiting", of_waiter(*subject)),
        Event::WaitEnded(subject) => ("wait ended", of_waiter(*subject)),
        Event::Resumed { step, .. } => ("resumed", of_step(step)),
        Event::StillAtWork { step, .. } => ("still at work", of_step(step)),
        Event::NotCurrent { .. } => ("not current", nothing()),
        Event::LockUnreleased { why } => ("lock unreleased", json!({ "message": why })),
        Event::NoSecondConnection(_) => ("no second connection", nothing()),
        Event::Notice(_) => ("notice", nothing()),
        Event::NoticesOmitted(_) => ("notices omitted", nothing()),
        _ => return None,
    };
    let message = progress(event).map(|message| json!({ "message": message }));
    let database = database.map(|database| json!({ "database": database }));
    let more = [database, message].map(|part| part.unwrap_or_else(nothing));
    let [database, message] = more;
    Some(line(name, [database, members, message]))
}

/// The line about an event of `drift`. `database` is the database of a fleet.
pub(crate) fn replay(database: Option<&str>, event: DriftEvent<'_>) -> Option<String> {
    let (name, members) = match event {
        DriftEvent::Replaying(number) => ("replaying", json!({ "migrations": number })),
        DriftEvent::Replayed(id) => ("replayed", of_migration(id)),
        _ => return None,
    };
    let database = database.map_or_else(|| json!({}), |url| json!({ "database": url }));
    Some(line(name, [database, members]))
}

/// The line about the comparison of migrations with a live database, before it starts.
pub(crate) fn comparing() -> String {
    line("comparing", [])
}

/// The line about a file that the command has written.
pub(crate) fn created(path: &str) -> String {
    line("created", [json!({ "path": path })])
}

/// The line about a migration that was recorded without a run of its script.
pub(crate) fn recorded(id: &MigrationId) -> String {
    line("recorded", [of_migration(id)])
}

/// The line about a migration that `verify` has verified.
pub(crate) fn verified(verified: &Verified) -> String {
    line("verified", [value(verified)])
}

fn of_step(step: &Step<'_>) -> Value {
    let mut members = of_migration(&step.id);
    members["direction"] = step.direction().as_str().into();
    members
}

fn of_migration(id: &MigrationId) -> Value {
    json!({
        "service": id.service,
        "version": id.version.to_string(),
        "name": id.history_name(),
    })
}

fn of_waiter(waiter: Waiter<'_>) -> Value {
    json!({ "subject": waiter.to_string() })
}

/// A view as JSON. Each of its values has a form in JSON.
fn value(view: &impl Serialize) -> Value {
    serde_json::to_value(view).unwrap_or_default()
}

fn line(name: &str, parts: impl IntoIterator<Item = Value>) -> String {
    let mut members = Map::new();
    members.insert("event".to_owned(), name.into());
    for part in parts {
        if let Value::Object(part) = part {
            members.extend(part);
        }
    }
    Value::Object(members).to_string()
}
