//! A plan: its notes, its steps and their number.

use std::collections::BTreeSet;

use migrator_analysis::effects::{TableEffect, UnknownStatement, Work};
use migrator_runtime::Direction;
use migrator_runtime::plan::Reason;

use super::lost;
use super::status::NO_TIER;
use super::table::indented;
use crate::line::{Line, Tone};
use crate::view::{Destruction, Plan, PlannedLeg, PlannedStep, blocked};
use crate::words::{count, listed};

/// The steps of a plan: of a dry run, or before a question. Broken to the width of the terminal.
pub(crate) fn lines(view: &Plan, database: &str, terminal: Option<usize>) -> Vec<Line> {
    let mut lines = notes(view);
    if view.creates_database {
        let database = format!("database {database}");
        lines.push(Line::worded(Tone::Plain, "would be created", &database));
    }
    lines.extend(steps(view, terminal));
    let rest = lost::planned(&view.lost)
        .into_iter()
        .chain(total(view, database));
    lines.extend(rest.map(|line| at(0, line, terminal)));
    lines
}

/// How many migrations the run would apply or revert, and the hash.
fn total(view: &Plan, database: &str) -> Vec<Line> {
    if view.steps.is_empty() {
        return vec![nothing(view.directions, database)];
    }
    let parts = view.directions.iter().filter_map(|&direction| {
        let steps = view.steps.iter();
        let number = steps.filter(|step| step.direction == direction).count();
        let (migrations, done) = (count(number, "migration"), direction.verb().past);
        (number > 0).then(|| format!("{migrations} would be {done}"))
    });
    let parts: Vec<String> = parts.collect();
    let total = Line::result(format!("{} on {database}", parts.join(" and ")));
    [total].into_iter().chain(hash(view)).collect()
}

/// The line behind `indent` blanks, broken to the width of the terminal.
fn at(indent: usize, line: Line, terminal: Option<usize>) -> Line {
    let blanks = " ".repeat(indent);
    line.wrapped(|text| indented(&format!("{blanks}{text}"), terminal))
}

/// The question before the plan reverts migrations.
pub(crate) fn revert_question(view: &Plan, database: &str) -> String {
    let reverted = view.steps.iter();
    let reverted = reverted.filter(|step| step.direction == Direction::Down);
    let destructive = reverted.clone();
    let destructive = destructive.filter(|step| step.destruction == Destruction::Some);
    let migrations = match (reverted.count(), destructive.count()) {
        (all, 0) => count(all, "migration"),
        (all, destructive) if all == destructive => count(all, "destructive migration"),
        (all, destructive) => format!("{} ({destructive} destructive)", count(all, "migration")),
    };
    format!("revert {migrations} on {database}?")
}

/// The blanks before a leg, and before a step below the name of its leg.
const LEG: usize = 2;
const STEP: usize = 4;

/// The steps. If there are several legs, the steps are below the names of their tiers and legs.
fn steps(view: &Plan, terminal: Option<usize>) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut current, mut current_tier) = (None, None);
    let indent = if view.legs.len() > 1 { STEP } else { 0 };
    for planned in &view.steps {
        let leg = planned.leg.filter(|_| view.legs.len() > 1);
        let new_leg = leg.filter(|_| leg != current);
        if let Some((number, leg)) = new_leg.and_then(|number| Some((number, view.leg(number)?))) {
            let tier = Some((&leg.tier, planned.direction));
            if tier != current_tier {
                let name = leg.tier.as_deref().unwrap_or(NO_TIER);
                lines.push(Line::worded(Tone::Head, name, ""));
                current_tier = tier;
            }
            lines.push(at(LEG, heading(number, leg), terminal));
        }
        current = leg;
        lines.push(at(indent, step(planned), terminal));
        let about = planned.tables.iter().filter_map(table);
        let about = about.chain(planned.unknown.iter().map(unknown));
        lines.extend(about.map(|line| at(indent, line, terminal)));
        lines.extend(planned.sql.as_deref().and_then(script));
    }
    lines
}

/// `leg 2: auth, after leg 1`.
fn heading(number: usize, leg: &PlannedLeg) -> Line {
    let after: Vec<String> = leg.after.iter().map(usize::to_string).collect();
    let after = match after.as_slice() {
        [] => String::new(),
        [one] => format!(", after leg {one}"),
        [all @ .., last] => format!(", after legs {} and {last}", all.join(", ")),
    };
    let rest = format!("{number}: {}{after}", leg.service);
    Line::worded(Tone::Plain, "leg", &rest)
}

