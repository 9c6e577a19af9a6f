//! Reads libpq's keyword strings: `host=db.example user=app password='a b'`.

use crate::{
    error::ConnectError,
    params::{Mention, Params},
};

/// Reads `text` into parameters. Errors quote nothing that may be a value.
pub(crate) fn parse(text: &str) -> Result<Params, ConnectError> {
    let mut params = Params::default();
    let mut rest = text.trim_start();
    let mut mention = Mention::Named;
    while !rest.is_empty() {
        let (keyword, after) = keyword(rest)?;
        let (value, after) = value(after)?;
        params.give(keyword, value, mention)?;
        // The text after a password may be the rest of an unquoted password.
        mention = if keyword == "password" {
            Mention::Withheld
        } else {
            Mention::Named
        };
        rest = after.trim_start();
    }
    Ok(params)
}

fn keyword(text: &str) -> Result<(&str, &str), ConnectError> {
    let end = text
        .find(|c: char| c == '=' || c.is_whitespace())
        .unwrap_or(text.len());
    let (keyword, after) = text.split_at(end);
    match after.trim_start().strip_prefix('=') {
        Some(after) => Ok((keyword, after.trim_start())),
        None => Err(ConnectError::settings(
            "a parameter has no `=`",
            "write a URL (`postgresql://user@host/database`), or `keyword=value` pairs with values that hold spaces quoted (`'…'`)",
        )),
    }
}

fn value(text: &str) -> Result<(String, &str), ConnectError> {
    let (quoted, text) = match text.strip_prefix('\'') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c if !quoted && c.is_whitespace() => return Ok((value, &text[at..])),
            c => value.push(c),
        }
    }
    if quoted {
        return Err(ConnectError::settings(
            "a quoted value has no closing quote",
            "end it with `'`; inside, write `'` as `\\'` and `\\` as `\\\\`",
        ));
    }
    Ok((value, ""))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn quotes_and_escapes_are_respected() {
        let params = parse(r"host = /tmp/x  user='it''")
            .err()
            .map(|error| error.to_string());
        assert_eq!(
            params.as_deref(),
            Some("cannot use the connection settings: a parameter has no `=`"),
        );
        let params = parse(r"host = /tmp/x user='a \' b\\' password=p\ w dbname='' port=1")
            .expect("the string is valid");
        assert_eq!(params.get("host"), Some("/tmp/x"));
        assert_eq!(params.get("user"), Some(r"a ' b\"));
        assert_eq!(params.get("password"), Some("p w"));
        assert_eq!(params.get("dbname"), None);
        assert_eq!(params.get("port"), Some("1"));
    }

    #[test]
    fn the_last_of_two_values_wins() {
        let params = parse("host=a host=b").expect("the string is valid");
        assert_eq!(params.get("host"), Some("b"));
    }
}
