//! Lints for a live database: statements that block, fail or lose data while services run.
//!
//! The module follows the up scripts in plan order, one statement or action of ALTER TABLE at a
//! time. [`tables`] holds the tables that earlier statements create. A migration may change the
//! tables that it creates itself, because nobody uses them yet. A table that no script creates is
//! assumed to exist and to have rows. Each rule has its own file.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a rule is about a few of a thousand kinds of node"
)]

mod add_check;
mod add_column;
mod add_foreign_key;
mod add_unique;
mod cascade;
mod column_type;
mod create_index;
mod domains;
mod drop_column;
mod drop_table;
pub mod effects;
mod enum_value;
mod partitioned_index;
mod rename;
mod replacement;
mod rows;
mod set_not_null;
mod subject;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod volatile_default;

use std::collections::BTreeSet;

use migrator_model::Code;

use crate::finding::Finding;
use crate::script::Pair;
use crate::unread::Unread;
use enum_value::Enums;
use subject::{Subject, units};
use tables::Tables;

type Rule = for<'a> fn(&Subject<'_, 'a>) -> Option<Finding<'a>>;

/// The rules for up scripts.
const RULES: [Rule; 11] = [
    add_column::check,
    volatile_default::check,
    create_index::check,
    add_check::check,
    add_foreign_key::check,
    column_type::check,
    rename::check,
    drop_column::check,
    drop_table::check,
    add_unique::check,
    set_not_null::check,
];

pub(crate) fn find<'a>(pairs: &'a [Pair<'a>], unread: &Unread) -> Vec<Finding<'a>> {
    let mut tables = Tables::default();
    let mut enums = Enums::default();
    let mut findings = Vec::new();
    for pair in pairs {
        tables.begin(&pair.up);
        enums.begin();
        let mut is_refused = false;
        let is_read = !unread.contains(&pair.up);
        for statement in pair.up.sql.statements().filter(|_| is_read) {
            let mut reported = BTreeSet::new();
            findings.extend(enums.statement(&pair.up, &tables, statement));
            let refused = partitioned_index::check(&pair.up, &tables, statement);
            is_refused |= refused.is_some();
            findings.extend(refused);
            for unit in units(&pair.up, statement) {
                let subject = Subject::new(&pair.up, &tables, statement, unit);
                let mut found = at_unit(&subject);
                found.retain(|finding| {
                    !subject.depends_on_unread(unread, finding.code)
                        && reported.insert(finding.code)
                });
                findings.extend(found);
                tables.follow(&pair.up, statement, unit);
            }
        }
        let is_read = !unread.contains(&pair.down);
        for statement in pair.down.sql.statements().filter(|_| is_read) {
            findings.extend(cascade::check(&pair.down, statement));
            // The up script cannot create this index, so the down script need not drop it.
            let refused = partitioned_index::check(&pair.down, &tables, statement);
            findings.extend(refused.filter(|_| !is_refused));
        }
    }
    findings
}

fn at_unit<'a>(subject: &Subject<'_, 'a>) -> Vec<Finding<'a>> {
    if subject.is_new() || subject.has_no_effect() {
        return Vec::new();
    }
    let mut findings: Vec<Finding<'a>> = RULES.iter().filter_map(|rule| rule(subject)).collect();
    findings.retain(|finding| subject.applies_to_rows(finding.code));
    // If an action fails or rewrites the table, only that is reported.
    let decides = |finding: &Finding<'_>| [Code::M0213, Code::M0215].contains(&finding.code);
    if let Some(first) = findings.iter().position(decides) {
        findings = vec![findings.swap_remove(first)];
    }
    findings
}
