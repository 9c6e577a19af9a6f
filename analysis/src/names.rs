//! Reads names as Postgres does.

use std::collections::HashSet;
use std::fmt;

use crate::parse::{Id, Kind, Sql};

/// A name and its schema, in the case that Postgres uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    /// The schema. `public` and a missing schema are both `None`.
    pub(crate) schema: Option<String>,
    /// The name itself.
    pub(crate) name: String,
}

impl Name {
    /// Builds a name from its parts. The last part is the name and the part before it is the
    /// schema. A database in front of the schema is ignored.
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

/// The name that a node contains.
pub(crate) fn name_of(sql: &Sql<'_>, node: Id) -> Option<Name> {
    Name::of(parts_of(sql, node))
}

/// The parts of the name that a node contains. In a type with arguments, only the path is the name.
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

/// The words of a text that can be names, in lower case.
///
/// A number is a name only in double quotes. A text of many megabytes has few other words, so that
/// the result is small.
pub(crate) fn words(text: &str) -> HashSet<String> {
    let has_quoted_number = text
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0] == b'"' && pair[1].is_ascii_digit());
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    let distinct: HashSet<&str> = words
        .filter(|word| has_quoted_number || !is_number(word))
        .collect();
    distinct.into_iter().map(str::to_lowercase).collect()
}

/// The longest name in bytes (`NAMEDATALEN` less one).
pub(crate) const LONGEST: usize = 63;

/// Converts an identifier to the name that Postgres stores.
///
/// An unquoted identifier becomes lower case, but only its ASCII letters, as on a UTF-8 server
/// (`downcase_identifier` in `scansup.c`). A quoted one loses its quotes. A name that is too long
/// is truncated before the character that does not fit (`truncate_identifier`).
pub(crate) fn fold(identifier: &str) -> String {
    let mut name = fold_whole(identifier);
    name.truncate(name.floor_char_boundary(LONGEST));
    name
}

/// Converts an identifier without truncating it.
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
    use super::{Name, fold, words};

    #[test]
    fn names_get_the_case_that_postgres_uses() {
        assert_eq!(fold("Tenants"), "tenants");
        assert_eq!(fold("\"Te\"\"nants\""), "Te\"nants");
    }

    #[test]
    fn long_names_are_truncated_as_postgres_does() {
        let cut = fold(&"é".repeat(40));
        assert_eq!(cut, "é".repeat(31));
        assert_eq!(fold(&"A".repeat(70)), "a".repeat(63));
    }

    #[test]
    fn the_words_of_a_text_are_its_possible_names() {
        let of = |text| {
            let mut words: Vec<String> = words(text).into_iter().collect();
            words.sort();
            words
        };
        assert_eq!(of("INSERT 12, 'A_1'; insert"), ["a_1", "insert"]);
        assert_eq!(of("DROP \"12\""), ["", "12", "drop"]);
    }

    #[test]
    fn public_is_the_schema_of_unqualified_names() {
        let of = |parts: &[&str]| Name::of(parts.iter().map(|p| (*p).to_owned()).collect());
        assert_eq!(of(&["public", "a"]), of(&["a"]));
        assert_eq!(of(&["s", "a"]).expect("it is a name").to_string(), "s.a");
    }
}
