//! Explains a misplaced comma, parenthesis or word.

use migrator_model::place::Position;

use crate::syntax::context::{ErrorContext, Word};
use crate::syntax::explanation::Explanation;
use crate::syntax::words;

impl ErrorContext<'_> {
    /// A comma before the end of a list.
    pub(in crate::syntax) fn comma(&self) -> Option<Explanation> {
        let (last, found) = (self.last(), self.found());
        let of_list = [
            "FROM",
            "WHERE",
            "RETURNING",
            "VALUES",
            "GROUP",
            "ORDER",
            "HAVING",
            "LIMIT",
        ];
        let ends =
            |word: &Word<'_>| word.text == ")" || word.text == ";" || word.is_among(&of_list);
        let comma = match (last, found) {
            (Some(comma), Some(next))
                if comma.text == "," && ends(next) && !self.is_definition() =>
            {
                comma
            }
            (Some(comma), Some(next)) if comma.text == "," && [")", ";"].contains(&next.text) => {
                comma
            }
            (Some(comma), None) if comma.text == "," => comma,
            (_, Some(comma)) if comma.text == "," && self.after.get(1).is_none_or(ends) => comma,
            _ => return None,
        };
        let offset = comma.range.start;
        let message = "nothing follows this comma";
        Some(Explanation::new(
            offset,
            message,
            "remove the comma, or write what follows it",
        ))
    }

    /// A reserved word in place of a name.
    pub(in crate::syntax) fn reserved(&self) -> Option<Explanation> {
        let found = self
            .found()
            .filter(|found| found.is_among(&words::RESERVED))?;
        let last = self.last()?;
        let names = [
            "TABLE", "COLUMN", "VIEW", "INTO", "UPDATE", "INDEX", "TYPE", "FROM", "JOIN",
        ];
        let is_name = last.is_among(&names)
            || last.text == "." && self.before.len() > 1
            || last.is("EXISTS") && self.is_definition()
            || self.is_definition() && [",", "("].contains(&last.text);
        let is_clause = found.is_among(&["SELECT", "WHERE", "FROM", "SET", "VALUES", "USING"]);
        if !is_name || is_clause {
            return None;
        }
        if found.is("TABLE") && last.is_among(&["UPDATE", "INTO", "FROM"]) {
            let message = format!("`TABLE` is not allowed after `{}`", last.text);
            return Some(Explanation::new(found.range.start, message, "remove it"));
        }
        let name = found.text;
        let message = format!("`{name}` is a reserved word, not a name");
        let help = format!(
            "write `\"{}\"`, or choose another name",
            name.to_ascii_lowercase()
        );
        Some(Explanation::new(found.range.start, message, help))
    }

    /// A misspelt word.
    pub(in crate::syntax) fn misspelt(&self) -> Option<Explanation> {
        let meant = |word: &Word<'_>| {
            let is_known = word.is_among(&words::CLAUSES)
                || word.is_among(&words::RESERVED)
                || word.is_among(&words::TYPES);
            let nearest_word = mistyped(word.text).filter(|_| word.is_word() && !is_known);
            nearest_word.map(|meant| (word.range.start, word.text.to_owned(), meant))
        };
        let at_error = self.found().and_then(meant);
        // The parser has read it as an alias or as the name of a column.
        let of_query = ["SELECT", "UPDATE", "DELETE", "INSERT", "WITH"];
        let is_query = self.before.iter().any(|word| word.is_among(&of_query));
        let before = || self.last().filter(|_| is_query).and_then(meant);
        let behind_verb = || {
            let verbs = ["ADD", "DROP", "ALTER", "RENAME"];
            let mut pairs = self.before.windows(2).skip(1);
            let pair = pairs.find(|pair| pair[0].is_among(&verbs) && meant(&pair[1]).is_some())?;
            meant(&pair[1]).filter(|(.., meant)| ["COLUMN", "CONSTRAINT"].contains(meant))
        };
        let returned = || {
            let returned = self.before.iter().find(|word| word.is("RETURN"));
            let returned = returned.filter(|_| self.is_definition())?;
            Some((returned.range.start, returned.text.to_owned(), "RETURNS"))
        };
        let found = at_error
            .or_else(before)
            .or_else(behind_verb)
            .or_else(returned);
        let (offset, word, meant) = found?;
        let message = format!("`{word}` is not allowed here");
        Some(Explanation::new(
            offset,
            message,
            format!("did you mean `{meant}`?"),
        ))
    }

    /// An unmatched parenthesis.
    pub(in crate::syntax) fn parenthesis(&self, message: &str) -> Option<Explanation> {
        let mut open: Vec<&Word<'_>> = Vec::new();
        for word in &self.before {
            match word.text {
                "(" => open.push(word),
                ")" => {
                    open.pop();
                }
                _ => {}
            }
        }
        let found = self.found();
        let ends = found.is_none_or(|found| found.text == ";");
        if let (Some(first), true) = (open.last(), ends) {
            let Position { line, column } = Position::at(self.text, first.range.start);
            let message = format!(
                "the parenthesis at {line}:{column} is not closed before the statement ends"
            );
            let offset = found.map_or(self.text.trim_end().len(), |found| found.range.start);
            return Some(Explanation::new(offset, message, "write the missing `)`"));
        }
        let found = found?;
        let is_extra =
            found.text == ")" && open.is_empty() && message.starts_with("expected command");
        is_extra.then(|| {
            let message = "no open parenthesis matches this one";
            Explanation::new(
                found.range.start,
                message,
                "remove it, or write the missing `(`",
            )
        })
    }
}

/// The word of a clause that differs from a word by one or two typing errors.
fn mistyped(word: &str) -> Option<&'static str> {
    let upper = word.to_ascii_uppercase();
    let slips = match upper.len() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    let distances = words::CLAUSES
        .iter()
        .filter(|clause| clause.len() > 3)
        .map(|clause| (strsim::osa_distance(&upper, clause), *clause));
    let (distance, clause) = distances.min()?;
    (distance <= slips).then_some(clause)
}
