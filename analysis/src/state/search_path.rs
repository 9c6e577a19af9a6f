//! The schema of unqualified names.

use crate::names::{Name, fold};
use crate::objects::{Object, Space};
use crate::parse::{Id, Kind, Sql};

/// The schema of unqualified names.
#[derive(Clone, Default)]
pub(crate) enum SearchPath {
    /// `public`.
    #[default]
    Public,
    /// This schema.
    Schema(String),
    /// An unknown schema.
    Unknown,
}

impl SearchPath {
    /// The object with its schema. `None` if the schema is unknown.
    pub(crate) fn key(&self, object: &Object) -> Option<Object> {
        let is_global = matches!(object.space, Space::Schema | Space::Extension);
        let resolve = |name: &Name| match self {
            SearchPath::Schema(schema) if name.schema.is_none() && !is_global => Some(Name {
                schema: Some(schema.clone()),
                name: name.name.clone(),
            }),
            SearchPath::Unknown if name.schema.is_none() && !is_global => None,
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

/// The search path that a statement sets.
pub(super) fn search_path(sql: &Sql<'_>, statement: Id) -> Option<SearchPath> {
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
        .map(|id| fold(sql.text_of(id)).trim_matches('\'').to_owned())
        .filter(|name| !["$user", "pg_catalog", "default"].contains(&name.as_str()))
        .collect();
    Some(
        match (sql.kind(statement), names.first().map(String::as_str)) {
            (Kind::RESET, _) | (Kind::SET, None | Some("public")) => SearchPath::Public,
            (Kind::SET, Some(first)) => SearchPath::Schema(first.to_owned()),
            _ => SearchPath::Unknown,
        },
    )
}
