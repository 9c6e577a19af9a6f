//! M0325: a script names something in a schema of the tree that no script creates.
//!
//! Usually the name is misspelt. It is a warning, because a program, an operator or dynamic
//! SQL may have created the object.

#[cfg(test)]
mod tests;
mod tree;

use std::collections::HashSet;

use migrator_model::Code;

use crate::finding::Finding;
use crate::objects::{Effect, Mention};
use crate::script::{Pair, Script};
use crate::unread::Unread;
use tree::TreeNames;

/// References to objects that no script creates.
#[derive(Default)]
pub(crate) struct MissingObjects<'a> {
    pub(crate) findings: Vec<Finding<'a>>,
    references: Vec<MissingReference<'a>>,
}

/// A reference to an object that no script creates.
struct MissingReference<'a> {
    script: &'a Script<'a>,
    mention: &'a Mention,
}

impl<'a> MissingObjects<'a> {
    /// Whether another finding is about a missing object. The statement fails before that finding
    /// matters.
    ///
    /// A missing object that the script allows does not hide other findings.
    pub(crate) fn explains(
        &self,
        finding: &Finding<'a>,
        is_allowed: impl Fn(&Script<'a>) -> bool,
    ) -> bool {
        let is_late = (Code::M0213..=Code::M0230).contains(&finding.code)
            || [Code::M0242, Code::M0243].contains(&finding.code);
        is_late
            && self
                .references
                .iter()
                .any(|reference| reference.explains(finding) && !is_allowed(reference.script))
    }
}

impl<'a> MissingReference<'a> {
    fn explains(&self, finding: &Finding<'a>) -> bool {
        let sql = &self.script.sql;
        let is_here = finding.script.path == self.script.path
            && sql.range(self.mention.statement).contains(&finding.offset);
        let is_same_migration = finding.script.migration.is(self.script.migration) && !is_here;
        if is_same_migration && finding.code == Code::M0230 {
            return self.writes_part_at(finding);
        }
        // A statement that only refers to the object can have other problems.
        is_here && (self.mention.effect != Effect::Reference || finding.code == Code::M0218)
    }

    /// Whether the other script drops the part that this statement adds to the missing table.
    fn writes_part_at(&self, finding: &Finding<'a>) -> bool {
        let dropped = finding.script.mentions.iter().find(|one| {
            one.effect == Effect::Drop && one.object.of.is_some() && one.offset == finding.offset
        });
        let is_of_need = |one: &&Mention| one.object.of.as_ref() == Some(&self.mention.object.name);
        let mut parts = self.script.mentions.iter().filter(is_of_need);
        dropped.is_some_and(|dropped| {
            parts.any(|part| part.object.name.name == dropped.object.name.name)
        })
    }
}

pub(crate) fn find<'a>(pairs: &'a [Pair<'a>], unread: &Unread) -> MissingObjects<'a> {
    let scripts = pairs.iter().flat_map(Pair::scripts);
    let mut tree = TreeNames::default();
    for script in scripts.filter(|script| !unread.contains(script)) {
        tree.add(script);
    }
    let mut missing = MissingObjects::default();
    if tree.may_create_anything {
        return missing;
    }
    for pair in pairs {
        let mut reported = HashSet::new();
        for script in pair
            .scripts()
            .into_iter()
            .filter(|script| !unread.contains(script))
        {
            for mention in &script.mentions {
                let object = &mention.object;
                if !tree.is_missing(script, mention) || unread.may_mention(&object.name.name) {
                    continue;
                }
                if let Some(finding) = tree.finding(script, mention) {
                    missing
                        .references
                        .push(MissingReference { script, mention });
                    missing
                        .findings
                        .extend(reported.insert(object).then_some(finding));
                }
            }
        }
    }
    missing
}
