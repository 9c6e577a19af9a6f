//! Collects the effects of a script's statements, by table.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use migrator_model::LockMode;
use migrator_model::place::Position;

use super::effect::{TableEffect, UnknownStatement, Work};
use super::keys::Keys;
use crate::clauses::table_of;
use crate::names::{Name, name_of};
use crate::objects::Effect;
use crate::parse::{Id, Kind};
use crate::script::Script;

pub(super) struct Collector<'a, 'i> {
    pub(super) script: &'a Script<'a>,
    pub(super) known: &'i mut Known,
    tables: BTreeMap<Name, TableEffect>,
    unknown: Vec<UnknownStatement>,
}

impl<'a, 'i> Collector<'a, 'i> {
    pub(super) fn new(script: &'a Script<'a>, known: &'i mut Known) -> Collector<'a, 'i> {
        let mut collector = Collector {
            script,
            known,
            tables: BTreeMap::new(),
            unknown: Vec::new(),
        };
        if let Some(error) = script.sql.errors.first() {
            collector.unknown_at(error.offset, "a syntax error".to_owned());
        }
        collector
    }

    /// Adds a lock on a table. One on a table that the migration creates blocks nobody.
    pub(super) fn lock(&mut self, table: &Name, lock: impl Into<Option<LockMode>>, work: Work) {
        let effect = self.table(table);
        if effect.is_new {
            return;
        }
        effect.lock = effect.lock.max(lock.into());
        effect.work = effect.work.max(work);
    }

    /// Marks a table as created by the migration.
    pub(super) fn create(&mut self, table: &Name) {
        let is_known = self.tables.contains_key(table);
        self.table(table).is_new |= !is_known;
    }

    /// Adds what the migration destroys of a table. Of a table that it creates, nothing counts.
    pub(super) fn destroy(&mut self, table: &Name, what: String) {
        let effect = self.table(table);
        if !effect.is_new && !effect.destroys.contains(&what) {
            effect.destroys.push(what);
        }
    }

    /// Adds a statement that may do more than its text shows.
    pub(super) fn unknown(&mut self, statement: Id) {
        let text = self.script.sql.text_of(statement);
        let words = text.split_whitespace().take_while(|word| is_keyword(word));
        let words: Vec<String> = words.take(2).map(str::to_ascii_uppercase).collect();
        self.unknown_at(self.script.sql.range(statement).start, words.join(" "));
    }

    fn unknown_at(&mut self, offset: usize, words: String) {
        let Position { line, .. } = Position::at(self.script.sql.text, offset);
        let statement = UnknownStatement { line, words };
        if !self.unknown.contains(&statement) {
            self.unknown.push(statement);
        }
    }

    fn table(&mut self, table: &Name) -> &mut TableEffect {
        let new = || TableEffect {
            table: table.to_string(),
            is_new: false,
            lock: None,
            work: Work::Nothing,
            destroys: Vec::new(),
        };
        self.tables.entry(table.clone()).or_insert_with(new)
    }

    /// The effects by table, and the unknown statements.
    pub(super) fn end(self) -> (Vec<TableEffect>, Vec<UnknownStatement>) {
        (self.tables.into_values().collect(), self.unknown)
    }
}

fn is_keyword(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// What earlier statements show of indexes, views and foreign keys.
#[derive(Default)]
pub(super) struct Known {
    /// The table of each index that a script creates.
    tables: HashMap<Name, Name>,
    views: BTreeSet<Name>,
    pub(super) keys: Keys,
}

impl Known {
    /// The table of an index.
    pub(super) fn table_of(&self, index: &Name) -> Option<&Name> {
        self.tables.get(index)
    }

    pub(super) fn has_view(&self, view: &Name) -> bool {
        self.views.contains(view)
    }

    /// Follows a statement. The indexes and keys of a table that is renamed become unknown.
    pub(super) fn follow(&mut self, script: &Script<'_>, statement: Id) {
        let sql = &script.sql;
        for mention in script.mentions_of(statement) {
            let name = &mention.object.name;
            match mention.effect {
                Effect::Create if sql.kind(statement) == Kind::CREATE_VIEW => {
                    self.views.insert(name.clone());
                }
                Effect::Drop if mention.object.of.is_none() => {
                    self.views.remove(name);
                    self.tables.retain(|index, of| index != name && of != name);
                    self.keys.forget(name);
                }
                Effect::Create | Effect::Drop | Effect::Alter | Effect::Reference => {}
            }
        }
        if sql.kind(statement) == Kind::CREATE_TABLE {
            let name = sql.find(statement, Kind::TABLE_NAME);
            if let Some(table) = name.and_then(|id| name_of(sql, id)) {
                self.keys.follow(sql, &table, statement);
            }
        }
        let index = sql.child(statement, Kind::INDEX);
        let Some((index, table)) = index.zip(table_of(sql, statement)) else {
            return;
        };
        let schema = table.schema.clone();
        let name = name_of(sql, index).map(|index| Name { schema, ..index });
        self.tables.extend(name.map(|name| (name, table)));
    }
}
