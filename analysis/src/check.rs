//! Runs all checks on parsed migrations.

use std::collections::HashSet;

use migrator_model::{Code, Problem, Registry, Resolved};

use crate::allowances::{self, Coverage};
use crate::finding::Finding;
use crate::script::{Pair, Script};
use crate::state::State;
use crate::unread::Unread;
use crate::{
    characters, client, duplicates, irreversible, missing, ownership, safety, syntax, template,
    transaction, undo,
};

/// Checks the parsed migrations of a tree, or of a part of it.
pub(crate) fn check(resolved: &Resolved, pairs: &[Pair<'_>]) -> Vec<Problem> {
    let scripts: Vec<&Script<'_>> = pairs.iter().flat_map(Pair::scripts).collect();
    let mut findings: Vec<Finding<'_>> = scripts
        .iter()
        .filter_map(|script| check_script(script))
        .collect();
    let faulty = findings.iter().filter(|finding| !finding.is_lint());
    let faulty: Vec<&Script<'_>> = faulty.map(|finding| finding.script).collect();
    let unread = Unread::of(resolved, pairs, &faulty);
    findings.extend(check_tree(&resolved.registry, pairs, &unread));
    let mut missing = missing::find(pairs, &unread);
    findings.append(&mut missing.findings);
    let coverage = match unread.is_empty() {
        true => Coverage::AllChecks,
        false => Coverage::SingleScripts,
    };
    allowances::apply(findings, &missing, &scripts, &resolved.levels, coverage)
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
