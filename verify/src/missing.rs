//! Migrations that could not be applied, and the later faults that they cause.
//!
//! Every later migration is tried. If it fails because it lacks something that an unapplied
//! migration names, it is skipped behind that migration, and its script is not at fault.

use std::collections::BTreeSet;

use migrator_model::Migration;
use migrator_runtime::Fault;

use crate::difference::Difference;
use crate::proof::{Pass, Verdict};
use crate::snapshot::Snapshot;

/// What is not there because a migration failed.
#[derive(Default)]
pub(crate) struct Missing<'a> {
    unapplied: Vec<Unapplied<'a>>,
}

struct Unapplied<'a> {
    migration: &'a Migration,
    /// The migration that failed; this one may be skipped behind it.
    root: String,
    /// The words of its up script, without what it lacks itself.
    words: BTreeSet<String>,
    /// Whether it may make what it does not name: by SQL that it puts together, or as an
    /// extension's script.
    is_dynamic: bool,
}

/// SQLSTATEs of what is not there: a table, a column, another object, a function, a schema, a key
/// to refer to, a value of an enum, a row to refer to, a role to be set.
const ABSENT: [&str; 9] = [
    "42P01", "42703", "42704", "42883", "3F000", "42830", "22P02", "23503", "22023",
];

impl<'a> Missing<'a> {
    /// The failed migration behind which this one is skipped without a trial: it requires that
    /// one, or another that was skipped behind it.
    pub(crate) fn required_by(&self, migration: &Migration) -> Option<String> {
        let is_required =
            |one: &&Unapplied<'_>| migration.requires.contains(&one.migration.reference());
        let found = self.unapplied.iter().find(is_required);
        found.map(|one| one.root.clone())
    }

    /// Notes a migration that is not applied, and why.
    pub(crate) fn skipped(&mut self, migration: &'a Migration, behind: &str) {
        self.note(migration, behind.to_owned(), None);
    }

    /// The verdict on a migration that is not applied because its up script failed.
    pub(crate) fn judge_fault(
        &mut self,
        migration: &'a Migration,
        pass: Pass,
        fault: Box<Fault>,
    ) -> Verdict {
        let lacking = lacking(&fault);
        if let Some(behind) = self.behind(&fault) {
            self.note(migration, behind.clone(), lacking);
            return Verdict::Skipped { behind };
        }
        self.note(migration, migration.to_string(), lacking);
        Verdict::Failed(pass, fault)
    }

    /// The verdict on a migration whose first up script ran.
    pub(crate) fn judge(&self, before: &Snapshot, verdict: Verdict) -> Verdict {
        let behind = match &verdict {
            Verdict::Failed(_, fault) => self.behind(fault),
            Verdict::NotUndone(found) | Verdict::NotRepeated(found) => {
                self.behind_all(before, found)
            }
            Verdict::Sound | Verdict::Irreversible(_) | Verdict::Skipped { .. } => None,
        };
        match behind {
            Some(behind) => Verdict::Skipped { behind },
            None => verdict,
        }
    }

    fn note(&mut self, migration: &'a Migration, root: String, lacking: Option<String>) {
        let mut words = words(&migration.up.raw);
        let is_dynamic = ["execute", "extension"]
            .iter()
            .any(|word| words.contains(*word));
        if let Some(lacking) = lacking {
            words.remove(&lacking);
        }
        self.unapplied.push(Unapplied {
            migration,
            root,
            words,
            is_dynamic,
        });
    }

    /// The migration whose absence made a script fail, if that is one migration.
    fn behind(&self, fault: &Fault) -> Option<String> {
        let lacking = lacking(fault)?;
        let named = self.naming(&lacking);
        let dynamic = || self.unapplied.iter().find(|one| one.is_dynamic);
        named.or_else(dynamic).map(|one| one.root.clone())
    }

    /// The migration whose absence explains all differences, if that is one migration: each
    /// difference is in an object that an unapplied script names, or in a part of such an object.
    fn behind_all(&self, before: &Snapshot, found: &[Difference]) -> Option<String> {
        let mut behind = None;
        for difference in found {
            let object = &difference.object;
            let whole = object
                .parent()
                .filter(|parent| before.properties(parent).is_none());
            let names = [Some(object), whole].into_iter().flatten();
            let one = names
                .map(|object| last_part(&object.name))
                .find_map(|name| self.naming(&name))?;
            behind.get_or_insert(one);
        }
        behind.map(|one| one.root.clone())
    }

    fn naming(&self, name: &str) -> Option<&Unapplied<'a>> {
        let is_named = |one: &&Unapplied<'a>| one.words.contains(name);
        let is_implied = |one: &&Unapplied<'a>| {
            let table = table_of(name);
            table.is_some_and(|table| one.words.iter().any(|word| is_of(table, word)))
        };
        let found = self.unapplied.iter().find(is_named);
        found.or_else(|| self.unapplied.iter().find(is_implied))
    }
}

/// The name of what is not there, without its schema and in lower case, if that is the fault.
fn lacking(fault: &Fault) -> Option<String> {
    let state = fault.sqlstate.as_deref()?;
    if !ABSENT.contains(&state) {
        return None;
    }
    let (detail, message) = (fault.detail.as_deref().unwrap_or_default(), &fault.message);
    let name = if state == "23503" {
        quoted(detail.split_once("in table ")?.1)
    } else if state == "22P02" {
        // invalid input value for enum shop.mood: "glad"
        quoted(message.rsplit_once(": ")?.1)
    } else if state == "22023" && !message.starts_with("role ") {
        None
    } else {
        quoted(message).or_else(|| unquoted(message))
    };
    name.map(last_part)
}

/// What Postgres has called after a table and its columns (`ChooseRelationName`), without the end.
fn table_of(name: &str) -> Option<&str> {
    const ENDS: [&str; 7] = ["_seq", "_pkey", "_key", "_fkey", "_idx", "_check", "_excl"];
    ENDS.iter().find_map(|end| name.strip_suffix(end))
}

fn is_of(name: &str, table: &str) -> bool {
    let rest = name.strip_prefix(table);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// The first text in double quotes.
fn quoted(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}

/// `function shop.total(integer) does not exist`, `column o.total does not exist`.
fn unquoted(message: &str) -> Option<&str> {
    let (_, rest) = message.strip_suffix(" does not exist")?.split_once(' ')?;
    let end = rest.find(['(', ' ']).unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty())
}

/// The last part of a name, as it is found among [`words`].
fn last_part(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let last = last.split(['(', ' ', '[']).next().unwrap_or(last);
    last.trim_matches('"').to_lowercase()
}

/// Names and keywords, also within strings and comments: SQL that a script puts together is
/// found as well.
fn words(sql: &str) -> BTreeSet<String> {
    sql.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{last_part, unquoted};

    #[test]
    fn the_name_of_what_is_missing_is_read_from_the_message() {
        for (message, name) in [
            ("function shop.total(integer) does not exist", "total"),
            ("column o.total does not exist", "total"),
            ("procedure shop.\"Fill\"() does not exist", "fill"),
        ] {
            assert_eq!(unquoted(message).map(last_part).as_deref(), Some(name));
        }
        assert_eq!(unquoted("operator does not exist: text + integer"), None);
    }
}
