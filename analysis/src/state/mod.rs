//! The objects in the database at a point of the plan, as far as the scripts show.
//!
//! [`State`] follows scripts statement by statement. Each object in it exists, and each property of
//! a column holds. Objects that no script creates are missing from it, and so are objects that
//! dynamic SQL may have changed.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script has hundreds of kinds of nodes, a few of which matter here"
)]

mod alter;
mod create;
mod drop;
mod entries;
mod entry;
pub(crate) mod hidden;
mod journal;
mod links;
mod rename;
mod search_path;
pub(crate) mod table;
pub(crate) mod text;

pub(crate) use entry::Entry;
pub(crate) use journal::{Earlier, Journal};
pub(crate) use search_path::SearchPath;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::names::Name;
use crate::objects::{Effect, Mention, Object, Space};
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;
use crate::site::Site;
use entries::Entries;
use hidden::{Hidden, hidden_by};
use search_path::search_path;
use table::Table;

/// The objects that exist at a point of the plan.
#[derive(Default)]
pub(crate) struct State<'a> {
    entries: Entries<'a>,
    /// Names of objects that may or may not exist.
    hidden: BTreeSet<String>,
    path: SearchPath,
    /// The temporary relations of the current script.
    temporary: BTreeSet<String>,
    /// The entries that the script has changed, as they were before it.
    journal: HashMap<Object, Option<Rc<Entry<'a>>>>,
    /// The value of `hidden` before the script, if the script has changed it.
    hidden_before: Option<BTreeSet<String>>,
}

