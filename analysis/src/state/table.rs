//! The columns, constraints and properties of a table.

use std::collections::BTreeMap;

use super::text;
use crate::clauses::{column_of, constraint_name, referred_constraint};
use crate::names::{Name, fold, name_of};
use crate::parse::{Id, Kind, Sql};
use crate::site::Site;

/// A table. If no script creates the table, it has only the changes that scripts make.
#[derive(Clone)]
pub(crate) struct Table<'a> {
    pub(crate) columns: BTreeMap<String, Column<'a>>,
    pub(crate) constraints: BTreeMap<String, Constraint<'a>>,
    /// The properties of the table itself.
    pub(crate) properties: BTreeMap<Property, String>,
    pub(crate) knowledge: Knowledge,
    /// The tables that it inherits from, or the table of which it is a partition.
    pub(crate) parents: Vec<Name>,
}

/// How much of a table the scripts show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// All columns.
    Complete,
    /// Some columns may be missing.
    Partial,
}

/// A column.
#[derive(Clone)]
pub(crate) struct Column<'a> {
    pub(crate) site: Site<'a>,
    /// The known properties.
    pub(crate) properties: BTreeMap<Property, String>,
}

/// A constraint with a name.
#[derive(Clone)]
pub(crate) struct Constraint<'a> {
    pub(crate) site: Site<'a>,
    /// The definition, for comparison.
    pub(crate) text: String,
    /// The words of the definition. The names of its columns are among them.
    words: Vec<String>,
}

/// A property that ALTER TABLE sets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Property {
    /// The type of a column.
    Type,
    /// Whether a column is NOT NULL: `NOT NULL` or empty.
    NotNull,
    /// The default of a column, or empty.
    Default,
    /// The identity of a column: `ALWAYS`, `BY DEFAULT` or empty.
    Identity,
    /// `ENABLE` or `DISABLE`.
    RowSecurity,
    /// `FORCE` or `NO FORCE`.
    ForcedRowSecurity,
    /// `LOGGED` or `UNLOGGED`.
    Logged,
    /// The state of a trigger: `ENABLE`, `DISABLE`, `ENABLE ALWAYS` or `ENABLE REPLICA`.
    Trigger(String),
}

