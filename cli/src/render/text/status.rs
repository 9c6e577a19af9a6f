//! `status`: a table of the services by tier, or a list of the migrations.

use migrator_runtime::{ActiveRun, ServerRole, State};

use super::evidence;
use super::table::{Side, Table, columns, wrapped};
use crate::line::{Line, Tone};
use crate::view::{MigrationState, ServiceState, Status, is_pending};
use crate::words::{count, moment};

pub(super) fn lines(view: &Status, database: &str, terminal: Option<usize>) -> Vec<Line> {
    let mut lines = vec![Line::result(format!("database: {database}"))];
    if view.server == ServerRole::Standby {
        lines.push(Line::result("server: standby"));
    }
    let runs = view.runs.iter().map(active);
    lines.extend(runs.map(|line| Line::result(wrapped(&line, terminal, 4))));
    lines.extend(resumable(view));
    match view.lists_migrations {
        true => {
            let migrations = view.migrations();
            lines.extend(migrations.map(|one| migration(one, terminal)));
        }
        false => {
            lines.extend(table(view, terminal));
            lines.extend(irreversible(view));
        }
    }
    let detected = view.migrations();
    let detected = detected.filter_map(|one| Some((one, one.detected.as_ref()?)));
    lines.extend(detected.flat_map(|(one, found)| evidence::lines(&one.id.to_string(), found)));
    lines
}

/// A run that is changing the database.
pub(super) fn active(run: &ActiveRun) -> String {
    let services = run.services.join(", ");
    format!("running: {} is changing {services}", run.session)
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

/// The columns about a service.
const COLUMNS: [(&str, Side); 4] = [
    ("service", Side::Left),
    ("applied", Side::Right),
    ("pending", Side::Right),
    ("state", Side::Left),
];

/// The columns about its newest migration, where the terminal is wide enough.
const NEWEST: [(&str, Side); 3] = [
    ("newest", Side::Left),
    ("applied on", Side::Left),
    ("by", Side::Left),
];

/// The services below the names of their tiers. In a narrow terminal, the newest migration of a
/// service has a line of its own.
fn table(view: &Status, terminal: Option<usize>) -> Vec<Line> {
    let mut wide = Table::new(&[&COLUMNS[..], &NEWEST].concat());
    let mut narrow = Table::new(&COLUMNS);
    for service in &view.services {
        wide.add(row(service).into_iter().chain(newest(service)));
        narrow.add(row(service));
    }
    let lines = wide.lines();
    let widest = lines.iter().map(|line| columns(line)).max();
    if terminal.is_none_or(|terminal| widest.is_none_or(|widest| widest <= terminal)) {
        return grouped(view, lines, |_| None);
    }
    let lines = narrow.lines().into_iter();
    let lines = lines.map(|line| wrapped(&line, terminal, 4)).collect();
    grouped(view, lines, |service| {
        let [newest, when, by] = newest(service);
        let by = if by.is_empty() {
            by
        } else {
            format!(" by {by}")
        };
        let line = format!("    newest: {newest}, {when}{by}");
        (!newest.is_empty()).then(|| Line::result(wrapped(&line, terminal, 8)))
    })
}

/// The heading and the rows of a table, below the names of the tiers.
fn grouped(
    view: &Status,
    table: Vec<String>,
    about: impl Fn(&ServiceState) -> Option<Line>,
) -> Vec<Line> {
    let mut rows = table.into_iter();
    let mut lines: Vec<Line> = rows.next().map(Line::result).into_iter().collect();
    let mut tier = None;
    for (service, row) in view.services.iter().zip(rows) {
        if tier != Some(&service.tier) {
            let name = service.tier.as_deref();
            lines.push(Line::worded(Tone::Head, name.unwrap_or(NO_TIER), ""));
            tier = Some(&service.tier);
        }
        lines.push(Line::result(row));
        lines.extend(about(service));
    }
    lines
}

/// The heading of the services that no tier has.
pub(super) const NO_TIER: &str = "(only in the history)";

fn row(service: &ServiceState) -> [String; 4] {
    [
        format!("  {}", service.service),
        service.applied.to_string(),
        service.pending.to_string(),
        service.summary.clone(),
    ]
}

/// The newest applied migration, when it was applied, and by whom; empty if there is none.
fn newest(service: &ServiceState) -> [String; 3] {
    let Some(newest) = service.newest() else {
        return Default::default();
    };
    let when = newest.applied_on.as_deref().unwrap_or_default();
    [
        format!("{}_{}", newest.id.version, newest.id.history_name()),
        moment(when).into_owned(),
        newest.applied_by.clone().unwrap_or_default(),
    ]
}

fn migration(migration: &MigrationState, terminal: Option<usize>) -> Line {
    let tone = if migration.state == State::Applied {
        Tone::Good
    } else if is_pending(migration.state) {
        Tone::Plain
    } else {
        Tone::Warn
    };
    let word = format!("{:12}", migration.state.as_str());
    let when = moment(migration.applied_on.as_deref().unwrap_or_default());
    let id = &migration.id;
    let by = match &migration.applied_by {
        Some(role) => format!("  by {role}"),
        None => String::new(),
    };
    let why = match &migration.irreversible {
        Some(reason) => format!("  irreversible: {reason}"),
        None => String::new(),
    };
    let line = format!("{id}  {when}{by}{why}");
    let line = Line::worded(tone, &word, line.trim_end());
    line.wrapped(|text| wrapped(text, terminal, 13))
}