impl<'a> State<'a> {
    /// An existing object, except columns and constraints.
    pub(crate) fn get(&self, object: &Object) -> Option<&Entry<'a>> {
        self.entries.get(&self.key(object)?).map(Rc::as_ref)
    }

    /// An existing object, by its name and schema.
    pub(crate) fn at(&self, key: &Object) -> Option<&Entry<'a>> {
        self.entries.get(key).map(Rc::as_ref)
    }

    /// A table, if some part of it is known.
    pub(crate) fn table(&self, name: &Name) -> Option<&Table<'a>> {
        self.get(&Object::relation(name.clone()))?.table.as_ref()
    }

    /// Where a script creates an existing object, column or constraint.
    pub(crate) fn made(&self, object: &Object) -> Option<Site<'a>> {
        let part_of = |object: &Object| self.table(object.of.as_ref()?);
        match object.space {
            Space::Column => Some(part_of(object)?.columns.get(&object.name.name)?.site),
            Space::Constraint => Some(part_of(object)?.constraints.get(&object.name.name)?.site),
            _ => self.get(object)?.site,
        }
    }

    /// Whether the scripts do not show if an object exists.
    pub(crate) fn is_hidden(&self, object: &Object) -> bool {
        let of = object
            .of
            .as_ref()
            .is_some_and(|of| self.hidden.contains(&of.name));
        of || self.hidden.contains(&object.name.name) || self.key(object).is_none()
    }

    /// Whether IF NOT EXISTS or IF EXISTS makes this part of a statement do nothing.
    pub(crate) fn has_no_effect(&self, sql: &Sql<'_>, mention: &Mention, part: Id) -> bool {
        let has = |node, kind| sql.child(node, kind).is_some();
        let is_made =
            self.made(&mention.object).is_some() && !self.drops_other_routine(sql, mention);
        let is_altered_if_there = part != mention.statement
            && has(mention.statement, Kind::IF_EXISTS)
            && mention
                .object
                .of
                .as_ref()
                .is_some_and(|of| self.get(&Object::relation(of.clone())).is_none());
        match mention.effect {
            _ if is_altered_if_there => true,
            Effect::Create => has(part, Kind::IF_NOT_EXISTS) && is_made,
            Effect::Drop => has(part, Kind::IF_EXISTS) && !is_made,
            Effect::Alter | Effect::Reference => false,
        }
    }

    /// The current search path.
    pub(crate) fn path(&self) -> SearchPath {
        self.path.clone()
    }

    /// Starts a script with the default search path.
    pub(crate) fn begin(&mut self) {
        self.path = SearchPath::Public;
        self.temporary.clear();
        self.journal.clear();
        self.hidden_before = None;
    }

    /// Ends a script, and returns its changes.
    pub(crate) fn end(&mut self) -> Journal<'a> {
        Journal {
            before: std::mem::take(&mut self.journal),
            hidden: self.hidden_before.take(),
        }
    }

    /// Reverts the changes of a script.
    pub(crate) fn revert(&mut self, journal: Journal<'a>) {
        if let Some(hidden) = journal.hidden {
            self.hidden = hidden;
        }
        for (object, before) in journal.before {
            self.entries.set(object, before);
        }
    }

    /// Follows a whole script.
    pub(crate) fn follow_script(&mut self, script: &'a Script<'a>) {
        self.begin();
        for statement in script.sql.statements() {
            self.follow(script, statement);
        }
    }

    /// Skips a script with errors. Each name in it becomes unknown.
    pub(crate) fn skip(&mut self, script: &Script<'_>) {
        self.begin();
        self.hide(hidden::names(script.sql.text));
    }

    /// Follows a statement.
    pub(crate) fn follow(&mut self, script: &'a Script<'a>, statement: Id) {
        let sql = &script.sql;
        match hidden_by(sql, statement) {
            Hidden::Nothing => {}
            Hidden::Names(names) => self.hide(names),
            Hidden::Anything => self.forget(),
        }
        self.path = search_path(sql, statement).unwrap_or_else(|| self.path.clone());
        let mentions = script.mentions_of(statement);
        if self.has_no_effect_at_all(sql, statement, mentions) {
            return;
        }
        self.objects(script, statement, mentions);
        self.links(sql, statement);
        self.actions(script, statement);
    }

    fn has_no_effect_at_all(&self, sql: &Sql<'_>, statement: Id, mentions: &[Mention]) -> bool {
        let is_optional = sql.child(statement, Kind::IF_NOT_EXISTS).is_some();
        let mut made = mentions.iter().filter(|one| one.effect == Effect::Create);
        is_optional
            && made
                .next()
                .is_some_and(|one| self.made(&one.object).is_some())
    }

    /// Follows the objects that a statement creates, drops and renames.
    fn objects(&mut self, script: &'a Script<'a>, statement: Id, mentions: &[Mention]) {
        let sql = &script.sql;
        let mut renamed: Option<&Mention> = None;
        for mention in mentions {
            if matches!(mention.object.space, Space::Column | Space::Constraint) {
                continue;
            }
            match mention.effect {
                Effect::Drop if self.drops_other_routine(sql, mention) => {}
                Effect::Drop => {
                    if let Some(old) = renamed.replace(mention) {
                        self.drop_object(sql, statement, &old.object);
                    }
                }
                Effect::Create => match renamed.take() {
                    Some(old) if old.offset == mention.offset => {
                        self.rename(&old.object, &mention.object);
                    }
                    old => {
                        if let Some(old) = old {
                            self.drop_object(sql, statement, &old.object);
                        }
                        self.make(script, mention);
                    }
                },
                Effect::Alter | Effect::Reference => {}
            }
        }
        if let Some(old) = renamed {
            self.drop_object(sql, statement, &old.object);
        }
    }

    fn keys(&self, is_it: impl Fn(&Object, &Entry<'a>) -> bool) -> Vec<Object> {
        let entries = self.entries.iter();
        let found = entries.filter(|(object, entry)| is_it(object, entry));
        found.map(|(object, _)| object.clone()).collect()
    }

    /// The objects that name a relation as their owner or parent, and meet a condition.
    fn linked(&self, relation: &Name, is_it: impl Fn(&Entry<'a>) -> bool) -> Vec<Object> {
        let linked = self.entries.linked_to(relation);
        let found = linked.filter(|(_, entry)| is_it(entry));
        found.map(|(object, _)| object.clone()).collect()
    }

    fn set(&mut self, key: Object, entry: Option<Rc<Entry<'a>>>) {
        let before = self.entries.set(key.clone(), entry);
        self.journal.entry(key).or_insert(before);
    }

    fn edit(&mut self, object: &Object, edit: impl FnOnce(&mut Entry<'a>)) {
        let Some(key) = self.key(object) else { return };
        if let Some(entry) = self.entries.get(&key) {
            let mut entry = entry.clone();
            edit(Rc::make_mut(&mut entry));
            self.set(key, Some(entry));
        }
    }

    /// The key of an object. `None` if its schema is unknown.
    fn key(&self, object: &Object) -> Option<Object> {
        let name = object.of.as_ref().unwrap_or(&object.name);
        let is_temporary = name.schema.is_none() && self.temporary.contains(&name.name);
        self.path.key(object).filter(|_| !is_temporary)
    }
}
