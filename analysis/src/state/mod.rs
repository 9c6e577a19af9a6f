//! What is in the database at a point of the plan, as far as the scripts show.
//!
//! [`State`] follows scripts statement by statement. A script of the tree has made each
//! object in it, and none has dropped it since; each fact about a column holds. It leaves
//! out what it does not know: objects that no script makes, and whatever dynamic SQL may
//! have changed.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script has hundreds of kinds of nodes, a few of which matter here"
)]

pub(crate) mod hidden;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use migrator_model::diagnostic::Position;

use crate::names::Name;
use crate::objects::{Deed, Mention, Object, Space, name_of};
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;
use hidden::{Effect, effect};
use table::{Extent, Table};

/// A place in a script.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) script: &'a Script<'a>,
    pub(crate) offset: usize,
}

impl Site<'_> {
    /// `path:line`.
    pub(crate) fn place(&self) -> String {
        let Position { line, .. } = Position::at(self.script.sql.text, self.offset);
        format!("{}:{line}", self.script.path)
    }
}

/// An object that is there.
#[derive(Clone)]
pub(crate) struct Entry<'a> {
    /// Where it was made; nothing where no script makes it.
    pub(crate) site: Option<Site<'a>>,
    /// What made it, to be compared; nothing where it was changed since.
    pub(crate) text: Option<String>,
    /// Whether a table or column was renamed since that its text may name.
    pub(crate) is_outdated: bool,
    /// What it is dropped with.
    owners: Vec<Owner>,
    /// Of a table, what is known of it.
    pub(crate) table: Option<Table<'a>>,
    /// Of the functions of a name, the arguments of each, as far as they are known.
    arguments: Vec<Option<Vec<String>>>,
}

impl Entry<'_> {
    /// The relation that it is dropped with.
    pub(crate) fn owner(&self) -> Option<&Name> {
        self.owners.first().map(|owner| &owner.relation)
    }
}

/// A relation, or a column of one, that something is dropped with.
#[derive(Clone)]
struct Owner {
    relation: Name,
    columns: Vec<String>,
}

/// What is there at a point of the plan.
#[derive(Default)]
pub(crate) struct State<'a> {
    entries: HashMap<Object, Rc<Entry<'a>>>,
    /// The names of what may be there or not.
    hidden: BTreeSet<String>,
    path: Path,
    /// The temporary relations of the script that is followed.
    temporary: BTreeSet<String>,
    /// What `entries` held before, when the script began.
    journal: HashMap<Object, Option<Rc<Entry<'a>>>>,
    /// What `hidden` was then, if it has changed.
    hidden_before: Option<BTreeSet<String>>,
}

/// Where a script's unqualified names are.
#[derive(Clone, Default)]
pub(crate) enum Path {
    /// In `public`.
    #[default]
    Public,
    /// In this schema.
    Schema(String),
    /// Anywhere.
    Unknown,
}

/// What a script has changed of a [`State`].
pub(crate) struct Journal<'a> {
    before: HashMap<Object, Option<Rc<Entry<'a>>>>,
    hidden: Option<BTreeSet<String>>,
}

impl<'a> Journal<'a> {
    /// The objects that were made, dropped or changed.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.before.keys()
    }

    /// What there was of an object before, if the script has changed it.
    pub(crate) fn before(&self, object: &Object) -> Before<'_, 'a> {
        match self.before.get(object) {
            Some(Some(entry)) => Before::There(entry),
            Some(None) => Before::Absent,
            None => Before::Same,
        }
    }
}

/// What there was of an object before a script.
pub(crate) enum Before<'s, 'a> {
    /// This.
    There(&'s Entry<'a>),
    /// Nothing.
    Absent,
    /// What there is after it.
    Same,
}

