//! Hides in a message to the server what may be a password.

use std::borrow::Cow;

use super::lexer::Kind;
use super::token::{Token, tokens};

/// The words that announce a password.
const WORDS: &[&str] = &["passw", "passphrase", "secret"];

/// What a hidden string, comment or message becomes.
const HIDDEN: &str = "'[hidden]'";

/// Whether the text may contain a password: it has a word such as `password`, or the user of a URL.
#[must_use]
pub fn may_have_password(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let of_url = |rest: &str| rest.contains('@');
    WORDS.iter().any(|word| lower.contains(word)) || lower.split("://").skip(1).any(of_url)
}

/// The SQL without the strings and comments of each statement that may contain a password.
///
/// Without `standard_conforming_strings`, a backslash would change where a string ends. So a message
/// with a backslash before a quote is hidden as a whole, if it may contain a password.
#[must_use]
pub fn without_passwords(sql: &str) -> Cow<'_, str> {
    if !may_have_password(sql) {
        return Cow::Borrowed(sql);
    }
    if sql.contains("\\'") {
        return Cow::Borrowed(HIDDEN);
    }
    let mut shown = String::with_capacity(sql.len());
    let mut statement = Vec::new();
    for token in tokens(sql) {
        let is_end = token.kind == Kind::Semicolon;
        statement.push(token);
        if is_end {
            push(&mut shown, sql, &statement);
            statement.clear();
        }
    }
    push(&mut shown, sql, &statement);
    Cow::Owned(shown)
}

/// Adds a statement, without its strings and comments if it may contain a password.
fn push(shown: &mut String, sql: &str, statement: &[Token]) {
    let (Some(first), Some(last)) = (statement.first(), statement.last()) else {
        return;
    };
    let text = &sql[first.range.start..last.range.end];
    if !may_have_password(text) {
        shown.push_str(text);
        return;
    }
    for token in statement {
        let text = &sql[token.range.clone()];
        shown.push_str(match is_text(token, text) {
            true => HIDDEN,
            false => text,
        });
    }
}

/// Whether a token is a string or a comment. A `$1` is neither.
fn is_text(token: &Token, text: &str) -> bool {
    match token.kind {
        Kind::LineComment | Kind::BlockComment => true,
        Kind::Other => {
            let is_dollar_quoted = text.starts_with('$') && text.len() > 3 && text.ends_with('$');
            token.open.is_some() || text.ends_with('\'') || is_dollar_quoted
        }
        Kind::Blank | Kind::Semicolon | Kind::Word | Kind::OpenParen | Kind::CloseParen => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::without_passwords;

    #[test]
    fn a_statement_without_a_password_is_shown() {
        let sql = "SELECT 'a', $$b$$ -- c\n; INSERT INTO t VALUES ('https://example.org')";
        assert_eq!(without_passwords(sql), sql);
    }

    #[test]
    fn the_strings_of_a_statement_with_a_password_are_hidden() {
        for (sql, shown) in [
            (
                "SELECT 'a'; ALTER ROLE r PASSWORD 'x''y'; SELECT 'b'",
                "SELECT 'a'; ALTER ROLE r PASSWORD '[hidden]'; SELECT 'b'",
            ),
            (
                "INSERT INTO users (name, password_hash) VALUES ($1, $t$x$t$)",
                "INSERT INTO users (name, password_hash) VALUES ($1, '[hidden]')",
            ),
            (
                "SELECT dblink_connect('host=h password=x')",
                "SELECT dblink_connect('[hidden]')",
            ),
            (
                "SELECT dblink_connect('postgresql://u:x@h/d')",
                "SELECT dblink_connect('[hidden]')",
            ),
            ("SELECT 1 -- the Password is x\n;", "SELECT 1 '[hidden]'\n;"),
            ("SELECT 1; SELECT E'password\\'x'", "'[hidden]'"),
            (
                "CREATE ROLE r PASSWORD 'x",
                "CREATE ROLE r PASSWORD '[hidden]'",
            ),
        ] {
            assert_eq!(without_passwords(sql), shown);
        }
    }

    proptest! {
        #[test]
        fn no_password_is_shown(
            before in "[-/*$'\"();aE \n]{0,20}",
            password in "[-/*$\"();aE ]{0,10}QQQ[-/*$\"();aE ]{0,10}",
        ) {
            let _ = without_passwords(&before);
            let quoted = format!("ALTER ROLE r PASSWORD '{password}'");
            prop_assert!(!without_passwords(&quoted).contains("QQQ"));
            let nested = format!("INSERT INTO h VALUES ('{}')", quoted.replace('\'', "''"));
            prop_assert!(!without_passwords(&nested).contains("QQQ"));
        }
    }
}
