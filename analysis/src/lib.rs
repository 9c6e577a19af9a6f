//! What the SQL of a tree of migrations says, and what is wrong with it.
//!
//! [`analyse`] takes a resolved tree and returns all findings. Used by build
//! scripts and by the command; the macro checks without it, so that it stays
//! light.
//!
//! [`parse`] alone knows the parser; [`objects`] says what a script makes,
//! drops, changes and refers to; the families of findings build on both.

mod allowances;
mod client;
mod finding;
mod irreversible;
mod names;
pub mod objects;
mod ownership;
pub mod parse;
mod repeat;
mod safety;
mod script;
mod syntax;
mod transaction;
mod undo;

use migrator_model::{Diagnostic, Registry, Resolved};

use allowances::Extent;
use finding::Finding;
use script::{Pair, Script};

/// Checks the SQL of a resolved tree.
///
/// Where the tree itself is malformed, the scripts are checked one by one and
/// not against each other.
#[must_use]
pub fn analyse(resolved: &Resolved) -> Vec<Diagnostic> {
    let texts = script::texts(&resolved.registry);
    let pairs = script::parse_all(&resolved.registry, &texts);
    let mut findings: Vec<Finding<'_>> = Vec::new();
    for script in pairs.iter().flat_map(Pair::scripts) {
        findings.extend(one_script(script));
    }
    let is_sound = resolved.diagnostics.is_empty() && findings.iter().all(Finding::is_lint);
    if is_sound {
        findings.extend(together(&resolved.registry, &pairs));
    }
    let scripts: Vec<&Script<'_>> = pairs.iter().flat_map(Pair::scripts).collect();
    let extent = match is_sound {
        true => Extent::All,
        false => Extent::Single,
    };
    allowances::apply(findings, &scripts, &resolved.levels, extent)
}

/// Watches and checks the tree in `folder` for a build script, the SQL too.
pub fn check_in_build_script(folder: &str) {
    migrator_model::build_script::check_with(folder, analyse);
}

/// What can be said of a script by itself: one thing, as what follows from it
/// would be said again.
fn one_script<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    client::find(script)
        .or_else(|| syntax::find(script))
        .or_else(|| transaction::find(script))
}

/// What takes the scripts together.
fn together<'a>(registry: &Registry, pairs: &'a [Pair<'a>]) -> Vec<Finding<'a>> {
    let mut findings = ownership::find(registry, pairs);
    for pair in pairs {
        match irreversible::find(pair) {
            Some(told) => findings.push(told),
            None => findings.extend(undo::find(pair)),
        }
    }
    findings.extend(safety::find(pairs));
    findings
}
