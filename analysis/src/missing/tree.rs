//! The names that all scripts of the tree create.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use migrator_model::file_name::Direction;
use migrator_model::{Code, nearest};

use crate::finding::Finding;
use crate::names::{fold, words};
use crate::objects::{Effect, Mention, Object, Space};
use crate::parse::{Id, Kind, ROOT};
use crate::script::Script;
use crate::state::hidden::is_dynamic;

/// The names that all scripts create.
#[derive(Default)]
pub(super) struct TreeNames {
    /// The schemas that scripts create.
    schemas: BTreeMap<String, SchemaOrigin>,
    /// The names that scripts create in each schema.
    names: BTreeMap<String, BTreeSet<String>>,
    /// The names that scripts create without a schema. Each may be in any schema.
    unqualified: HashSet<String>,
    /// The words in strings and function bodies.
    words: HashSet<String>,
    /// The schemas of extensions.
    extension_schemas: HashSet<String>,
    /// Whether dynamic SQL may create objects whose names start with another object's name.
    may_derive_names: bool,
    /// Whether dynamic SQL may create any object.
    pub(super) may_create_anything: bool,
}

/// Whether a schema may be older than the tree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SchemaOrigin {
    Tree,
    Unknown,
}

impl TreeNames {
    pub(super) fn add(&mut self, script: &Script<'_>) {
        let made = script.mentions.iter();
        let made = made.filter(|mention| mention.effect == Effect::Create);
        for mention in made.filter(|mention| mention.object.of.is_none()) {
            self.add_object(script, mention);
        }
        for statement in script.sql.all_statements() {
            self.add_statement(script, statement);
        }
        self.add_words(script);
    }

    fn add_object(&mut self, script: &Script<'_>, mention: &Mention) {
        let Object { space, name, .. } = &mention.object;
        if *space == Space::Schema {
            let guard = script.sql.child(mention.statement, Kind::IF_NOT_EXISTS);
            let origin = match guard {
                Some(_) => SchemaOrigin::Unknown,
                None => SchemaOrigin::Tree,
            };
            return self.add_schema(&name.name, origin);
        }
        match &name.schema {
            Some(schema) => {
                let names = self.names.entry(schema.clone()).or_default();
                names.insert(name.name.clone());
            }
            None => {
                self.unqualified.insert(name.name.clone());
            }
        }
    }

    fn add_schema(&mut self, name: &str, origin: SchemaOrigin) {
        let known = self.schemas.entry(name.to_owned()).or_insert(origin);
        if origin == SchemaOrigin::Unknown {
            *known = origin;
        }
    }

    fn add_statement(&mut self, script: &Script<'_>, statement: Id) {
        let sql = &script.sql;
        let kind = sql.kind(statement);
        if kind == Kind::CREATE_EXTENSION {
            let names = [Kind::SCHEMA_REF, Kind::EXTENSION];
            let found = names
                .into_iter()
                .filter_map(|kind| sql.find(statement, kind));
            self.extension_schemas
                .extend(found.map(|id| fold(sql.text_of(id))));
            self.extension_schemas.extend(search_path_of(script));
        }
        let is_routine = matches!(kind, Kind::CREATE_FUNCTION | Kind::CREATE_PROCEDURE);
        let is_run = is_dynamic(sql, statement);
        if is_run || is_routine {
            let text = sql.text_of(statement).to_ascii_lowercase();
            let puts_together = text.contains("execute");
            let imports = kind == Kind::IMPORT_FOREIGN_SCHEMA;
            self.may_create_anything |= imports || kind == Kind::DO && puts_together;
            self.may_derive_names |= is_run || puts_together;
        }
    }

    fn add_words(&mut self, script: &Script<'_>) {
        let sql = &script.sql;
        let strings = sql
            .descendants(ROOT)
            .filter(|&id| matches!(sql.kind(id), Kind::STRING | Kind::DOLLAR_QUOTED_STRING));
        for string in strings {
            self.words.extend(words(sql.text_of(string)));
        }
    }

    /// Whether a script needs an object that nothing in the tree can have created.
    pub(super) fn is_missing(&self, script: &Script<'_>, mention: &Mention) -> bool {
        let sql = &script.sql;
        let Object { space, name, of } = &mention.object;
        let Some(schema) = &name.schema else {
            return false;
        };
        let is_judged = matches!(space, Space::Relation | Space::Type | Space::Routine)
            && of.is_none()
            && mention.effect != Effect::Create
            && self.schemas.contains_key(schema);
        let is_tidied = script.direction == Direction::Down && mention.effect == Effect::Drop;
        if !is_judged || is_tidied || sql.child(mention.statement, Kind::IF_EXISTS).is_some() {
            return false;
        }
        // `items.id%TYPE` names a column of a table.
        let rest = sql.text.get(mention.offset..).unwrap_or_default();
        let path = rest
            .split([' ', ',', ')', '(', ';', '\n'])
            .next()
            .unwrap_or_default();
        let own = &name.name;
        let is_made = self
            .names
            .get(schema)
            .is_some_and(|names| names.contains(own))
            || self.unqualified.contains(own)
            || self.words.contains(&own.to_lowercase());
        let may_be = path.contains('%')
            || self.extension_schemas.contains(schema)
            || is_implied(own)
            || self.may_derive_names && self.is_named_after(schema, own);
        !is_made && !may_be
    }

    /// Whether a name starts with the name of a created object, such as `items_2024`.
    fn is_named_after(&self, schema: &str, name: &str) -> bool {
        let names = self.names.get(schema).into_iter().flatten();
        names.chain(&self.unqualified).any(|made| {
            let rest = name.strip_prefix(made.as_str());
            rest.is_some_and(|rest| rest.starts_with('_'))
        })
    }

    pub(super) fn finding<'a>(
        &self,
        script: &'a Script<'a>,
        mention: &Mention,
    ) -> Option<Finding<'a>> {
        let name = &mention.object.name;
        let schema = name.schema.as_ref()?;
        let names = self.names.get(schema).into_iter().flatten();
        let near = nearest(&name.name, names.map(String::as_str));
        let near = near.filter(|near| strsim::osa_distance(near, &name.name) <= 3);
        if near.is_none() && self.schemas.get(schema) == Some(&SchemaOrigin::Unknown) {
            return None;
        }
        let space = mention.object.space;
        let word = match space == Space::Relation {
            true => "table or view",
            false => space.word(),
        };
        let help = match near {
            Some(near) => format!("did you mean `{schema}.{near}`?"),
            None => "correct the name, or create it in an earlier migration".to_owned(),
        };
        Some(Finding::new(
            script,
            Code::M0325,
            mention.offset,
            format!("no script of the tree creates the {word} `{name}`"),
            help,
        ))
    }
}

/// The words of the search paths that a script sets.
fn search_path_of(script: &Script<'_>) -> Vec<String> {
    let sql = &script.sql;
    let sets = sql.all_statements().map(|id| sql.text_of(id));
    let sets = sets.filter(|text| text.to_ascii_lowercase().contains("search_path"));
    let words = sets.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.map(fold).collect()
}

/// Whether Postgres generates such a name for an index, a sequence or a type.
fn is_implied(name: &str) -> bool {
    let ends = [
        "_seq",
        "_pkey",
        "_key",
        "_idx",
        "_excl",
        "_check",
        "_fkey",
        "multirange",
    ];
    name.starts_with('_')
        || name.len() >= 63
        || ends.iter().any(|end| {
            name.trim_end_matches(|c: char| c.is_ascii_digit())
                .ends_with(end)
        })
}
