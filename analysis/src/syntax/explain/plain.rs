//! Rewords the parser's message if there is no better explanation.

use crate::syntax::context::ErrorContext;
use crate::syntax::explanation::{Explanation, HELP, shown};

impl ErrorContext<'_> {
    /// The parser's message with the user's word in place of the kind of its token.
    pub(in crate::syntax) fn plain(&self, message: &str) -> Explanation {
        let found = self.found();
        let offset = found.map_or(self.text.trim_end().len(), |found| found.range.start);
        let at = found.map(|found| match found.text.starts_with(['\'', '$']) {
            true => "this string".to_owned(),
            false => shown(found.text),
        });
        let expectation = message.split(", found").next().unwrap_or(message);
        let expectation = expectation.split(", got").next().unwrap_or(expectation);
        let message = match (expectation, &at, self.last()) {
            ("expected command", Some(at), Some(last)) => {
                format!(
                    "{at} cannot follow {} in this {}",
                    shown(last.text),
                    self.statement()
                )
            }
            ("expected type name", Some(at), _) => format!("a type is missing before {at}"),
            ("expected command", Some(at), None) => format!("no statement starts with {at}"),
            ("expected COMMA", Some(at), _) if self.is_definition() => {
                format!("expected `,` or `)`, at {at}")
            }
            ("expected COMMA" | "missing comma", Some(at), Some(last)) => {
                format!(
                    "{at} cannot follow {}; perhaps a comma is missing",
                    shown(last.text)
                )
            }
            (_, Some(at), _) => format!("{}, at {at}", reworded(expectation)),
            (_, None, _) => format!("{}, but the script ends", reworded(expectation)),
        };
        Explanation::new(offset, message, HELP)
    }
}

/// Replaces the kinds of tokens in a message by their text.
fn reworded(message: &str) -> String {
    let words: Vec<String> = message.split(' ').map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    let punctuation = match word {
        "L_PAREN" => "(",
        "R_PAREN" => ")",
        "L_BRACK" => "[",
        "R_BRACK" => "]",
        "COMMA" => ",",
        "SEMICOLON" => ";",
        "EQ" => "=",
        "DOT" => ".",
        "IDENT" => return "a name".to_owned(),
        "path" => return "a".to_owned(),
        _ => match word.strip_suffix("_KW") {
            Some(keyword) => return format!("`{keyword}`"),
            None => return word.to_owned(),
        },
    };
    format!("`{punctuation}`")
}
