//! Applies the levels of the manifest and the `allow` directives to findings.

use std::collections::BTreeMap;

use migrator_model::directive::Directives;
use migrator_model::levels::level_of;
use migrator_model::{Code, Level, LintLevel, Problem, Severity};

use crate::finding::Finding;
use crate::missing::MissingObjects;
use crate::script::Script;

/// Which checks have run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// All checks.
    AllChecks,
    /// Only the checks of single scripts. An allowance of another check may be in use.
    SingleScripts,
}

/// The findings of `migrator verify` and of a comparison with a base. This module cannot tell whether
/// an allowance of one is in use.
const OF_OTHERS: [Code; 3] = [Code::M0236, Code::M0510, Code::M0511];

/// Removes allowed findings, sets the severity of the others, and reports unused allowances.
///
/// For a statement that needs a missing object, only M0325 is reported, unless the script allows
/// M0325.
pub(crate) fn apply<'a>(
    findings: Vec<Finding<'a>>,
    missing: &MissingObjects<'a>,
    scripts: &[&Script<'a>],
    levels: &[LintLevel],
    coverage: Coverage,
) -> Vec<Problem> {
    let mut allowances = Allowances::of(scripts);
    let mut problems = Vec::new();
    for finding in findings {
        let is_silenced = allowances.silence(&finding);
        let is_explained = level(levels, finding.script, Code::M0325) != Some(Level::Allow)
            && missing.explains(&finding, |script| allowances.has(script, Code::M0325));
        if !is_silenced && !is_explained {
            problems.extend(leveled(finding, levels));
        }
    }
    if coverage == Coverage::AllChecks {
        for finding in allowances.unused(scripts) {
            problems.extend(leveled(finding, levels));
        }
    }
    Problem::sort(&mut problems);
    problems
}

/// The level of a lint in a script's migration.
fn level(levels: &[LintLevel], script: &Script<'_>, code: Code) -> Option<Level> {
    let of_code = levels.iter().filter(|one| one.code == code).cloned();
    let migration = script.migration;
    level_of(of_code, code, migration.service, migration.version)
}

fn leveled(finding: Finding<'_>, levels: &[LintLevel]) -> Option<Problem> {
    let severity = match level(levels, finding.script, finding.code) {
        Some(Level::Allow) => return None,
        Some(Level::Warn) => Severity::Warning,
        Some(Level::Deny) | None => Severity::Error,
    };
    let mut problem = finding.into_problem();
    problem.severity = severity;
    Some(problem)
}

/// The allowances of all scripts, by file and code.
struct Allowances<'a> {
    open: BTreeMap<(&'a str, Code), Allowance>,
}

struct Allowance {
    offset: usize,
    used: Used,
}

#[derive(PartialEq, Eq)]
enum Used {
    Yes,
    No,
}

impl<'a> Allowances<'a> {
    fn of(scripts: &[&Script<'a>]) -> Allowances<'a> {
        let mut open = BTreeMap::new();
        for script in scripts {
            let directives = Directives::read(script.sql.text, script.direction);
            for (code, offset) in directives.unwrap_or_default().allow {
                let allowance = Allowance {
                    offset,
                    used: Used::No,
                };
                open.insert((script.path, code), allowance);
            }
        }
        Allowances { open }
    }

    fn has(&self, script: &Script<'a>, code: Code) -> bool {
        self.open.contains_key(&(script.path, code))
    }

    fn silence(&mut self, finding: &Finding<'a>) -> bool {
        match self.open.get_mut(&(finding.script.path, finding.code)) {
            Some(allowance) => {
                allowance.used = Used::Yes;
                true
            }
            None => false,
        }
    }

    fn unused<'s>(&self, scripts: &[&'s Script<'s>]) -> Vec<Finding<'s>> {
        let unused = self.open.iter().filter(|(_, a)| a.used == Used::No);
        let unused = unused.filter(|((_, code), _)| !OF_OTHERS.contains(code));
        unused
            .filter_map(|((path, code), allowance)| {
                let script = scripts.iter().find(|script| script.path == *path)?;
                Some(Finding::new(
                    script,
                    Code::M0226,
                    allowance.offset,
                    format!("this script has no `{code}` finding"),
                    "remove the directive",
                ))
            })
            .collect()
    }
}