/// The line about a table that a script changes. A table that the script itself creates has none,
/// because nobody uses it yet.
fn table(effect: &TableEffect) -> Option<Line> {
    if effect.is_new {
        return None;
    }
    let lock = effect.lock.map(|lock| match blocked(lock) {
        Some(blocked) => format!("{lock} lock, blocks {blocked}"),
        None => format!("{lock} lock"),
    });
    let work = match effect.work {
        Work::Nothing => None,
        Work::Reads => Some("reads rows"),
        Work::Changes => Some("changes rows"),
        Work::Scan => Some("full scan"),
        Work::Unknown => Some("may scan or rewrite"),
        Work::Rewrite => Some("full rewrite"),
    };
    let parts = lock.into_iter().chain(work.map(str::to_owned));
    let parts: Vec<String> = parts.chain(effect.destroys.iter().cloned()).collect();
    let tone = match effect.destroys.is_empty() {
        true => Tone::Plain,
        false => Tone::Bad,
    };
    let name = format!("{}:", effect.table);
    (!parts.is_empty()).then(|| Line::detail(tone, &name, &parts.join(", ")).below_step())
}

fn unknown(statement: &UnknownStatement) -> Line {
    let UnknownStatement { line, words } = statement;
    let rest = format!("{line}: `{words}` may lock, scan or rewrite further tables");
    Line::detail(Tone::Plain, "line", &rest).below_step()
}

fn script(sql: &str) -> Option<Line> {
    let sql = sql.trim_end();
    (!sql.is_empty()).then(|| Line::result(format!("\n{sql}\n")))
}

/// The hash of a plan of `up`.
fn hash(view: &Plan) -> Option<Line> {
    let hash = view.hash.as_ref()?;
    let is_up = view.directions == [Direction::Up];
    is_up.then(|| Line::Detail(format!("hash of this plan: {hash} (see `--expect-plan`)")))
}

/// What the planner noticed, and which migrations the user has not asked for.
pub(crate) fn notes(view: &Plan) -> Vec<Line> {
    let mut notes: Vec<Line> = view.notes.iter().map(Line::note).collect();
    let number = view.services(Reason::Dependency).count();
    if number > 0 {
        let services: BTreeSet<&str> = view.services(Reason::Dependency).collect();
        let requested: BTreeSet<&str> = view.services(Reason::Requested).collect();
        let who = match Vec::from_iter(requested)[..] {
            [one] => format!("{one} depends"),
            _ => "the selected services depend".to_owned(),
        };
        notes.push(Line::note(format!(
            "also applying {} of {}, on which {who}",
            count(number, "migration"),
            listed(services),
        )));
    }
    notes
}

fn step(step: &PlannedStep) -> Line {
    let word = match step.resumed {
        false => format!("would be {}", step.direction.verb().past),
        true => "would be resumed".to_owned(),
    };
    let why = match &step.irreversible {
        Some(reason) => format!("  irreversible: {reason}"),
        None => String::new(),
    };
    let (tone, destructive) = match step.destruction {
        Destruction::Some => (Tone::Bad, "  destructive"),
        Destruction::None | Destruction::Unknown => (Tone::Plain, ""),
    };
    Line::worded(tone, &word, &format!("{}{destructive}{why}", step.id))
}

/// The run had, or would have, nothing to do.
pub(super) fn nothing(directions: &[Direction], database: &str) -> Line {
    let nothing = match directions {
        [Direction::Up] => "nothing is pending",
        [Direction::Down] => "nothing to revert",
        _ => "nothing to revert, and nothing is pending,",
    };
    Line::result(format!("{nothing} on {database}"))
}

#[cfg(test)]
mod tests {
    use super::heading;
    use crate::line::Line;
    use crate::view::PlannedLeg;

    fn named(after: &[usize]) -> String {
        let leg = PlannedLeg {
            service: "shop".to_owned(),
            tier: None,
            after: after.to_vec(),
        };
        let Line::Result(text) = heading(4, &leg) else {
            return String::new();
        };
        text
    }

    #[test]
    fn the_name_of_a_leg_lists_the_legs_that_it_waits_for() {
        assert_eq!(named(&[]), "leg 4: shop");
        assert_eq!(named(&[1]), "leg 4: shop, after leg 1");
        assert_eq!(named(&[1, 2]), "leg 4: shop, after legs 1 and 2");
        assert_eq!(named(&[1, 2, 3]), "leg 4: shop, after legs 1, 2 and 3");
    }
}
