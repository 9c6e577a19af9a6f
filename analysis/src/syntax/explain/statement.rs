//! Explains errors at the start of a statement.

use crate::syntax::context::{ErrorContext, Word, nearest_word};
use crate::syntax::explanation::{Explanation, HELP, shown};
use crate::syntax::words;

impl ErrorContext<'_> {
    /// A word that starts no statement.
    pub(in crate::syntax) fn beginning(&self) -> Option<Explanation> {
        let found = self.found().filter(|found| found.is_word())?;
        let is_go = found.is("GO") && self.is_first_in_line(found);
        if !self.before.is_empty() && !is_go || found.is_among(&words::STATEMENTS) {
            return None;
        }
        let help = match (
            words::foreign(found.text),
            nearest_word(found.text, &words::STATEMENTS),
        ) {
            (Some(help), _) => help.to_owned(),
            (None, Some(meant)) => format!("did you mean `{meant}`?"),
            (None, None) => HELP.to_owned(),
        };
        let message = format!("no statement starts with `{}`", found.text);
        Some(Explanation::new(found.range.start, message, help))
    }

    /// CREATE, ALTER or DROP of an unknown kind of object.
    pub(in crate::syntax) fn object(&self) -> Option<Explanation> {
        let whole: Vec<&Word<'_>> = self.before.iter().chain(&self.after).collect();
        let first = whole.first()?;
        if !first.is_among(&["CREATE", "ALTER", "DROP"]) {
            return None;
        }
        let of_replace =
            |words: &[&Word<'_>]| words.len() > 3 && words[1].is("OR") && words[2].is("REPLACE");
        let at = if of_replace(&whole) { 3 } else { 1 };
        // The parser must have stopped at this word.
        if self.before.len() > at {
            return None;
        }
        let verb = first.text.to_ascii_uppercase();
        if whole.get(1).is_none_or(|next| next.text == ";") {
            let message = format!("{verb} needs a kind of object");
            return Some(Explanation::new(first.range.start, message, HELP));
        }
        let object = whole.get(at).filter(|word| word.is_word())?;
        if at == 3 && object.is("TABLE") {
            let message = "a table cannot be replaced";
            let help = "write `CREATE TABLE IF NOT EXISTS`, or drop the table before";
            return Some(Explanation::new(object.range.start, message, help));
        }
        if object.is_among(&words::OBJECTS) {
            return None;
        }
        if object.is_among(&["COLUMN", "CONSTRAINT"]) {
            let message = format!("no statement starts with `{verb} {}`", object.text);
            let help = format!(
                "write `ALTER TABLE … {verb} {} …`",
                object.text.to_ascii_uppercase()
            );
            return Some(Explanation::new(first.range.start, message, help));
        }
        let help = match nearest_word(object.text, &words::OBJECTS) {
            Some(meant) => format!("did you mean `{verb} {meant}`?"),
            None => HELP.to_owned(),
        };
        let message = format!("`{}` cannot follow {verb}", object.text);
        Some(Explanation::new(object.range.start, message, help))
    }

    /// The first word of the next statement. The parser may have read it as an alias.
    pub(in crate::syntax) fn next_statement(&self) -> Option<Explanation> {
        let is_begin = |word: &Word<'_>| {
            word.is_among(&words::STATEMENTS) && word.is_among(&words::RESERVED)
                || word.is_among(&["ALTER", "DROP", "INSERT", "UPDATE", "DELETE"])
        };
        let count = |mark: &str| self.before.iter().filter(|word| word.text == mark).count();
        if count("(") > count(")") {
            return None;
        }
        let words: Vec<&Word<'_>> = self.before.iter().chain(self.found()).skip(1).collect();
        let mut words = words.into_iter().rev().take(2);
        let word = words.find(|word| is_begin(word) && self.is_first_in_line(word))?;
        let offset = word.range.start;
        let at_word = ErrorContext::at(self.text, offset);
        Some(at_word.action().unwrap_or_else(|| {
            Explanation::new(
                offset,
                "a semicolon is missing before this statement",
                "end the statement before it with `;`",
            )
        }))
    }

    /// A missing AS.
    pub(in crate::syntax) fn missing_as(&self) -> Option<Explanation> {
        let found = self.found()?;
        let second = self.before.get(1)?;
        let is_create = self.before.first()?.is("CREATE") && !self.follows("AS");
        let is_body = found.text.starts_with('$') || found.text.starts_with('\'');
        let of_routine = self
            .before
            .iter()
            .any(|word| word.is_among(&["FUNCTION", "PROCEDURE"]));
        let is_missing =
            second.is("TYPE") && found.is_among(&["ENUM", "RANGE"]) || of_routine && is_body;
        (is_create && is_missing).then(|| {
            let what = match is_body {
                true => "this string".to_owned(),
                false => shown(found.text),
            };
            let message = format!("`AS` is missing before {what}");
            Explanation::new(found.range.start, message, "write `AS` before it")
        })
    }
}
