//! Checks that a down script reverses its up script.
//!
//! The outcomes of the two scripts are compared by name. If a script runs dynamic SQL, objects that
//! this SQL may change are not reported. A missing finding is better than a false one.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script has hundreds of kinds of nodes, a few of which matter here"
)]

mod by_name;
mod comparison;
mod dependencies;
mod difference;
mod enum_values;
mod left;
mod lost;
mod moments;
mod not_undone;
mod operations;
mod outcomes;
mod properties;
mod renames;
mod replaced;
mod restored;
mod reverted;
mod statements;
#[cfg(test)]
mod tests;
mod truncated;
mod wrong_drops;

use crate::finding::Finding;
use crate::script::Pair;
use crate::state::State;
use migrator_model::small;

use comparison::{Comparison, absorbed};
use moments::Moments;
use not_undone::{NotUndone, nothing_taken_back};
use operations::{DynamicSql, Operations};

/// The findings about a migration's down script. Before the call, `state` is the state before the
/// up script; afterwards, it is the state after the up script.
pub(crate) fn find<'a>(pair: &'a Pair<'a>, state: &mut State<'a>) -> Vec<Finding<'a>> {
    let up = Operations::of(&pair.up, state);
    let up_journal = state.end();
    let down = Operations::of(&pair.down, state);
    let down_journal = state.end();
    let names = operations::names([&up, &down]);
    let mut comparison = Comparison {
        links: dependencies::links(&up.script.sql),
        cascade: dependencies::goes_by_cascade(&up, &down),
        absorbed: absorbed(&up),
        outcomes: up.outcomes(&names),
        moments: Moments {
            state: &*state,
            up: up_journal,
            down: &down_journal,
        },
        names,
        up,
        down,
    };
    let mut findings = findings(&comparison);
    findings.append(&mut comparison.up.truncated);
    state.revert(down_journal);
    findings
}

fn findings<'a>(comparison: &Comparison<'_, 'a>) -> Vec<Finding<'a>> {
    let mut left: Vec<NotUndone<'a>> = comparison
        .outcomes
        .iter()
        .filter_map(|outcome| comparison.left(outcome))
        .collect();
    small::sort_by(&mut left, |a, b| a.offset.cmp(&b.offset));
    let mut findings = comparison.wrongly_dropped(&mut left);
    let does_nothing = comparison.down.all.is_empty() && findings.is_empty();
    if let (true, [first, _, ..]) = (does_nothing, left.as_slice()) {
        return vec![nothing_taken_back(first, left.len())];
    }
    findings
        .extend(left.into_iter().map(|left| {
            Finding::new(left.script, left.code, left.offset, left.message, left.help)
        }));
    if comparison.up.dynamic_sql == DynamicSql::Absent
        && comparison.down.dynamic_sql == DynamicSql::Absent
    {
        findings.extend(properties::find(comparison));
        findings.extend(lost::find(comparison));
        findings.extend(enum_values::find(comparison));
        findings.extend(restored::find(comparison));
    }
    findings
}
