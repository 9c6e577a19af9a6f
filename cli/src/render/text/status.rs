//! `status`: a table of the services, or a list of the migrations.

use migrator_runtime::State;

use super::evidence;
use crate::line::{Line, Tone};
use crate::view::{MigrationState, ServiceState, Status, is_pending};
use crate::words::count;

pub(super) fn lines(view: &Status, database: &str) -> Vec<Line> {
    let mut lines = vec![Line::result(format!("database: {database}"))];
    lines.extend(resumable(view));
    match view.lists_migrations {
        true => lines.extend(view.migrations().map(migration)),
        false => {
            lines.extend(table(view));
            lines.extend(irreversible(view));
        }
    }
    let detected = view.migrations();
    let detected = detected.filter_map(|one| Some((one, one.detected.as_ref()?)));
    lines.extend(detected.flat_map(|(one, found)| evidence::lines(&one.id.to_string(), found)));
    lines
}

/// The interrupted migrations that a run resumes.
fn resumable(view: &Status) -> impl Iterator<Item = Line> {
    view.migrations()
        .filter(|one| one.resumable)
        .filter_map(|one| {
            let command = one.dirty?;
            Some(Line::note(format!(
                "{} was interrupted; `migrator {command} --service={}` resumes it",
                one.id, one.id.service
            )))
        })
}

/// How many applied migrations `down` refuses to revert.
fn irreversible(view: &Status) -> Option<Line> {
    let applied = view.migrations().filter(|one| one.applied_on.is_some());
    let number = applied.filter(|one| one.irreversible.is_some()).count();
    (number > 0).then(|| {
        Line::note(format!(
            "{} cannot be reverted; `migrator status --migrations` says why",
            count(number, "applied migration")
        ))
    })
}

/// A table: service, tier, applied, pending, state.
fn table(view: &Status) -> Vec<Line> {
    let heading = ["service", "tier", "applied", "pending", "state"].map(str::to_owned);
    let mut rows = vec![heading];
    rows.extend(view.services.iter().map(row));
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |[service, tier, applied, pending, state]: [String; 5]| {
        let [a, b, c, d, _] = widths;
        Line::result(format!(
            "{service:a$}  {tier:b$}  {applied:>c$}  {pending:>d$}  {state}"
        ))
    };
    rows.into_iter().map(line).collect()
}

fn row(service: &ServiceState) -> [String; 5] {
    [
        service.service.clone(),
        service.tier.clone().unwrap_or_default(),
        service.applied().to_string(),
        service.pending().to_string(),
        service.summary.clone(),
    ]
}

fn migration(migration: &MigrationState) -> Line {
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
    Line::worded(tone, &word, format!("{id}  {when}{why}").trim_end())
}
