//! Migrations that could not be applied, and the later faults that they cause.
//!
//! Every later migration is tried. If its script fails because an object is missing that an
//! unapplied migration names, the later migration is skipped, and has no fault of its own.

use std::collections::BTreeSet;

use migrator_model::Migration;
use migrator_runtime::Fault;

use super::verdict::{Pass, Verdict};
use crate::compare::difference::Difference;
use crate::snapshot::content::Snapshot;

/// The migrations that are not applied.
#[derive(Clone, Default)]
pub(super) struct Unapplied<'a> {
    unapplied: Vec<UnappliedMigration<'a>>,
}

#[derive(Clone)]
struct UnappliedMigration<'a> {
    migration: Migration<'a>,
    /// The migration that failed first: this one, or the one because of which it was skipped.
    root: String,
    /// The words of its up script, without the name of the missing object.
    words: BTreeSet<String>,
    /// Whether the script may create objects that it does not name, with dynamic SQL or an extension.
    is_dynamic: bool,
}

/// The SQLSTATEs for a missing table, column, other object, function, schema, referenced key, enum
/// value, referenced row and role.
const ABSENT: [&str; 9] = [
    "42P01", "42703", "42704", "42883", "3F000", "42830", "22P02", "23503", "22023",
];

impl<'a> Unapplied<'a> {
    /// The failed migration because of which this one is skipped without a trial: this one requires
    /// an unapplied migration.
    pub(super) fn required_by(&self, migration: Migration<'_>) -> Option<String> {
        let requires = migration.requires();
        let is_required =
            |one: &&UnappliedMigration<'_>| requires.contains(&one.migration.reference());
        let found = self.unapplied.iter().find(is_required);
        found.map(|one| one.root.clone())
    }

    /// Adds a migration that was skipped because of another.
    pub(super) fn skipped(&mut self, migration: Migration<'a>, behind: &str) {
        self.note(migration, behind.to_owned(), None);
    }

    /// The verdict on a migration whose first up script failed.
    pub(super) fn judge_fault(
        &mut self,
        migration: Migration<'a>,
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

    /// The verdict on a migration whose first up script succeeded.
    pub(super) fn judge(&self, before: &Snapshot, verdict: Verdict) -> Verdict {
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

    fn note(&mut self, migration: Migration<'a>, root: String, lacking: Option<String>) {
        let mut words = words(migration.up().raw);
        let is_dynamic = ["execute", "extension"]
            .iter()
            .any(|word| words.contains(*word));
        if let Some(lacking) = lacking {
            words.remove(&lacking);
        }
        self.unapplied.push(UnappliedMigration {
            migration,
            root,
            words,
            is_dynamic,
        });
    }

    /// The unapplied migration because of which a script failed, if there is one.
    fn behind(&self, fault: &Fault) -> Option<String> {
        let lacking = lacking(fault)?;
        let named = self.naming(&lacking);
        let dynamic = || self.unapplied.iter().find(|one| one.is_dynamic);
        named.or_else(dynamic).map(|one| one.root.clone())
    }

    /// The unapplied migration that explains all differences, if there is one: each difference is in
    /// an object that an unapplied script names, or in a part of such an object.
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

    fn naming(&self, name: &str) -> Option<&UnappliedMigration<'a>> {
        let is_named = |one: &&UnappliedMigration<'a>| one.words.contains(name);
        let is_implied = |one: &&UnappliedMigration<'a>| {
            let table = table_of(name);
            table.is_some_and(|table| one.words.iter().any(|word| is_of(table, word)))
        };
        let found = self.unapplied.iter().find(is_named);
        found.or_else(|| self.unapplied.iter().find(is_implied))
    }
}

/// The name of the missing object, without its schema and in lower case, if an object is missing.
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

/// The name without the suffix that Postgres adds to the names of a table and its columns
/// (`ChooseRelationName`).
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

/// The name in `function shop.total(integer) does not exist` or `column o.total does not exist`.
fn unquoted(message: &str) -> Option<&str> {
    let (_, rest) = message.strip_suffix(" does not exist")?.split_once(' ')?;
    let end = rest.find(['(', ' ']).unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty())
}

/// The last part of a name, in the form that [`words`] returns.
fn last_part(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let last = last.split(['(', ' ', '[']).next().unwrap_or(last);
    last.trim_matches('"').to_lowercase()
}

/// The names and keywords of a script, also those in strings and comments, which may be dynamic SQL.
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
