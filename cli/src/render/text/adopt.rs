//! `adopt`: what it converts and records.

use super::evidence;
use crate::line::{Line, Tone};
use crate::view::{Adopt, AdoptedHistory, Claimed, Conversion, Detected};
use crate::words::count;

/// What the command is about to do: printed before it asks.
pub(crate) fn plan(view: &Adopt) -> Vec<Line> {
    let mut lines = vec![converts(view)];
    let new = || view.converts();
    for one in new().filter(|one| one.down == "drafted") {
        let gaps = match one.gaps {
            0 => String::new(),
            gaps => format!(", which leaves {} to you", count(gaps, "statement")),
        };
        let text = format!(
            "the down script of {} from {}{gaps}",
            one.migration, one.from
        );
        lines.push(Line::worded(Tone::Warn, "drafts", &text));
    }
    for one in new().filter(|one| one.down == "irreversible") {
        let reason = one.reason.as_deref().unwrap_or_default();
        let text = format!("{} from {}: {reason}", one.migration, one.from);
        lines.push(Line::worded(Tone::Warn, "irreversible", &text));
    }
    for one in &view.left_out {
        let text = format!("{}: {}", one.path, one.why);
        lines.push(Line::worded(Tone::Warn, "leaves out", &text));
    }
    if let Some(tier) = &view.new_in_tier {
        let text = format!(
            "service {} to {}, in tier `{tier}`",
            view.service, view.manifest
        );
        lines.push(Line::worded(Tone::Plain, "adds", &text));
    }
    if !view.new_in_drift.is_empty() {
        let patterns: Vec<String> = view
            .new_in_drift
            .iter()
            .map(|one| format!("`{one}`"))
            .collect();
        let text = format!("{} to `[drift]` of {}", patterns.join(", "), view.manifest);
        lines.push(Line::worded(Tone::Plain, "adds", &text));
    }
    if !view.new_levels.is_empty() {
        let text = format!(
            "{} as warnings to `[services.{}.lints.before]` of {}",
            view.new_levels.join(", "),
            view.service,
            view.manifest
        );
        lines.push(Line::worded(Tone::Warn, "adds", &text));
    }
    lines.extend(
        view.history
            .iter()
            .flat_map(|history| records(view, history)),
    );
    lines
}

fn converts(view: &Adopt) -> Line {
    let earlier = view.converted.iter().filter(|one| one.earlier).count();
    let earlier = match earlier {
        0 => String::new(),
        earlier => format!("; {} earlier", were_converted(earlier)),
    };
    let new = count(view.converts().count(), "migration");
    let text = format!(
        "{new} of {} in {}, for service {}{earlier}",
        view.tool, view.path, view.service
    );
    Line::worded(Tone::Plain, "converts", &text)
}

fn were_converted(number: usize) -> String {
    match number {
        1 => "1 was converted".to_owned(),
        number => format!("{number} were converted"),
    }
}

fn records(view: &Adopt, history: &AdoptedHistory) -> Vec<Line> {
    let earlier = match history.earlier {
        0 => String::new(),
        earlier => format!("; {} recorded already", count(earlier, "migration")),
    };
    let pending = match history.pending {
        1 => "1 remains pending".to_owned(),
        pending => format!("{pending} remain pending"),
    };
    let text = format!(
        "{} of {} as adopted, from `{}`{earlier}; {pending}",
        count(history.migrations.len(), "migration"),
        view.service,
        history.table
    );
    let mut lines = vec![Line::worded(Tone::Plain, "records", &text)];
    for key in &history.programs {
        let text = format!("{key} in `{}`: a program applied it", history.table);
        lines.push(Line::worded(Tone::Warn, "leaves out", &text));
    }
    if history.out_of_order > 0 {
        lines.push(Line::warning(format!(
            "{} older than a recorded one; `migrator up --allow-out-of-order` applies them",
            match history.out_of_order {
                1 => "1 pending migration is".to_owned(),
                number => format!("{number} pending migrations are"),
            }
        )));
    }
    lines.extend(found(history));
    lines
}

/// What the database shows of the migrations to record and of the pending ones.
fn found(history: &AdoptedHistory) -> Vec<Line> {
    let claims = &history.migrations;
    if claims.iter().any(|one| one.evidence.is_none()) {
        let text = "the migrations are recorded without a comparison with the database";
        return vec![Line::warning(text)];
    }
    let listed = |one: &&Claimed| history.lists_all || one.is_contradicted();
    let lines = claims.iter().filter(listed).flat_map(evidence::claimed);
    let mut lines: Vec<Line> = lines.collect();
    if history.lists_all {
        lines.extend(history.detected.iter().flat_map(pending));
    }
    if !claims.is_empty() {
        let proved = claims.iter().filter(|one| one.is_proved()).count();
        let unknown = claims.iter().filter(|one| !one.is_contradicted()).count() - proved;
        let unknown = match unknown {
            0 => String::new(),
            unknown => format!("; {unknown} unknown"),
        };
        let all = count(claims.len(), "migration");
        let text = format!("{proved} of {all} in the database{unknown}");
        lines.push(Line::worded(Tone::Plain, "finds", &text));
    }
    let there = history
        .detected
        .iter()
        .filter(|one| one.evidence.is_found());
    lines.extend(there.map(|one| {
        Line::warning(format!(
            "{} is pending, but the database has {} of {}; `migrator up` would run its script",
            one.id,
            one.evidence.found,
            count(one.evidence.made, "effect")
        ))
    }));
    lines
}

fn pending(one: &Detected) -> Vec<Line> {
    evidence::lines(&format!("{} (pending)", one.id), &one.evidence)
}

/// What the command has done.
pub(crate) fn done(view: &Adopt, database: &str, has_failed: bool) -> Vec<Line> {
    if view.is_done() && !has_failed {
        return vec![Line::result("nothing to do: everything is adopted")];
    }
    let mut lines = Vec::new();
    if view.written {
        let created = view.created.iter();
        lines.extend(created.map(|path| Line::detail(Tone::Good, "created", path)));
        lines.push(written(view));
    }
    if view.written && view.warnings > 0 {
        lines.push(Line::note(format!(
            "the new files have {}; `migrator check --service={}` shows them",
            count(view.warnings, "warning"),
            view.service
        )));
    }
    let recorded = view.history.iter().filter(|history| history.recorded);
    lines.extend(recorded.map(|history| {
        let text = format!(
            "{} of {} as adopted in {database}",
            count(history.migrations.len(), "migration"),
            view.service
        );
        Line::worded(Tone::Good, "recorded", &text)
    }));
    lines
}

fn written(view: &Adopt) -> Line {
    let down = |word| move |one: &&Conversion| one.down == word;
    let number = |word| view.converts().filter(down(word)).count();
    let all = [
        (number("drafted"), "drafted"),
        (number("irreversible"), "irreversible"),
    ];
    let some = all.iter().filter(|(number, _)| *number > 0);
    let some: Vec<String> = some
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    let downs = match some.is_empty() {
        true => String::new(),
        false => format!("; down scripts: {}", some.join(", ")),
    };
    let text = format!(
        "{} of {} into {}{downs}",
        count(view.converts().count(), "migration"),
        view.service,
        count(view.created.len(), "file")
    );
    Line::worded(Tone::Good, "converted", &text)
}
