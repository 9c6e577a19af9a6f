//! Whether the order of two migrations makes no difference.
//!
//! Two migrations are independent if neither changes what the other uses. A name is the hash of its
//! last part: names of different schemas may be equal, and then the migrations count as dependent.
//! So does each migration with a statement whose effects are not all visible in its text. A change of
//! rows is such a statement, because of triggers and foreign keys.

use std::collections::BTreeSet;

use migrator_model::{Migration, Registry};

use crate::names::{name_of, words};
use crate::parse::{Id, Kind, Sql};
use crate::recheck::names::{self, Hash, hash};
use crate::script::{self, Pair, Script};

/// The names in the scripts of a base.
pub(super) struct Names {
    /// The names in each statement of the up scripts.
    statements: Vec<Touched>,
}

/// The names in a statement or a migration.
#[derive(Clone, Default)]
struct Touched {
    /// The objects that it creates, drops or alters.
    changed: BTreeSet<Hash>,
    /// All names, and all words of its text.
    used: BTreeSet<Hash>,
    /// The objects that it needs, without the tables of foreign keys, and the words in its strings.
    linked: BTreeSet<Hash>,
    /// Whether it may have an effect that its text does not show.
    is_hidden: bool,
}

impl Names {
    pub(super) fn of(registry: &Registry) -> Names {
        let texts = script::texts(registry.migrations());
        let pairs = script::parse_all(&texts);
        let statements = pairs.iter().flat_map(|pair| statements(&pair.up));
        Names {
            statements: statements.collect(),
        }
    }

    /// Whether a new migration and one of the base are certain to be independent.
    pub(super) fn are_independent(&self, new: Migration<'_>, old: Migration<'_>) -> bool {
        let texts = script::texts([new, old]);
        let pairs = script::parse_all(&texts);
        let [new, old] = pairs.as_slice() else {
            return false;
        };
        let (Some(new), Some(old)) = (of_pair(new), of_pair(old)) else {
            return false;
        };
        let is_apart =
            |one: &Touched, other: &Touched| self.affected(&one.changed).is_disjoint(&other.used);
        is_apart(&new, &old) && is_apart(&old, &new)
    }

    /// The names, and those of objects of the base that depend on an object with such a name.
    fn affected(&self, changed: &BTreeSet<Hash>) -> BTreeSet<Hash> {
        let mut names = changed.clone();
        loop {
            let before = names.len();
            for statement in &self.statements {
                if !statement.linked.is_disjoint(&names) {
                    names.extend(&statement.changed);
                }
            }
            if names.len() == before {
                return names;
            }
        }
    }
}

/// The names in both scripts of a migration; `None` if an effect is hidden.
fn of_pair(pair: &Pair<'_>) -> Option<Touched> {
    let mut all = Touched::default();
    for statement in pair.scripts().into_iter().flat_map(statements) {
        if statement.is_hidden {
            return None;
        }
        all.changed.extend(statement.changed);
        all.used.extend(statement.used);
    }
    Some(all)
}

fn statements(script: &Script<'_>) -> Vec<Touched> {
    let sql = &script.sql;
    let names = names::of(script).statements;
    let touched = names.into_iter().zip(sql.all_statements());
    let touched = touched.map(|(statement, id)| {
        let mut touched = Touched {
            is_hidden: statement.is_global
                || statement.is_about_schema
                || !DEFINES.contains(&sql.kind(id)),
            used: words(sql.text_of(id)).iter().map(|one| hash(one)).collect(),
            linked: called(sql, id)
                .chain(statement.words.iter().copied())
                .collect(),
            ..Touched::default()
        };
        for name in &statement.names {
            touched.used.insert(name.hash);
            if name.is_changed {
                touched.changed.insert(name.hash);
            }
            if !name.is_key {
                touched.linked.insert(name.hash);
            }
        }
        touched
    });
    touched.collect()
}

/// The functions that a statement calls.
fn called(sql: &Sql<'_>, statement: Id) -> impl Iterator<Item = Hash> {
    let calls = sql.descendants(statement);
    let calls = calls.filter(|&id| sql.kind(id) == Kind::CALL_EXPR);
    let names = calls.filter_map(|call| name_of(sql, sql.children(call).next()?));
    names.map(|name| hash(&name.name.to_lowercase()))
}

/// Statements that change nothing but the objects that they name.
const DEFINES: [Kind; 22] = [
    Kind::ALTER_TABLE,
    Kind::ALTER_TYPE,
    Kind::COMMENT_ON,
    Kind::CREATE_DOMAIN,
    Kind::CREATE_FUNCTION,
    Kind::CREATE_INDEX,
    Kind::CREATE_MATERIALIZED_VIEW,
    Kind::CREATE_SEQUENCE,
    Kind::CREATE_TABLE,
    Kind::CREATE_TABLE_AS,
    Kind::CREATE_TRIGGER,
    Kind::CREATE_TYPE,
    Kind::CREATE_VIEW,
    Kind::DROP_DOMAIN,
    Kind::DROP_FUNCTION,
    Kind::DROP_INDEX,
    Kind::DROP_MATERIALIZED_VIEW,
    Kind::DROP_SEQUENCE,
    Kind::DROP_TABLE,
    Kind::DROP_TRIGGER,
    Kind::DROP_TYPE,
    Kind::DROP_VIEW,
];
