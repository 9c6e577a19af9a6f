//! Lists what a script does to objects that a service can own.
//!
//! Temporary tables are left out, and so are unqualified names after the script sets its
//! `search_path`.

use std::collections::BTreeSet;

use crate::kinds::is_alter;
use crate::names::{fold, name_of, words};
use crate::objects::{Effect, Mention, Object, Space};
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;

/// The events of a script, and the names that it may create unseen.
#[derive(Default)]
pub(super) struct ScriptEvents {
    pub(super) events: Vec<Event>,
    /// Names of objects that the script may create in function bodies, or under its own
    /// `search_path`. They have no schema.
    pub(super) maybe_created: BTreeSet<String>,
    /// The schemas of extensions. `None` is `public`.
    pub(super) extension_schemas: BTreeSet<Option<String>>,
}

pub(super) struct Event {
    pub(super) action: Action,
    pub(super) object: Object,
    pub(super) offset: usize,
    pub(super) if_missing: IfMissing,
}

impl Event {
    /// The object that exists under a new name afterwards.
    pub(super) fn made(&self) -> Option<&Object> {
        match &self.action {
            Action::Create { .. } => Some(&self.object),
            Action::Rename { to } => Some(to),
            Action::Alter | Action::Drop | Action::Reference => None,
        }
    }
}

/// What a statement does to an object.
pub(super) enum Action {
    /// Creates the object.
    Create {
        creation: Creation,
        signature: String,
    },
    /// Alters the object.
    Alter,
    /// Drops the object.
    Drop,
    /// Gives the object another name or schema.
    Rename { to: Object },
    /// Needs the object.
    Reference,
}

/// What CREATE does if the object exists.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Creation {
    /// It fails or does nothing.
    New,
    /// The same, and the object is in the schema of its table.
    WithTable,
    /// It replaces the object.
    OrReplace,
}

/// What a statement does if its object does not exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMissing {
    Fail,
    Skip,
}

pub(super) fn read(script: &Script<'_>) -> ScriptEvents {
    let mut reader = Reader {
        sql: &script.sql,
        result: ScriptEvents::default(),
        temporary: BTreeSet::new(),
        path: UnqualifiedNames::Public,
    };
    let mut mentions = script.mentions.iter().peekable();
    for statement in script.sql.statements() {
        let of_statement =
            std::iter::from_fn(|| mentions.next_if(|mention| mention.statement == statement));
        reader.statement(statement, of_statement.collect());
    }
    reader.result
}

/// The schema of unqualified names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UnqualifiedNames {
    Public,
    Elsewhere,
}

struct Reader<'s> {
    sql: &'s Sql<'s>,
    result: ScriptEvents,
    temporary: BTreeSet<String>,
    path: UnqualifiedNames,
}

