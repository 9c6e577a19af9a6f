//! Lists the names in a script, and what each statement does with them.
//!
//! A name is the hash of the last part of a name. Names of different schemas or kinds may be equal,
//! and so may hashes: then more is checked than needed.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::kinds::{is_alter, is_drop, is_rename};
use crate::names::words;
use crate::objects::{Effect, Mention, Space};
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;
use crate::state::hidden::is_dynamic;

/// The hash of a name. Its lowest bits are zero, so that facts can store a [`Use`] there.
pub(crate) type Hash = u32;

/// How a script uses a name. A later one includes the earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// A string or a function body contains the word.
    Word,
    /// A foreign key refers to the table, or a statement uses the routine, the type or the schema.
    Reference,
    /// A statement changes the object or depends on it.
    Link,
}

/// A name in a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatementName {
    pub(crate) hash: Hash,
    pub(crate) used: Use,
    /// Whether the statement creates, drops or alters the object.
    pub(crate) is_changed: bool,
    /// Whether only a foreign key refers to the table.
    pub(crate) is_key: bool,
}

/// A statement of a script.
#[derive(PartialEq, Eq)]
pub(crate) struct Statement {
    text: String,
    pub(crate) names: Vec<StatementName>,
    /// The words in its strings and function bodies.
    pub(crate) words: Vec<Hash>,
    /// Whether the statement may change objects that it does not name.
    pub(crate) is_global: bool,
    /// Whether it creates, drops or alters a schema or an extension.
    pub(crate) is_about_schema: bool,
}

/// The names in a script.
pub(crate) struct ScriptNames {
    pub(crate) statements: Vec<Statement>,
}

/// The names in the scripts of a migration: up, then down.
pub(crate) type PairNames = [ScriptNames; 2];

pub(crate) fn of(script: &Script<'_>) -> ScriptNames {
    let sql = &script.sql;
    let statements = sql.all_statements().map(|statement| Statement {
        text: sql.text_of(statement).to_owned(),
        names: names_of(script, statement),
        words: words_of(sql, statement),
        is_global: is_global(sql, statement),
        is_about_schema: is_about_schema(script, statement),
    });
    ScriptNames {
        statements: statements.collect(),
    }
}

fn words_of(sql: &Sql<'_>, statement: Id) -> Vec<Hash> {
    let strings = sql
        .descendants(statement)
        .filter(|&id| matches!(sql.kind(id), Kind::STRING | Kind::DOLLAR_QUOTED_STRING));
    let words = strings.flat_map(|id| words(sql.text_of(id)));
    let mut words: Vec<Hash> = words.map(|word| hash(&word)).collect();
    words.sort_unstable();
    words
}

impl ScriptNames {
    /// Whether the script is part of each check, and each name once, with its strongest use.
    pub(crate) fn facts(&self) -> (bool, BTreeMap<Hash, Use>) {
        let mut all: BTreeMap<Hash, Use> = BTreeMap::new();
        let words = self.statements.iter().flat_map(|one| &one.words);
        all.extend(words.map(|&word| (word, Use::Word)));
        for name in self.statements.iter().flat_map(|one| &one.names) {
            let used = all.entry(name.hash).or_insert(name.used);
            *used = name.used.max(*used);
        }
        let mut statements = self.statements.iter();
        let is_global = statements.any(|one| one.is_global || one.is_about_schema);
        (is_global, all)
    }
}

fn names_of(script: &Script<'_>, statement: Id) -> Vec<StatementName> {
    let sql = &script.sql;
    let keys = sql.descendants(statement).filter(|&id| {
        matches!(
            sql.kind(id),
            Kind::REFERENCES_CONSTRAINT | Kind::FOREIGN_KEY_CONSTRAINT
        )
    });
    let keys: Vec<Range<usize>> = keys.map(|id| sql.range(id)).collect();
    let mentions = script.mentions_of(statement).iter();
    mentions
        .flat_map(|mention| names_in(mention, &keys))
        .collect()
}

/// The names in a mention: the object and the table that it belongs to.
fn names_in(mention: &Mention, keys: &[Range<usize>]) -> impl Iterator<Item = StatementName> {
    let object = &mention.object;
    let is_changed = mention.effect != Effect::Reference;
    let is_key = !is_changed && keys.iter().any(|key| key.contains(&mention.offset));
    let is_used = !is_changed
        && matches!(
            object.space,
            Space::Routine | Space::Type | Space::Schema | Space::Extension
        );
    let used = match is_key || is_used {
        true => Use::Reference,
        false => Use::Link,
    };
    let of = object.of.as_ref().map(|of| &of.name);
    [Some(&object.name.name), of]
        .into_iter()
        .flatten()
        .map(move |name| StatementName {
            hash: hash(&name.to_lowercase()),
            used,
            is_changed,
            is_key,
        })
}

/// Whether a statement may change objects that it does not name, such as with dynamic SQL or CASCADE.
fn is_global(sql: &Sql<'_>, statement: Id) -> bool {
    let kind = sql.kind(statement);
    let is_routine = matches!(kind, Kind::CREATE_FUNCTION | Kind::CREATE_PROCEDURE);
    let text = || sql.text_of(statement).to_ascii_lowercase();
    is_dynamic(sql, statement)
        || matches!(kind, Kind::DROP_OWNED | Kind::TRUNCATE)
        || is_routine && text().contains("execute")
        || (is_alter(kind) || is_drop(kind)) && is_wide(sql, statement)
}

fn is_about_schema(script: &Script<'_>, statement: Id) -> bool {
    let mut mentions = script.mentions_of(statement).iter();
    mentions.any(|mention| {
        let is_wide = matches!(mention.object.space, Space::Schema | Space::Extension);
        is_wide && mention.effect != Effect::Reference
    })
}

/// Whether an ALTER or DROP changes other objects, too.
fn is_wide(sql: &Sql<'_>, statement: Id) -> bool {
    sql.descendants(statement).any(|id| {
        let kind = sql.kind(id);
        is_rename(kind) || matches!(kind, Kind::CASCADE | Kind::SET_SCHEMA)
    })
}

/// A hash of a name (FNV-1a).
pub(crate) fn hash(name: &str) -> Hash {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    name.bytes().fold(0x811c_9dc5, step) & !3
}
