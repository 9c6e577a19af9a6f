//! What the catalog shows of a migration that the history does not have.

use crate::line::{Line, Tone};
use crate::view::{Claimed, Evidence};
use crate::words::count;

/// The most missing effects that are listed for a migration.
const LISTED: usize = 10;

/// The lines about a migration to record.
pub(super) fn claimed(one: &Claimed) -> Vec<Line> {
    let found = one.evidence.iter();
    let id = one.id.to_string();
    let mut lines: Vec<Line> = found.flat_map(|found| lines(&id, found)).collect();
    if one.is_accepted && one.is_contradicted() {
        lines.push(Line::result("recorded anyway: it is accepted").indented());
    }
    lines
}

/// The lines about a migration: how much of it is in the database, and what is missing.
pub(super) fn lines(migration: &str, evidence: &Evidence) -> Vec<Line> {
    let tone = match evidence.presence {
        "all" => Tone::Good,
        "none" => Tone::Plain,
        _ => Tone::Warn,
    };
    let rest = match &evidence.reason {
        Some(reason) => reason.clone(),
        None => format!(
            "{} of {} in the database",
            evidence.found,
            count(evidence.made, "effect")
        ),
    };
    let word = format!("{:7}", evidence.presence);
    let mut lines = vec![Line::worded(tone, &word, &format!("{migration}: {rest}"))];
    if evidence.presence != "part" {
        return lines;
    }
    let missing = evidence.missing.iter().take(LISTED);
    lines.extend(missing.map(|one| Line::result(&one.text).indented()));
    let more = evidence.missing.len().saturating_sub(LISTED);
    if more > 0 {
        lines.push(Line::result(format!("and {more} more")).indented());
    }
    lines
}
