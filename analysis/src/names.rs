//! Names as Postgres reads them.

use std::fmt;

use crate::parse::{Id, Kind, Sql};

/// A name with its schema, if it is written with one; folded as Postgres folds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    /// The schema; `public` is the same as none.
    pub(crate) schema: Option<String>,
    /// The name itself.
    pub(crate) name: String,
}

impl Name {
    /// A name from its parts, the last of which is its own; what is before the
    /// schema (a database) is left out.
    pub(crate) fn of(mut parts: Vec<String>) -> Option<Name> {
        let name = parts.pop()?;
        let schema = parts.pop().filter(|schema| schema != "public");
        Some(Name { schema, name })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The name that a node spells.
pub(crate) fn name_of(sql: &Sql<'_>, node: Id) -> Option<Name> {
    Name::of(parts_of(sql, node))
}

/// The parts of the name that a node spells, folded: of a path in it, if there
/// is one (a type may have arguments behind it).
pub(crate) fn parts_of(sql: &Sql<'_>, node: Id) -> Vec<String> {
    let is_path = |&node: &Id| matches!(sql.kind(node), Kind::PATH | Kind::PATH_REF);
    let path = sql.descendants(node).find(is_path).unwrap_or(node);
    let mut leaves: Vec<Id> = sql
        .descendants(path)
        .filter(|&id| sql.is_leaf(id))
        .collect();
    if leaves.is_empty() {
        leaves.push(path);
    }
    leaves.retain(|&leaf| sql.kind(leaf) != Kind::DOT);
    leaves
        .into_iter()
        .map(|leaf| fold(sql.text_of(leaf)))
        .collect()
}

/// The bytes of a name that Postgres keeps (`NAMEDATALEN` less one).
pub(crate) const LONGEST: usize = 63;

/// Folds an identifier: unquoted to lower case (ASCII alone, as a UTF-8 server
/// does: `downcase_identifier` in `scansup.c`), quoted to what the quotes hold;
/// cut as `truncate_identifier` cuts, before a character that does not fit.
pub(crate) fn fold(identifier: &str) -> String {
    let mut name = fold_whole(identifier);
    name.truncate(name.floor_char_boundary(LONGEST));
    name
}

/// Folds an identifier without cutting it.
pub(crate) fn fold_whole(identifier: &str) -> String {
    let quoted = identifier
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    match quoted {
        Some(inside) => inside.replace("\"\"", "\""),
        None => identifier.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, fold};

    #[test]
    fn names_are_folded_as_postgres_folds() {
        assert_eq!(fold("Tenants"), "tenants");
        assert_eq!(fold("\"Te\"\"nants\""), "Te\"nants");
    }

    #[test]
    fn names_are_cut_as_postgres_cuts() {
        let cut = fold(&"é".repeat(40));
        assert_eq!(cut, "é".repeat(31));
        assert_eq!(fold(&"A".repeat(70)), "a".repeat(63));
    }

    #[test]
    fn public_is_the_schema_of_what_has_none() {
        let of = |parts: &[&str]| Name::of(parts.iter().map(|p| (*p).to_owned()).collect());
        assert_eq!(of(&["public", "a"]), of(&["a"]));
        assert_eq!(of(&["s", "a"]).expect("it is a name").to_string(), "s.a");
    }
}
