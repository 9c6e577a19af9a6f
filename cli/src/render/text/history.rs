//! `history`: a line for each event, with the error of a failure below it.

use super::table::wrapped;
use crate::line::{Line, Tone};
use crate::view::{History, LoggedEvent};
use crate::words::{moment, seconds};

pub(super) fn lines(view: &History, database: &str, terminal: Option<usize>) -> Vec<Line> {
    if view.events.is_empty() {
        return vec![Line::result(format!("no events on {database}"))];
    }
    let mut lines = vec![Line::result(format!("database: {database}"))];
    for event in &view.events {
        lines.push(line(event, terminal));
        let message = event.message.iter().flat_map(|message| message.lines());
        lines
            .extend(message.map(|text| Line::result(wrapped(&format!("    {text}"), terminal, 4))));
    }
    lines
}

/// When, what, which migration, how long, by whom.
fn line(event: &LoggedEvent, terminal: Option<usize>) -> Line {
    let tone = match event.kind.as_str() {
        "failure" => Tone::Bad,
        "apply" => Tone::Good,
        "revert" => Tone::Warn,
        _ => Tone::Plain,
    };
    let took = match event.took {
        Some(took) => format!("  ({})", seconds(took)),
        None => String::new(),
    };
    let from = match &event.client {
        Some(client) => format!(" from {client}"),
        None => String::new(),
    };
    let application = match event.application.as_str() {
        application if is_own(application) => String::new(),
        application => format!(" with {application}"),
    };
    let rest = format!(
        "{}  {}{took}  by {}{from}{application}",
        moment(&event.at),
        event.id,
        event.role
    );
    let line = Line::worded(tone, &format!("{:8}", event.kind), &rest);
    line.wrapped(|text| wrapped(text, terminal, 9))
}

/// Whether an application name is that of this program, such as `migrator (process 4711)`.
fn is_own(application: &str) -> bool {
    application.is_empty() || application == "migrator" || application.starts_with("migrator (")
}
