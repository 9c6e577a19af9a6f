//! Whether a down script takes back what its up script does.
//!
//! Judged by name, from what is left at the end of each script. Where a script
//! runs SQL that is put together as it runs, nothing is said of what it may
//! hide: a false alarm costs more than a finding brings.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script has hundreds of kinds of nodes, a few of which matter here"
)]

mod alike;
mod comparison;
mod difference;
mod effects;
mod facts;
mod gone;
mod left;
mod lost;
mod moments;
mod names;
mod not_undone;
mod parents;
mod replaced;
mod restored;
#[cfg(test)]
mod tests;
mod values;
mod words;
mod wrong;

use crate::finding::Finding;
use crate::script::Pair;
use crate::state::State;

use comparison::{Judge, absorbed};
use effects::{Effects, Reach};
use moments::Moments;
use not_undone::{Left, nothing_taken_back};

/// What is wrong with a migration's down script; `state` is what is there before
/// its up script, and then after it.
pub(crate) fn find<'a>(pair: &'a Pair<'a>, state: &mut State<'a>) -> Vec<Finding<'a>> {
    let up = Effects::of(&pair.up, state);
    let up_journal = state.end();
    let down = Effects::of(&pair.down, state);
    let down_journal = state.end();
    let names = effects::names([&up, &down]);
    let mut judge = Judge {
        links: parents::links(&up.script.sql),
        cascade: parents::goes_by_cascade(&up, &down),
        absorbed: absorbed(&up),
        net: up.net(&names),
        moments: Moments {
            state: &*state,
            up: up_journal,
            down: &down_journal,
        },
        names,
        up,
        down,
    };
    let mut findings = findings(&judge);
    findings.append(&mut judge.up.alike);
    state.revert(down_journal);
    findings
}

fn findings<'a>(judge: &Judge<'_, 'a>) -> Vec<Finding<'a>> {
    let mut left: Vec<Left<'a>> = judge.net.iter().filter_map(|net| judge.left(net)).collect();
    left.sort_by_key(|left| left.offset);
    let mut findings = judge.wrongly_dropped(&mut left);
    let does_nothing = judge.down.all.is_empty() && findings.is_empty();
    if let (true, [first, _, ..]) = (does_nothing, left.as_slice()) {
        return vec![nothing_taken_back(first, left.len())];
    }
    findings
        .extend(left.into_iter().map(|left| {
            Finding::new(left.script, left.code, left.offset, left.message, left.help)
        }));
    if judge.up.reach == Reach::Plain && judge.down.reach == Reach::Plain {
        findings.extend(facts::find(judge));
        findings.extend(lost::find(judge));
        findings.extend(values::find(judge));
        findings.extend(restored::find(judge));
    }
    findings
}
