//! `history`: a line for each event, with the error of a failure below it.

use super::table::wrapped;
use crate::line::{Line, Tone};
use crate::view::{History, LoggedEvent};
use crate::words::{moment, seconds};

/// What follows after the events, which were printed before.
pub(super) fn lines(view: &History, database: &str) -> Vec<Line> {
    match view.printed {
        0 => vec![Line::result(format!("no events on {database}"))],
        _ => Vec::new(),
    }
}

/// The line before the first event.
pub(crate) fn head(database: &str) -> Line {
    Line::result(format!("database: {database}"))
}

/// An event.
pub(crate) fn event(event: &LoggedEvent, terminal: Option<usize>) -> Vec<Line> {
    let message = event.message.iter().flat_map(|message| message.lines());
    let message = message.map(|text| Line::result(wrapped(&format!("    {text}"), terminal, 4)));
    [line(event, terminal)].into_iter().chain(message).collect()
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