/// A property that an action of ALTER TABLE sets. Without a value, the property becomes unknown.
pub(crate) struct Setting {
    /// The column. `None` for a property of the table.
    pub(crate) column: Option<String>,
    pub(crate) property: Property,
    pub(crate) value: Option<String>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(knowledge: Knowledge) -> Table<'a> {
        let mut properties = BTreeMap::new();
        if knowledge == Knowledge::Complete {
            properties.insert(Property::RowSecurity, "DISABLE".to_owned());
            properties.insert(Property::ForcedRowSecurity, "NO FORCE".to_owned());
            properties.insert(Property::Logged, "LOGGED".to_owned());
        }
        Table {
            columns: BTreeMap::new(),
            constraints: BTreeMap::new(),
            properties,
            knowledge,
            parents: Vec::new(),
        }
    }

    /// Adds a column or a constraint.
    pub(super) fn add_part(&mut self, sql: &Sql<'_>, part: Id, site: Site<'a>) {
        match sql.kind(part) {
            Kind::COLUMN | Kind::ADD_COLUMN => self.add_column(sql, part, site),
            _ => self.add_constraint(sql, part, site, None),
        }
    }

    fn add_column(&mut self, sql: &Sql<'_>, part: Id, site: Site<'a>) {
        let Some(name) = column_of(sql, part) else {
            return;
        };
        let mut properties = BTreeMap::new();
        properties.extend(text::type_of(sql, part).map(|text| (Property::Type, text)));
        let is_serial = text::is_serial(sql, part);
        let default = match is_serial {
            true => "nextval",
            false => "",
        };
        properties.insert(Property::Default, default.to_owned());
        properties.insert(Property::NotNull, not_null(is_serial));
        properties.insert(Property::Identity, String::new());
        for constraint in sql.children(part) {
            match sql.kind(constraint) {
                Kind::NOT_NULL_CONSTRAINT | Kind::PRIMARY_KEY_CONSTRAINT => {
                    properties.insert(Property::NotNull, not_null(true));
                }
                Kind::DEFAULT_CONSTRAINT => {
                    set(
                        &mut properties,
                        Property::Default,
                        default_of(sql, constraint),
                    );
                }
                Kind::GENERATED_CONSTRAINT => {
                    properties.remove(&Property::Default);
                    if let Some(identity) = identity_of(sql, constraint) {
                        properties.insert(Property::NotNull, not_null(true));
                        properties.insert(Property::Identity, identity);
                    }
                }
                _ => {}
            }
        }
        let columns: Vec<Id> = sql.children(part).collect();
        self.columns
            .insert(name.clone(), Column { site, properties });
        for constraint in columns {
            self.add_constraint(sql, constraint, site, Some(&name));
        }
    }

    fn add_constraint(&mut self, sql: &Sql<'_>, part: Id, site: Site<'a>, column: Option<&str>) {
        match sql.kind(part) {
            Kind::PRIMARY_KEY_CONSTRAINT => {
                let mut keys = Vec::from_iter(column.map(str::to_owned));
                keys.extend(columns_of(sql, part));
                for key in &keys {
                    self.set_column(key, Property::NotNull, Some(not_null(true)));
                }
                if keys.is_empty() {
                    self.forget(&Property::NotNull);
                }
            }
            Kind::NOT_NULL_CONSTRAINT if column.is_none() => {
                if let Some(key) = column_of(sql, part) {
                    self.set_column(&key, Property::NotNull, None);
                }
            }
            _ => {}
        }
        let Some(name) = constraint_name(sql, part) else {
            return;
        };
        let text = text::definition(sql, part);
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        words.extend(column.map(str::to_owned));
        self.constraints
            .insert(name, Constraint { site, text, words });
    }

    /// Follows an action of ALTER TABLE.
    pub(super) fn change(&mut self, sql: &Sql<'_>, action: Id, site: Site<'a>) {
        let has = |kind| sql.child(action, kind).is_some();
        match sql.kind(action) {
            Kind::ADD_COLUMN => {
                let is_there =
                    column_of(sql, action).is_some_and(|name| self.columns.contains_key(&name));
                if !(is_there && has(Kind::IF_NOT_EXISTS)) {
                    self.add_part(sql, action, site);
                }
            }
            Kind::ADD_CONSTRAINT => {
                for part in sql.children(action) {
                    self.add_part(sql, part, site);
                }
            }
            Kind::DROP_COLUMN => {
                if let Some(name) = column_of(sql, action) {
                    self.columns.remove(&name);
                    self.constraints.retain(|_, one| !one.words.contains(&name));
                }
            }
            Kind::RENAME_COLUMN => self.rename_column(sql, action),
            Kind::DROP_CONSTRAINT => self.drop_constraint(sql, action),
            Kind::RENAME_CONSTRAINT => {
                let new = sql.child(action, Kind::CONSTRAINT_NAME);
                let new = new.and_then(|id| name_of(sql, id));
                if let (Some(old), Some(new)) = (referred_constraint(sql, action), new)
                    && let Some(constraint) = self.constraints.remove(&old)
                {
                    self.constraints.insert(new.name, constraint);
                }
            }
            _ => {
                for change in settings(sql, action) {
                    match change.column {
                        Some(column) => self.set_column(&column, change.property, change.value),
                        None => set(&mut self.properties, change.property, change.value),
                    }
                }
            }
        }
    }

    fn drop_constraint(&mut self, sql: &Sql<'_>, action: Id) {
        let Some(name) = referred_constraint(sql, action) else {
            return;
        };
        let dropped = self.constraints.remove(&name);
        // Whether the columns of a dropped key stay NOT NULL depends on the version of Postgres.
        let is_harmless = dropped
            .is_some_and(|one| !one.text.contains("primary key") && !one.text.contains("not null"));
        let is_named_so = ["pk", "primary", "not_null", "key"]
            .iter()
            .any(|part| name.contains(part));
        if !is_harmless && is_named_so {
            self.forget(&Property::NotNull);
        }
    }

    fn rename_column(&mut self, sql: &Sql<'_>, action: Id) {
        let new = sql.child(action, Kind::COLUMN_NAME);
        let new = new.and_then(|id| name_of(sql, id));
        let (Some(old), Some(new)) = (column_of(sql, action), new) else {
            return;
        };
        for constraint in self.constraints.values_mut() {
            for word in constraint.words.iter_mut().filter(|word| **word == old) {
                word.clone_from(&new.name);
            }
        }
        if let Some(column) = self.columns.remove(&old) {
            self.columns.insert(new.name, column);
        }
    }

    fn set_column(&mut self, name: &str, property: Property, value: Option<String>) {
        if let Some(column) = self.columns.get_mut(name) {
            set(&mut column.properties, property, value);
        }
    }

    /// Forgets a property of all columns.
    pub(super) fn forget(&mut self, property: &Property) {
        for column in self.columns.values_mut() {
            column.properties.remove(property);
        }
    }
}

fn set(properties: &mut BTreeMap<Property, String>, property: Property, value: Option<String>) {
    match value {
        Some(value) => properties.insert(property, value),
        None => properties.remove(&property),
    };
}

