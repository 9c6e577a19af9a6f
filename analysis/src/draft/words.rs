//! Reads the words of a statement one by one.

use crate::names::fold;
use crate::parse::{Id, Kind, Sql};

/// The words of a node, from left to right.
pub(super) struct Words<'s> {
    sql: &'s Sql<'s>,
    leaves: Vec<Id>,
    at: usize,
}

impl<'s> Words<'s> {
    pub(super) fn of(sql: &'s Sql<'s>, node: Id) -> Words<'s> {
        let leaves = sql.descendants(node).filter(|&id| sql.is_leaf(id));
        let leaves = leaves.filter(|&id| sql.kind(id) != Kind::SEMICOLON);
        Words {
            sql,
            leaves: leaves.collect(),
            at: 0,
        }
    }

    /// The next word.
    pub(super) fn peek(&self) -> Option<&'s str> {
        self.leaves.get(self.at).map(|&id| self.sql.text_of(id))
    }

    /// Takes the next word.
    pub(super) fn next(&mut self) -> Option<&'s str> {
        let word = self.peek();
        self.at += 1;
        word
    }

    /// Takes these words, if they come next.
    pub(super) fn eat(&mut self, words: &str) -> bool {
        let mut at = self.at;
        for word in words.split(' ') {
            let leaf = self.leaves.get(at).map(|&id| self.sql.text_of(id));
            if leaf.is_none_or(|leaf| !leaf.eq_ignore_ascii_case(word)) {
                return false;
            }
            at += 1;
        }
        self.at = at;
        true
    }

    /// Takes a name with its schema, as it is written.
    pub(super) fn name(&mut self) -> Option<String> {
        let mut name = self.next()?.to_owned();
        while self.peek() == Some(".") {
            self.at += 1;
            name.push('.');
            name.push_str(self.next()?);
        }
        Some(name)
    }

    /// Takes everything up to a word outside parentheses, and that word.
    pub(super) fn until(&mut self, word: &str) -> Option<String> {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(next) = self.peek() {
            if depth == 0 && next.eq_ignore_ascii_case(word) {
                let text = self.slice(start, self.at);
                self.at += 1;
                return Some(text);
            }
            match next {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
        }
        None
    }

    /// Everything that is left.
    pub(super) fn rest(&mut self) -> String {
        let text = self.slice(self.at, self.leaves.len());
        self.at = self.leaves.len();
        text
    }

    /// Takes a list in parentheses, with them.
    pub(super) fn group(&mut self) -> Option<String> {
        if self.peek() != Some("(") {
            return None;
        }
        let start = self.at;
        self.at += 1;
        self.until(")")?;
        Some(self.slice(start, self.at))
    }

    /// The words between two places, without comments and line ends between them.
    fn slice(&self, from: usize, to: usize) -> String {
        let mut text = String::new();
        let mut end = None;
        for &leaf in self.leaves.get(from..to).unwrap_or_default() {
            let range = self.sql.range(leaf);
            if end.is_some_and(|end| end < range.start) {
                text.push(' ');
            }
            text.push_str(self.sql.text_of(leaf));
            end = Some(range.end);
        }
        text
    }
}

/// A text in one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name that Postgres derives, if it needs no shortening.
pub(super) fn derived(table: &str, columns: &[String], ending: &str) -> Option<String> {
    let table = fold(table.rsplit('.').next()?);
    let mut parts = vec![table];
    parts.extend(columns.iter().cloned());
    parts.push(ending.to_owned());
    let name = parts.join("_");
    (name.len() <= crate::names::LONGEST).then(|| quoted(&name))
}

/// A name in SQL, in quotes if it needs them.
pub(super) fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    match starts_well && name.chars().all(is_plain) {
        true => name.to_owned(),
        false => migrator_model::sql::quote_identifier(name),
    }
}

/// A name in the schema of another name. Both are as they are written.
pub(super) fn beside(name: &str, anchor: &str) -> String {
    match anchor.rsplit_once('.') {
        Some((schema, _)) if !name.contains('.') => format!("{schema}.{name}"),
        _ => name.to_owned(),
    }
}
