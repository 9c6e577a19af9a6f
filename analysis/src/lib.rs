//! Parses the SQL of a tree of migrations and reports what is wrong with it.
//!
//! [`analyse`] takes a resolved tree and returns all findings. Build scripts and the command call
//! it. The macro checks a tree without it, so that the macro compiles fast.
//!
//! Only [`parse`] uses the parser. `objects` lists the objects that a script creates, drops,
//! alters and refers to. The checks build on both.

#![cfg_attr(not(test), deny(clippy::use_debug))]

mod allowances;
mod characters;
mod clauses;
mod client;
mod duplicates;
mod finding;
mod irreversible;
mod kinds;
mod missing;
mod names;
mod objects;
mod ownership;
pub mod parse;
mod repeat;
mod safety;
mod script;
mod site;
mod sql_type;
mod state;
mod syntax;
pub mod template;
mod transaction;
mod undo;
mod unread;

use std::collections::HashSet;

use migrator_model::{Code, Problem, Registry, Resolved};

use allowances::Coverage;
use finding::Finding;
use script::{Pair, Script};
use state::State;
use unread::Unread;

/// Checks the SQL of a resolved tree.
///
/// A syntax error in one script does not stop the checks of other scripts. A finding that this
/// script may have caused is not reported.
#[must_use]
pub fn analyse(resolved: &Resolved) -> Vec<Problem> {
    let texts = script::texts(&resolved.registry);
    let pairs = script::parse_all(&resolved.registry, &texts);
    let scripts: Vec<&Script<'_>> = pairs.iter().flat_map(Pair::scripts).collect();
    let mut findings: Vec<Finding<'_>> = scripts
        .iter()
        .filter_map(|script| check_script(script))
        .collect();
    let faulty = findings.iter().filter(|finding| !finding.is_lint());
    let faulty: Vec<&Script<'_>> = faulty.map(|finding| finding.script).collect();
    let unread = Unread::of(resolved, &pairs, &faulty);
    findings.extend(check_tree(&resolved.registry, &pairs, &unread));
    let mut missing = missing::find(&pairs, &unread);
    findings.append(&mut missing.findings);
    let coverage = match unread.is_empty() {
        true => Coverage::AllChecks,
        false => Coverage::SingleScripts,
    };
    allowances::apply(findings, &missing, &scripts, &resolved.levels, coverage)
}

/// Checks the tree in `folder` for a build script, and rebuilds when the tree changes.
pub fn check_in_build_script(folder: &str) {
    migrator_model::build_script::check_with(folder, analyse);
}

/// The first problem of a single script. The problems after it are often its results.
fn check_script<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    client::find(script)
        .or_else(|| syntax::find(script))
        .or_else(|| transaction::find(script))
        .or_else(|| characters::find(script))
}

/// The findings that need all scripts.
fn check_tree<'a>(registry: &Registry, pairs: &'a [Pair<'a>], unread: &Unread) -> Vec<Finding<'a>> {
    let mut findings = Vec::new();
    if unread.is_ordered() {
        findings.extend(ownership::find(registry, pairs, unread));
        findings.extend(duplicates::find(pairs, unread));
    }
    let mut state = State::default();
    for pair in pairs {
        if !unread.is_ordered() {
            state = State::default();
        }
        if pair.scripts().into_iter().any(|one| unread.contains(one)) {
            state.skip(&pair.up);
        } else if let Some(finding) = irreversible::find(pair) {
            findings.push(finding);
            state.follow_script(&pair.up);
        } else {
            let undone = undo::find(pair, &mut state);
            findings.extend(template::find(pair).filter(|_| undone.is_empty()));
            findings.extend(undone);
        }
    }
    findings.extend(safety::find(pairs, unread));
    // A name that Postgres truncates to an existing one is also reported as a duplicate.
    let place = |finding: &Finding<'a>| (finding.script.path, finding.offset);
    let alike = findings.iter().filter(|one| one.code == Code::M0233);
    let alike: HashSet<_> = alike.map(place).collect();
    findings.retain(|one| one.code != Code::M0324 || !alike.contains(&place(one)));
    findings
}