impl<'a> State<'a> {
    /// An object that is there, but for columns and constraints.
    pub(crate) fn get(&self, object: &Object) -> Option<&Entry<'a>> {
        self.entries.get(&self.key(object)?).map(Rc::as_ref)
    }

    /// An object by its name and schema.
    pub(crate) fn at(&self, key: &Object) -> Option<&Entry<'a>> {
        self.entries.get(key).map(Rc::as_ref)
    }

    /// A table of which something is known.
    pub(crate) fn table(&self, name: &Name) -> Option<&Table<'a>> {
        self.get(&relation(name.clone()))?.table.as_ref()
    }

    /// Where an object that is there was made, a column or constraint too.
    pub(crate) fn made(&self, object: &Object) -> Option<Site<'a>> {
        let part_of = |object: &Object| self.table(object.of.as_ref()?);
        match object.space {
            Space::Column => Some(part_of(object)?.columns.get(&object.name.name)?.site),
            Space::Constraint => Some(part_of(object)?.constraints.get(&object.name.name)?.site),
            _ => self.get(object)?.site,
        }
    }

    /// Whether an object may be there or not, whatever the scripts tell.
    pub(crate) fn is_hidden(&self, object: &Object) -> bool {
        let of = object
            .of
            .as_ref()
            .is_some_and(|of| self.hidden.contains(&of.name));
        of || self.hidden.contains(&object.name.name) || self.key(object).is_none()
    }

    /// Whether a part of a statement leaves an object that it makes or drops as it
    /// is, because of its IF NOT EXISTS or IF EXISTS.
    pub(crate) fn is_idle(&self, sql: &Sql<'_>, mention: &Mention, part: Id) -> bool {
        let has = |node, kind| sql.child(node, kind).is_some();
        let is_made = self.made(&mention.object).is_some() && !self.is_other_routine(sql, mention);
        let is_altered_if_there = part != mention.statement
            && has(mention.statement, Kind::IF_EXISTS)
            && mention
                .object
                .of
                .as_ref()
                .is_some_and(|of| self.get(&relation(of.clone())).is_none());
        match mention.deed {
            _ if is_altered_if_there => true,
            Deed::Make => has(part, Kind::IF_NOT_EXISTS) && is_made,
            Deed::Drop => has(part, Kind::IF_EXISTS) && !is_made,
            Deed::Change | Deed::Use => false,
        }
    }

    /// Whether a DROP names a function by arguments that none of its name has.
    fn is_other_routine(&self, sql: &Sql<'_>, mention: &Mention) -> bool {
        if mention.object.space != Space::Routine || mention.deed != Deed::Drop {
            return false;
        }
        let mut lists = sql.descendants(mention.statement).filter(|&id| {
            sql.kind(id) == Kind::PARAM_LIST && sql.range(sql.parent(id)).start == mention.offset
        });
        let dropped = lists.next().and_then(|list| text::arguments(sql, list));
        let (Some(dropped), Some(entry)) = (dropped, self.get(&mention.object)) else {
            return false;
        };
        let is_other = |made: &Option<Vec<String>>| {
            made.as_ref()
                .is_some_and(|made| text::are_other_arguments(made, &dropped))
        };
        entry.arguments.iter().all(is_other)
    }

    /// Where a script's names are looked up at the point that is reached.
    pub(crate) fn path(&self) -> Path {
        self.path.clone()
    }

    /// Begins to follow a script: names are looked up in `public` again.
    pub(crate) fn begin(&mut self) {
        self.path = Path::Public;
        self.temporary.clear();
        self.journal.clear();
        self.hidden_before = None;
    }

    /// What was changed since the script began.
    pub(crate) fn end(&mut self) -> Journal<'a> {
        Journal {
            before: std::mem::take(&mut self.journal),
            hidden: self.hidden_before.take(),
        }
    }

    /// Takes back what a script has changed.
    pub(crate) fn revert(&mut self, journal: Journal<'a>) {
        if let Some(hidden) = journal.hidden {
            self.hidden = hidden;
        }
        for (object, before) in journal.before {
            match before {
                Some(entry) => self.entries.insert(object, entry),
                None => self.entries.remove(&object),
            };
        }
    }

    /// Follows a whole script.
    pub(crate) fn follow_script(&mut self, script: &'a Script<'a>) {
        self.begin();
        for statement in script.sql.statements() {
            self.follow(script, statement);
        }
    }

    /// Passes over a script that cannot be followed: what it names is not known.
    pub(crate) fn skip(&mut self, script: &Script<'_>) {
        self.begin();
        self.hide(hidden::names(script.sql.text));
    }

    /// Follows a statement.
    pub(crate) fn follow(&mut self, script: &'a Script<'a>, statement: Id) {
        let sql = &script.sql;
        match effect(sql, statement) {
            Effect::Written => {}
            Effect::Names(names) => self.hide(names),
            Effect::Anything => self.forget(),
        }
        self.path = search_path(sql, statement).unwrap_or_else(|| self.path.clone());
        let mentions = mentions_of(script, statement);
        if self.is_idle_as_a_whole(sql, statement, mentions) {
            return;
        }
        self.objects(script, statement, mentions);
        self.links(sql, statement);
        self.actions(script, statement);
    }

    fn is_idle_as_a_whole(&self, sql: &Sql<'_>, statement: Id, mentions: &[Mention]) -> bool {
        let is_optional = sql.child(statement, Kind::IF_NOT_EXISTS).is_some();
        let mut made = mentions.iter().filter(|one| one.deed == Deed::Make);
        is_optional
            && made
                .next()
                .is_some_and(|one| self.made(&one.object).is_some())
    }

    /// What is made, dropped and renamed as a whole.
    fn objects(&mut self, script: &'a Script<'a>, statement: Id, mentions: &[Mention]) {
        let sql = &script.sql;
        let mut renamed: Option<&Mention> = None;
        for mention in mentions {
            if matches!(mention.object.space, Space::Column | Space::Constraint) {
                continue;
            }
            match mention.deed {
                Deed::Drop if self.is_other_routine(sql, mention) => {}
                Deed::Drop => {
                    if let Some(old) = renamed.replace(mention) {
                        self.drop_with_all(sql, statement, &old.object);
                    }
                }
                Deed::Make => match renamed.take() {
                    Some(old) if old.offset == mention.offset => {
                        self.rename(&old.object, &mention.object);
                    }
                    old => {
                        if let Some(old) = old {
                            self.drop_with_all(sql, statement, &old.object);
                        }
                        self.make(script, mention);
                    }
                },
                Deed::Change | Deed::Use => {}
            }
        }
        if let Some(old) = renamed {
            self.drop_with_all(sql, statement, &old.object);
        }
    }

    fn make(&mut self, script: &'a Script<'a>, mention: &Mention) {
        let (sql, statement) = (&script.sql, mention.statement);
        let object = &mention.object;
        if sql.find(statement, Kind::TEMP).is_some() {
            self.temporary.insert(object.name.name.clone());
            return;
        }
        let Some(mut key) = self.key(object) else {
            self.hide_name(&object.name.name);
            return;
        };
        let kind = sql.kind(statement);
        if kind == Kind::CREATE_SCHEMA && object.space != Space::Schema {
            let schema = sql
                .find(statement, Kind::SCHEMA)
                .and_then(|id| name_of(sql, id));
            key.name.schema = key.name.schema.or(schema.map(|schema| schema.name));
        }
        let site = Site {
            script,
            offset: mention.offset,
        };
        let text = text::definition(sql, statement);
        if object.space == Space::Routine {
            let list = sql.find(statement, Kind::PARAM_LIST);
            let arguments = list.and_then(|list| text::arguments(sql, list));
            return self.make_routine(key, site, text, arguments);
        }
        let mut entry = Entry {
            site: Some(site),
            text: Some(text),
            is_outdated: false,
            owners: Vec::new(),
            table: None,
            arguments: Vec::new(),
        };
        match kind {
            Kind::CREATE_TABLE
            | Kind::CREATE_FOREIGN_TABLE
            | Kind::CREATE_TABLE_AS
            | Kind::SELECT_INTO => {
                entry.table = Some(self.new_table(sql, statement, site, &mut entry.owners));
            }
            Kind::CREATE_SCHEMA => entry.text = None,
            Kind::CREATE_INDEX => entry.owners.extend(index_owner(sql, statement)),
            Kind::CREATE_VIEW | Kind::CREATE_MATERIALIZED_VIEW | Kind::CREATE_SEQUENCE => {}
            _ => {
                if let Some(of) = &key.of {
                    entry.owners.push(Owner {
                        relation: of.clone(),
                        columns: Vec::new(),
                    });
                }
            }
        }
        if self.hidden.contains(&key.name.name) {
            self.before_hiding();
            self.hidden.remove(&key.name.name);
        }
        self.set(key, Some(Rc::new(entry)));
    }

    /// Functions of one name are told apart no further than this.
    fn make_routine(
        &mut self,
        key: Object,
        site: Site<'a>,
        text: String,
        arguments: Option<Vec<String>>,
    ) {
        let head = |text: &str| {
            text.split(" returns ")
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let is_other = self
            .entries
            .get(&key)
            .is_some_and(|old| old.text.as_ref().is_none_or(|old| head(old) != head(&text)));
        let old = self.entries.get(&key);
        let mut all = old.map_or_else(Vec::new, |old| old.arguments.clone());
        all.push(arguments);
        let entry = Entry {
            site: Some(site),
            text: (!is_other).then_some(text),
            is_outdated: false,
            owners: Vec::new(),
            table: None,
            arguments: all,
        };
        if is_other {
            self.hide_name(&key.name.name);
        }
        self.set(key, Some(Rc::new(entry)));
    }

    fn new_table(
        &self,
        sql: &Sql<'_>,
        statement: Id,
        site: Site<'a>,
        owners: &mut Vec<Owner>,
    ) -> Table<'a> {
        let kind = sql.kind(statement);
        let list = sql.child(statement, Kind::TABLE_ARG_LIST);
        let has = |kind| sql.child(statement, kind).is_some();
        let is_copied =
            matches!(kind, Kind::CREATE_TABLE_AS | Kind::SELECT_INTO) || has(Kind::OF_TYPE);
        let extent = if is_copied {
            Extent::Part
        } else {
            Extent::Whole
        };
        let mut table = Table::new(extent);
        if has(Kind::UNLOGGED) || sql.child(statement, Kind::UNLOGGED_KW).is_some() {
            table
                .facts
                .insert(table::Facet::Logged, "UNLOGGED".to_owned());
        }
        for clause in [Kind::INHERITS, Kind::PARTITION_OF] {
            let Some(clause_id) = sql.child(statement, clause) else {
                continue;
            };
            for parent in names_in(sql, clause_id) {
                self.copy(&mut table, &parent, Copied::Everything);
                if clause == Kind::PARTITION_OF {
                    owners.push(Owner {
                        relation: parent.clone(),
                        columns: Vec::new(),
                    });
                }
                table.parents.push(parent);
            }
        }
        for part in list.into_iter().flat_map(|list| sql.children(list)) {
            if sql.kind(part) == Kind::LIKE_CLAUSE {
                let has = |kind| sql.find(part, kind).is_some();
                let copied = match has(Kind::PROPERTY_ALL) {
                    true => Copied::Everything,
                    false => Copied::TypesAlone,
                };
                for source in names_in(sql, part) {
                    self.copy(&mut table, &source, copied);
                }
            } else {
                table.take_in(sql, part, site);
            }
        }
        table
    }

    /// Takes the columns of another table into a new one.
    fn copy(&self, table: &mut Table<'a>, from: &Name, copied: Copied) {
        let Some(source) = self.table(from) else {
            table.extent = Extent::Part;
            return;
        };
        if source.extent == Extent::Part {
            table.extent = Extent::Part;
        }
        for (name, column) in &source.columns {
            let mut column = column.clone();
            if copied == Copied::TypesAlone {
                column
                    .facts
                    .retain(|facet, _| matches!(facet, table::Facet::Type | table::Facet::NotNull));
            }
            table.columns.insert(name.clone(), column);
        }
    }

    /// Drops an object and what goes with it.
    fn drop_with_all(&mut self, sql: &Sql<'_>, statement: Id, object: &Object) {
        let Some(key) = self.key(object) else {
            return;
        };
        if sql.find(statement, Kind::CASCADE).is_some() {
            self.cascade(&key);
        }
        self.remove(&key);
    }

    fn remove(&mut self, key: &Object) {
        if key.space == Space::Schema {
            let inside = self.keys(|one, _| one.name.schema.as_ref() == Some(&key.name.name));
            for one in inside {
                self.set(one, None);
            }
        }
        self.set(key.clone(), None);
        if key.space == Space::Relation {
            let owned =
                self.keys(|_, entry| entry.owners.iter().any(|owner| owner.relation == key.name));
            for one in owned {
                self.remove(&one);
            }
        }
    }

    /// Of what names something that is dropped with CASCADE, nothing is known.
    fn cascade(&mut self, key: &Object) {
        let name = &key.name.name;
        let named = self.keys(|_, entry| {
            let text = entry.text.as_deref().unwrap_or_default();
            entry.table.is_none() && text.split(' ').any(|word| word == name)
        });
        for one in named {
            self.hide_name(&one.name.name);
            self.set(one, None);
        }
        let tables = self.keys(|_, entry| entry.table.is_some());
        for one in tables {
            self.edit(&one, |entry| {
                if let Some(table) = &mut entry.table {
                    table
                        .constraints
                        .retain(|_, one| !one.text.split(' ').any(|word| word == name));
                    if matches!(key.space, Space::Type | Space::Extension | Space::Routine) {
                        table.columns.retain(|_, column| {
                            let of_type = column.facts.get(&table::Facet::Type);
                            of_type.is_some_and(|text| !text.contains(name.as_str()))
                        });
                        table.extent = Extent::Part;
                        table.forget(&table::Facet::Default);
                    }
                }
            });
        }
    }

    /// Postgres renames what is renamed in definitions too.
    fn outdate(&mut self, name: &str) {
        let named = self.keys(|_, entry| {
            let text = entry.text.as_deref().unwrap_or_default().to_lowercase();
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            entry.table.is_none() && words.any(|word| word == name.to_lowercase())
        });
        for one in named {
            self.edit(&one, |entry| entry.is_outdated = true);
        }
    }

    fn rename(&mut self, from: &Object, to: &Object) {
        self.outdate(&from.name.name);
        let (Some(from), Some(mut to)) = (self.key(from), self.key(to)) else {
            return;
        };
        if to.name.schema.is_none() && matches!(self.path, Path::Schema(_)) {
            to.name.schema.clone_from(&from.name.schema);
        }
        match from.space {
            Space::Schema => {
                let inside = self.keys(|one, _| one.name.schema.as_ref() == Some(&from.name.name));
                for one in inside {
                    let mut moved = one.clone();
                    moved.name.schema = Some(to.name.name.clone());
                    self.move_entry(&one, moved);
                }
            }
            Space::Type => self.forget_type(&from.name.name),
            Space::Relation => {
                self.rename_key(&from.name.name, &to.name.name);
                let parts = self.keys(|one, _| one.of.as_ref() == Some(&from.name));
                for one in parts {
                    let of = Some(to.name.clone());
                    self.move_entry(&one.clone(), Object { of, ..one });
                }
                let owned = self.keys(|_, entry| {
                    let is_owner = entry.owners.iter().any(|owner| owner.relation == from.name);
                    let parents = entry.table.iter().flat_map(|table| &table.parents);
                    is_owner || parents.into_iter().any(|parent| *parent == from.name)
                });
                for one in owned {
                    self.edit(&one, |entry| {
                        let owners = entry.owners.iter_mut().map(|owner| &mut owner.relation);
                        let parents = entry.table.iter_mut().flat_map(|table| &mut table.parents);
                        for name in owners.chain(parents).filter(|name| **name == from.name) {
                            name.clone_from(&to.name);
                        }
                    });
                }
            }
            _ => {}
        }
        self.move_entry(&from, to);
    }

    /// An index of a constraint is renamed with it.
    fn rename_key(&mut self, from: &str, to: &str) {
        let has = |entry: &Entry<'_>| {
            let table = entry.table.as_ref();
            table.is_some_and(|table| table.constraints.contains_key(from))
        };
        for one in self.keys(|_, entry| has(entry)) {
            self.edit(&one, |entry| {
                let table = entry.table.as_mut();
                if let Some(table) = table
                    && let Some(constraint) = table.constraints.remove(from)
                {
                    table.constraints.insert(to.to_owned(), constraint);
                }
            });
        }
    }

    fn move_entry(&mut self, from: &Object, to: Object) {
        if let Some(entry) = self.entries.get(from).cloned() {
            self.set(from.clone(), None);
            self.set(to, Some(entry));
        }
    }

    /// A type that has another name, or other values.
    fn forget_type(&mut self, name: &str) {
        let tables = self.keys(|_, entry| entry.table.is_some());
        for one in tables {
            self.edit(&one, |entry| {
                for column in entry
                    .table
                    .iter_mut()
                    .flat_map(|table| table.columns.values_mut())
                {
                    let of_type = column.facts.get(&table::Facet::Type);
                    if of_type.is_some_and(|text| text.contains(name)) {
                        column.facts.remove(&table::Facet::Type);
                    }
                }
            });
        }
    }

    /// What comes to belong to something that is there already.
    fn links(&mut self, sql: &Sql<'_>, statement: Id) {
        let named = |within, kind| sql.find(within, kind).and_then(|id| name_of(sql, id));
        for part in sql.children(statement) {
            self.give_up(sql, statement, part);
            let (child, owner) = match sql.kind(part) {
                Kind::ATTACH_PARTITION => (
                    named(part, Kind::TABLE_NAME_REF),
                    named(statement, Kind::TABLE_NAME_REF).map(|name| (name, Vec::new())),
                ),
                Kind::ATTACH_INDEX_PARTITION => (
                    named(part, Kind::INDEX_REF),
                    named(statement, Kind::INDEX_REF).map(|name| (name, Vec::new())),
                ),
                Kind::OPTION_OWNED_BY => (
                    named(statement, Kind::SEQUENCE_REF)
                        .or_else(|| named(statement, Kind::SEQUENCE)),
                    sequence_owner(sql, part),
                ),
                Kind::SEQUENCE_OPTION_LIST => (
                    named(statement, Kind::SEQUENCE_REF)
                        .or_else(|| named(statement, Kind::SEQUENCE)),
                    sql.child(part, Kind::OPTION_OWNED_BY)
                        .and_then(|id| sequence_owner(sql, id)),
                ),
                Kind::DETACH_PARTITION | Kind::NO_INHERIT_TABLE => {
                    let child = match sql.kind(part) {
                        Kind::DETACH_PARTITION => named(part, Kind::TABLE_NAME_REF),
                        _ => named(statement, Kind::TABLE_NAME_REF),
                    };
                    if let Some(child) = child {
                        self.edit(&relation(child), |entry| {
                            entry.owners.clear();
                            if let Some(table) = &mut entry.table {
                                table.parents.clear();
                            }
                        });
                    }
                    continue;
                }
                _ => continue,
            };
            let (Some(child), Some((owner, columns))) = (child, owner) else {
                continue;
            };
            let is_partition = sql.kind(part) == Kind::ATTACH_PARTITION;
            let owner = self.key(&relation(owner)).map(|key| key.name);
            let Some(owner) = owner else { continue };
            self.edit(&relation(child), |entry| {
                if is_partition {
                    entry
                        .table
                        .iter_mut()
                        .for_each(|table| table.parents.push(owner.clone()));
                }
                entry.owners.push(Owner {
                    relation: owner,
                    columns,
                });
            });
        }
    }

    /// A sequence has one owner: `OWNED BY` takes it from the former one.
    fn give_up(&mut self, sql: &Sql<'_>, statement: Id, part: Id) {
        let is_owned = sql.kind(part) == Kind::OPTION_OWNED_BY
            || sql.child(part, Kind::OPTION_OWNED_BY).is_some();
        let name = [Kind::SEQUENCE_REF, Kind::SEQUENCE]
            .into_iter()
            .find_map(|kind| sql.find(statement, kind))
            .and_then(|id| name_of(sql, id));
        if let Some(name) = name.filter(|_| is_owned) {
            self.edit(&relation(name), |entry| entry.owners.clear());
        }
    }

    /// What ALTER TABLE does to columns, constraints and settings.
    fn actions(&mut self, script: &'a Script<'a>, statement: Id) {
        let sql = &script.sql;
        match sql.kind(statement) {
            Kind::ALTER_TABLE | Kind::ALTER_FOREIGN_TABLE => {}
            Kind::ALTER_TYPE | Kind::ALTER_DOMAIN => {
                for mention in mentions_of(script, statement) {
                    self.edit(&mention.object, |entry| entry.text = None);
                }
                return;
            }
            _ => return,
        }
        let name = sql.find(statement, Kind::TABLE_NAME_REF);
        let Some(name) = name.and_then(|id| name_of(sql, id)) else {
            return;
        };
        let Some(key) = self.key(&relation(name)) else {
            return;
        };
        let is_only = sql
            .child(statement, Kind::TABLE_RELATION_NAME)
            .is_some_and(|id| sql.child(id, Kind::ONLY_KW).is_some());
        let is_optional = sql.child(statement, Kind::IF_EXISTS).is_some();
        if !self.entries.contains_key(&key) {
            let is_renamed = sql.child(statement, Kind::TABLE_RENAME_TO).is_some()
                || sql.child(statement, Kind::SET_SCHEMA).is_some();
            if is_optional || is_renamed {
                return;
            }
            // Nobody makes it; what is done to it is known.
            let table = Some(Table::new(Extent::Part));
            let entry = Entry {
                site: None,
                text: None,
                is_outdated: false,
                owners: Vec::new(),
                table,
                arguments: Vec::new(),
            };
            self.set(key.clone(), Some(Rc::new(entry)));
        }
        let mut tables = vec![key];
        if !is_only {
            self.add_children(&mut tables);
        }
        for action in sql.children(statement) {
            if sql.is_leaf(action) {
                continue;
            }
            let site = Site {
                script,
                offset: sql.range(action).start,
            };
            for one in &tables {
                self.drop_with_column(sql, one, action);
                self.edit(one, |entry| {
                    if let Some(table) = &mut entry.table {
                        table.change(sql, action, site);
                    }
                });
            }
        }
    }

    /// The tables that take part in what is done to one.
    fn add_children(&self, tables: &mut Vec<Object>) {
        let mut at = 0;
        while let Some(parent) = tables.get(at).map(|one| one.name.clone()) {
            let children = self.keys(|_, entry| {
                let table = entry.table.as_ref();
                table.is_some_and(|table| table.parents.contains(&parent))
            });
            for child in children {
                if !tables.contains(&child) {
                    tables.push(child);
                }
            }
            at += 1;
        }
    }

    /// Indexes and sequences go with a column of theirs.
    fn drop_with_column(&mut self, sql: &Sql<'_>, table: &Object, action: Id) {
        let column = table::column_of(sql, action);
        let Some(column) = column else { return };
        match sql.kind(action) {
            Kind::DROP_COLUMN => {
                let owned = self.keys(|_, entry| {
                    entry.owners.iter().any(|owner| {
                        owner.relation == table.name && owner.columns.contains(&column)
                    })
                });
                for one in owned {
                    self.remove(&one);
                }
                if sql.child(action, Kind::CASCADE_KW).is_some()
                    || sql.find(action, Kind::CASCADE).is_some()
                {
                    self.cascade(table);
                }
            }
            Kind::RENAME_COLUMN => {
                let new = sql
                    .child(action, Kind::COLUMN_NAME)
                    .and_then(|id| name_of(sql, id));
                let Some(new) = new else { return };
                self.outdate(&column);
                let owned = self.keys(|_, entry| {
                    entry
                        .owners
                        .iter()
                        .any(|owner| owner.relation == table.name)
                });
                for one in owned {
                    self.edit(&one, |entry| {
                        let own = entry
                            .owners
                            .iter_mut()
                            .filter(|owner| owner.relation == table.name);
                        for name in own.flat_map(|owner| &mut owner.columns) {
                            if *name == column {
                                name.clone_from(&new.name);
                            }
                        }
                    });
                }
            }
            _ => {}
        }
    }

    fn hide(&mut self, names: BTreeSet<String>) {
        let hidden = self.keys(|one, _| {
            names.contains(&one.name.name)
                || one.of.as_ref().is_some_and(|of| names.contains(&of.name))
        });
        for one in hidden {
            self.set(one, None);
        }
        self.before_hiding();
        self.hidden.extend(names);
    }

    fn hide_name(&mut self, name: &str) {
        self.before_hiding();
        self.hidden.insert(name.to_owned());
    }

    fn before_hiding(&mut self) {
        if self.hidden_before.is_none() {
            self.hidden_before = Some(self.hidden.clone());
        }
    }

    fn forget(&mut self) {
        for one in self.keys(|_, _| true) {
            self.hide_name(&one.name.name);
            self.set(one, None);
        }
    }

    fn keys(&self, is_it: impl Fn(&Object, &Entry<'a>) -> bool) -> Vec<Object> {
        let entries = self.entries.iter();
        let found = entries.filter(|(object, entry)| is_it(object, entry));
        found.map(|(object, _)| object.clone()).collect()
    }

    fn set(&mut self, key: Object, entry: Option<Rc<Entry<'a>>>) {
        let before = match entry {
            Some(entry) => self.entries.insert(key.clone(), entry),
            None => self.entries.remove(&key),
        };
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

    /// Where an object is to be looked for; nothing if that is not known.
    fn key(&self, object: &Object) -> Option<Object> {
        let name = object.of.as_ref().unwrap_or(&object.name);
        let is_temporary = name.schema.is_none() && self.temporary.contains(&name.name);
        self.path.key(object).filter(|_| !is_temporary)
    }
}

impl Path {
    /// An object with its schema; nothing where that is not known.
    pub(crate) fn key(&self, object: &Object) -> Option<Object> {
        let is_global = matches!(object.space, Space::Schema | Space::Extension);
        let resolve = |name: &Name| match self {
            Path::Schema(schema) if name.schema.is_none() && !is_global => Some(Name {
                schema: Some(schema.clone()),
                name: name.name.clone(),
            }),
            Path::Unknown if name.schema.is_none() && !is_global => None,
            _ => Some(name.clone()),
        };
        Some(match &object.of {
            Some(of) => Object {
                of: Some(resolve(of)?),
                ..object.clone()
            },
            None => Object {
                name: resolve(&object.name)?,
                ..object.clone()
            },
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Copied {
    Everything,
    TypesAlone,
}

pub(crate) fn relation(name: Name) -> Object {
    Object {
        space: Space::Relation,
        name,
        of: None,
    }
}

/// What a statement mentions; mentions are in the order of the statements.
pub(crate) fn mentions_of<'s>(script: &'s Script<'_>, statement: Id) -> &'s [Mention] {
    let all = &script.mentions;
    let start = all.partition_point(|one| one.statement < statement);
    let end = all.partition_point(|one| one.statement <= statement);
    all.get(start..end).unwrap_or_default()
}

fn names_in(sql: &Sql<'_>, within: Id) -> Vec<Name> {
    let is_table =
        |&id: &Id| matches!(sql.kind(id), Kind::TABLE_NAME_REF | Kind::RELATION_NAME_REF);
    let nodes = sql.descendants(within).filter(is_table);
    nodes.filter_map(|id| name_of(sql, id)).collect()
}

fn index_owner(sql: &Sql<'_>, statement: Id) -> Option<Owner> {
    let relation = names_in(sql, statement).into_iter().next()?;
    let is_column = |&id: &Id| sql.kind(id) == Kind::NAME_REF;
    let names = sql.descendants(statement).filter(is_column);
    let columns = names
        .filter_map(|id| name_of(sql, id))
        .map(|name| name.name)
        .collect();
    Some(Owner { relation, columns })
}

fn sequence_owner(sql: &Sql<'_>, clause: Id) -> Option<(Name, Vec<String>)> {
    let segments = sql
        .descendants(clause)
        .filter(|&id| sql.kind(id) == Kind::PATH_SEGMENT_REF);
    let mut parts: Vec<String> = segments
        .filter_map(|id| name_of(sql, id))
        .map(|name| name.name)
        .collect();
    let column = parts.pop()?;
    Some((Name::of(parts)?, vec![column]))
}

/// Where unqualified names are after a statement, if it says so.
fn search_path(sql: &Sql<'_>, statement: Id) -> Option<Path> {
    if !matches!(sql.kind(statement), Kind::SET | Kind::SELECT | Kind::RESET) {
        return None;
    }
    let text = sql.text_of(statement).to_ascii_lowercase();
    if !text.contains("search_path") {
        return None;
    }
    let names = sql
        .descendants(statement)
        .filter(|&id| matches!(sql.kind(id), Kind::CONFIG_VALUE_NAME | Kind::LITERAL));
    let names: Vec<String> = names
        .map(|id| {
            crate::names::fold(sql.text_of(id))
                .trim_matches('\'')
                .to_owned()
        })
        .filter(|name| !["$user", "pg_catalog", "default"].contains(&name.as_str()))
        .collect();
    Some(
        match (sql.kind(statement), names.first().map(String::as_str)) {
            (Kind::RESET, _) | (Kind::SET, None | Some("public")) => Path::Public,
            (Kind::SET, Some(first)) => Path::Schema(first.to_owned()),
            _ => Path::Unknown,
        },
    )
}