impl Reader<'_> {
    fn statement(&mut self, statement: Id, mentions: Vec<&Mention>) {
        let kind = self.sql.kind(statement);
        self.path = search_path(self.sql, statement).unwrap_or(self.path);
        if matches!(
            kind,
            Kind::DO | Kind::CREATE_FUNCTION | Kind::CREATE_PROCEDURE
        ) {
            self.bodies(statement);
        }
        if kind == Kind::CREATE_EXTENSION {
            let schema = schema_in(self.sql, statement);
            self.result.extension_schemas.insert(schema);
        }
        for mention in mentions {
            self.mention(kind, mention);
        }
    }

    fn mention(&mut self, kind: Kind, mention: &Mention) {
        let Mention {
            effect,
            ref object,
            offset,
            statement,
        } = *mention;
        if !is_judged(object) || self.is_own(statement, effect, object) {
            return;
        }
        let action = match effect {
            Effect::Create if self.is_renamed(kind, object) => return,
            Effect::Create => Action::Create {
                creation: self.creation(statement),
                signature: self.signature(statement, object.space),
            },
            Effect::Drop => Action::Drop,
            Effect::Alter if is_change(kind) => Action::Alter,
            Effect::Alter | Effect::Reference => Action::Reference,
        };
        let passes = self.sql.child(statement, Kind::IF_EXISTS).is_some();
        self.result.events.push(Event {
            action,
            object: object.clone(),
            offset,
            if_missing: if passes {
                IfMissing::Skip
            } else {
                IfMissing::Fail
            },
        });
    }

    /// Whether the last event drops the object under its old name. Turns that event into a rename.
    fn is_renamed(&mut self, kind: Kind, to: &Object) -> bool {
        let events = &mut self.result.events;
        let Some(old) =
            events.pop_if(|event| is_alter(kind) && matches!(event.action, Action::Drop))
        else {
            return false;
        };
        events.pop_if(|event| event.object == old.object && matches!(event.action, Action::Alter));
        events.push(Event {
            action: Action::Rename { to: to.clone() },
            ..old
        });
        true
    }

    /// Whether only the script can see the object.
    fn is_own(&mut self, statement: Id, effect: Effect, object: &Object) -> bool {
        if matches!(object.space, Space::Schema | Space::Extension) {
            return false;
        }
        let name = &object.name.name;
        if let Some(schema) = &object.name.schema {
            return schema == "pg_temp";
        }
        let is_temporary = |kind| self.sql.find(statement, kind).is_some();
        if effect == Effect::Create && is_temporary(Kind::TEMP) {
            self.temporary.insert(name.clone());
        }
        if self.path == UnqualifiedNames::Elsewhere && effect == Effect::Create {
            self.result.maybe_created.insert(name.clone());
        }
        self.path == UnqualifiedNames::Elsewhere || self.temporary.contains(name)
    }

    fn creation(&self, statement: Id) -> Creation {
        let has = |kind| self.sql.child(statement, kind).is_some();
        match () {
            () if has(Kind::OR_REPLACE) => Creation::OrReplace,
            () if self.sql.kind(statement) == Kind::CREATE_INDEX => Creation::WithTable,
            () => Creation::New,
        }
    }

    /// The arguments of a function, as the script writes them.
    fn signature(&self, statement: Id, space: Space) -> String {
        let list = self.sql.find(statement, Kind::PARAM_LIST);
        let Some(list) = list.filter(|_| space == Space::Routine) else {
            return String::new();
        };
        let leaves = self
            .sql
            .descendants(list)
            .filter(|&id| self.sql.is_leaf(id));
        let words: Vec<String> = leaves.map(|id| fold(self.sql.text_of(id))).collect();
        words.join(" ")
    }

    /// Adds the words of function bodies that create or rename objects.
    fn bodies(&mut self, statement: Id) {
        for node in self.sql.descendants(statement) {
            let is_body = matches!(
                self.sql.kind(node),
                Kind::DOLLAR_QUOTED_STRING | Kind::STRING
            );
            if !is_body {
                continue;
            }
            let body = self.sql.text_of(node).to_ascii_lowercase();
            if ["create", "rename", "set schema", "into"]
                .iter()
                .any(|word| body.contains(word))
            {
                self.result.maybe_created.extend(words(&body));
            }
        }
    }
}

/// The schema that a node names. `None` is `public`.
fn schema_in(sql: &Sql<'_>, node: Id) -> Option<String> {
    let schema = sql.find(node, Kind::SCHEMA_REF)?;
    Some(name_of(sql, schema)?.name).filter(|schema| schema != "public")
}

/// Whether a service can own an object. Nobody owns `public`.
fn is_judged(object: &Object) -> bool {
    match object.space {
        Space::Relation | Space::Type | Space::Routine | Space::Extension => true,
        Space::Schema => {
            let name = object.name.name.as_str();
            !name.starts_with("pg_") && name != "public" && name != "information_schema"
        }
        Space::Statistics
        | Space::Trigger
        | Space::Policy
        | Space::Rule
        | Space::Column
        | Space::Constraint => false,
    }
}

/// Whether a statement of this kind changes its object. COMMENT, GRANT and REVOKE do not.
fn is_change(statement: Kind) -> bool {
    !matches!(
        statement,
        Kind::COMMENT_ON | Kind::ALTER_DEFAULT_PRIVILEGES | Kind::GRANT | Kind::REVOKE
    )
}

/// The schema of unqualified names that a statement sets.
fn search_path(sql: &Sql<'_>, statement: Id) -> Option<UnqualifiedNames> {
    if !matches!(sql.kind(statement), Kind::SET | Kind::SELECT | Kind::RESET) {
        return None;
    }
    let text = sql.text_of(statement).to_ascii_lowercase();
    let (before, after) = text.split_once("search_path")?;
    let words = after.split(|c: char| !c.is_alphanumeric() && !"_$".contains(c));
    let mut words = words
        .filter(|word| !word.is_empty() && *word != "to")
        .peekable();
    let is_reset = before.trim_start().starts_with("reset");
    let is_public =
        words.peek().is_some() && words.all(|word| ["public", "default", "$user"].contains(&word));
    let is_set = before.trim_start().starts_with("set");
    match is_reset || is_set && is_public {
        true => Some(UnqualifiedNames::Public),
        false if is_set || before.contains("set_config") => Some(UnqualifiedNames::Elsewhere),
        false => None,
    }
}