fn not_null(is: bool) -> String {
    if is { "NOT NULL" } else { "" }.to_owned()
}

/// The properties that an action of ALTER TABLE sets.
pub(crate) fn settings(sql: &Sql<'_>, action: Id) -> Vec<Setting> {
    let of_table = |property, value: &str| {
        vec![Setting {
            column: None,
            property,
            value: Some(value.to_owned()),
        }]
    };
    match sql.kind(action) {
        Kind::ALTER_COLUMN => column_changes(sql, action),
        Kind::ENABLE_RLS => of_table(Property::RowSecurity, "ENABLE"),
        Kind::DISABLE_RLS => of_table(Property::RowSecurity, "DISABLE"),
        Kind::FORCE_RLS => of_table(Property::ForcedRowSecurity, "FORCE"),
        Kind::NO_FORCE_RLS => of_table(Property::ForcedRowSecurity, "NO FORCE"),
        Kind::SET_LOGGED => of_table(Property::Logged, "LOGGED"),
        Kind::SET_UNLOGGED => of_table(Property::Logged, "UNLOGGED"),
        kind => {
            let value = match kind {
                Kind::ENABLE_TRIGGER => "ENABLE",
                Kind::DISABLE_TRIGGER => "DISABLE",
                Kind::ENABLE_ALWAYS_TRIGGER => "ENABLE ALWAYS",
                Kind::ENABLE_REPLICA_TRIGGER => "ENABLE REPLICA",
                _ => return Vec::new(),
            };
            // ALL and USER name no trigger.
            let name = sql.child(action, Kind::TRIGGER_REF);
            let name = name.and_then(|id| name_of(sql, id));
            name.map_or_else(Vec::new, |name| {
                of_table(Property::Trigger(name.name), value)
            })
        }
    }
}

fn column_changes(sql: &Sql<'_>, action: Id) -> Vec<Setting> {
    let Some(column) = column_of(sql, action) else {
        return Vec::new();
    };
    let change = |property, value: Option<String>| Setting {
        column: Some(column.clone()),
        property,
        value,
    };
    let none = || Some(String::new());
    let parts = sql.children(action).map(|part| match sql.kind(part) {
        Kind::SET_TYPE => vec![change(Property::Type, text::type_of(sql, part))],
        Kind::SET_NOT_NULL => vec![change(Property::NotNull, Some(not_null(true)))],
        Kind::DROP_NOT_NULL => vec![change(Property::NotNull, none())],
        Kind::SET_DEFAULT => vec![change(Property::Default, default_of(sql, part))],
        Kind::DROP_DEFAULT => vec![change(Property::Default, none())],
        Kind::ADD_GENERATED => vec![
            change(Property::Identity, identity_of(sql, part)),
            change(Property::Default, None),
        ],
        Kind::SET_GENERATED | Kind::SET_GENERATED_OPTIONS => {
            vec![change(Property::Identity, identity_of(sql, part))]
        }
        Kind::DROP_IDENTITY => vec![
            change(Property::Identity, none()),
            change(Property::Default, None),
        ],
        Kind::SET_EXPRESSION | Kind::DROP_EXPRESSION => vec![change(Property::Default, None)],
        _ => Vec::new(),
    });
    parts.flatten().collect()
}

/// The expression of a default. `None` if it may be NULL.
fn default_of(sql: &Sql<'_>, clause: Id) -> Option<String> {
    let text = text::definition(sql, clause);
    let words: Vec<&str> = text.split(' ').collect();
    let start = words.iter().position(|word| *word == "default")? + 1;
    let end = words.iter().position(|word| *word == ":");
    let words = words.get(start..end.unwrap_or(words.len()))?;
    match words {
        ["null"] if end.is_none() => Some(String::new()),
        ["null", ..] | [] => None,
        words => Some(words.join(" ")),
    }
}

fn identity_of(sql: &Sql<'_>, clause: Id) -> Option<String> {
    let has = |kind| sql.find(clause, kind).is_some();
    let is_identity =
        has(Kind::IDENTITY_KW) || has(Kind::GENERATED_IDENTITY) || has(Kind::GENERATED_BY_DEFAULT);
    match () {
        () if has(Kind::GENERATED_BY_DEFAULT) => Some("BY DEFAULT".to_owned()),
        () if has(Kind::GENERATED_ALWAYS) && is_identity => Some("ALWAYS".to_owned()),
        () => None,
    }
}

fn columns_of(sql: &Sql<'_>, constraint: Id) -> Vec<String> {
    let names = sql.descendants(constraint);
    let names = names.filter(|&id| sql.kind(id) == Kind::COLUMN_NAME_REF);
    names.map(|id| fold(sql.text_of(id))).collect()
}
