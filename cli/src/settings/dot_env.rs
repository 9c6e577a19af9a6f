//! Reads our variables from a file `.env`.
//!
//! Other tools use the same file, each with its own syntax. So a line that sets none of our
//! variables never causes an error. If a line sets one of our variables and cannot be read, the
//! error gives its number and does not show the line.

use std::collections::HashMap;

use migrator_runtime::Settings;

/// Why the file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line, from 1.
    pub(super) line: usize,
    /// What is wrong with it.
    pub(super) reason: &'static str,
}

/// Reads the variables. `environment` looks up a variable that a value names with `$`.
pub(super) fn read(
    bytes: &[u8],
    environment: impl Fn(&str) -> Option<String>,
) -> Result<HashMap<String, String>, Fault> {
    let text = decode(bytes);
    let mut variables = HashMap::new();
    let (mut rest, mut line) = (text.as_str(), 1);
    while !rest.is_empty() {
        let taken = match assignment(rest) {
            None => line_length(rest),
            Some((name, value)) => {
                let start = rest.len() - value.len();
                let known = |name: &str| environment(name).or_else(|| variables.get(name).cloned());
                let (length, outcome) = value_of(value, known);
                match outcome {
                    Ok(value) => {
                        variables.insert(name.to_owned(), value);
                    }
                    Err(reason) if is_ours(name) => return Err(Fault { line, reason }),
                    Err(_) => {}
                }
                start + length
            }
        };
        let (done, left) = rest.split_at(taken);
        line += done.matches('\n').count();
        rest = left;
    }
    Ok(variables)
}

/// Whether a variable is one of ours.
fn is_ours(name: &str) -> bool {
    name == "DATABASE_URL" || name.starts_with("MIGRATOR_") || Settings::reads(name)
}

/// The text without a byte-order mark. It is UTF-8, or UTF-16, which some shells of Windows write.
fn decode(bytes: &[u8]) -> String {
    let wide = |unit: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let characters = char::decode_utf16(units);
        characters
            .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest),
        bytes => {
            let text = String::from_utf8_lossy(bytes);
            text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()
        }
    }
}

/// The number of bytes in the first line, with its line break.
fn line_length(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}

/// The name that the first line sets, and the text from the value on.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let blank = [' ', '\t'];
    let line = text.trim_start_matches(blank);
    let line = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with(blank) => rest.trim_start_matches(blank),
        _ => line,
    };
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let end = line.find(|c| !is_of_name(c)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let value = match rest.trim_start_matches(blank).strip_prefix('=') {
        Some(value) => value,
        // Some tools accept `NAME: value`.
        None => rest
            .strip_prefix(':')
            .filter(|rest| rest.starts_with(blank))?,
    };
    (!name.is_empty()).then(|| (name, value.trim_start_matches(blank)))
}

const OPEN: &str = "its quote is not closed";
const BEHIND: &str = "text follows its closing quote";
const UNKNOWN: &str = "its `$` names no variable that is set";
const NOT_TEXT: &str = "it is not UTF-8";

/// The length of the value at the start, with the rest of its last line, and the value itself.
fn value_of(
    text: &str,
    known: impl Fn(&str) -> Option<String>,
) -> (usize, Result<String, &'static str>) {
    let line = &text[..line_length(text)];
    let (length, raw, expand) = match text.chars().next() {
        Some(quote @ ('\'' | '"' | '`')) => match closing(&text[1..], quote) {
            None => return (line.len(), Err(OPEN)),
            Some(end) => {
                let (raw, rest) = (&text[1..=end], &text[end + 2..]);
                let behind = &rest[..line_length(rest)];
                let length = text.len() - rest.len() + behind.len();
                let behind = behind.trim();
                if !behind.is_empty() && !behind.starts_with('#') {
                    return (length, Err(BEHIND));
                }
                (length, raw, quote == '"')
            }
        },
        _ => (line.len(), unquoted(line), true),
    };
    let value = match expand {
        true => expanded(raw, known),
        false => Ok(raw.to_owned()),
    };
    let value = value.map(|value| value.replace("\r\n", "\n"));
    match value {
        Ok(value) if value.contains(char::REPLACEMENT_CHARACTER) => (length, Err(NOT_TEXT)),
        value => (length, value),
    }
}

/// Where a quoted text ends. If the next quote opens the value of another variable, the closing
/// quote is missing.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let is_end = *c == quote && !escaped;
        escaped = *c == '\\' && !escaped && quote == '"';
        is_end
    });
    let (end, _) = end?;
    let last = text[..end].rfind('\n').map(|at| &text[at + 1..]);
    let opens_another = last
        .and_then(assignment)
        .is_some_and(|(_, value)| value.len() == text.len() - end);
    (!opens_another).then_some(end)
}

/// A value without quotes. It ends with the line, or before a `#` that follows a blank.
fn unquoted(line: &str) -> &str {
    let is_comment = |at: usize| {
        line[..at]
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace)
    };
    let end = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|at| is_comment(*at));
    line[..end.unwrap_or(line.len())].trim()
}

/// Replaces escape sequences and variables by their values.
fn expanded(raw: &str, known: impl Fn(&str) -> Option<String>) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut rest = raw;
    while let Some(at) = rest.find(['\\', '$']) {
        value.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        if rest[at..].starts_with('\\') {
            let escaped = behind.chars().next();
            match escaped {
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                Some(c @ ('\\' | '$' | '"' | '\'' | '`' | ' ' | '#')) => value.push(c),
                Some(c) => value.extend(['\\', c]),
                None => value.push('\\'),
            }
            rest = &behind[escaped.map_or(0, char::len_utf8)..];
        } else {
            let (named, left) = variable(behind).ok_or(UNKNOWN)?;
            let (name, default) = match named.split_once(":-").or(named.split_once('-')) {
                Some((name, default)) => (name, Some(default)),
                None => (named, None),
            };
            let found = known(name).filter(|found| !found.is_empty());
            let found = found.or_else(|| default.map(str::to_owned));
            value.push_str(&found.ok_or(UNKNOWN)?);
            rest = left;
        }
    }
    Ok(value + rest)
}

/// The name after a `$`, with or without braces, and the rest of the text.
fn variable(text: &str) -> Option<(&str, &str)> {
    if let Some(braced) = text.strip_prefix('{') {
        return braced.split_once('}');
    }
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c| !is_of_name(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::{BEHIND, Fault, NOT_TEXT, OPEN, UNKNOWN, read};

    /// The value of `DATABASE_URL` in a file.
    fn url(file: impl AsRef<[u8]>) -> Result<Option<String>, Fault> {
        let environment = |name: &str| (name == "FROM_OUTSIDE").then(|| "outside".to_owned());
        read(file.as_ref(), environment).map(|variables| variables.get("DATABASE_URL").cloned())
    }

    #[test]
    fn a_variable_is_read_in_every_syntax() {
        let expected = Ok(Some("postgres://app@db/shop".to_owned()));
        for file in [
            "DATABASE_URL=postgres://app@db/shop",
            "\u{feff}DATABASE_URL=postgres://app@db/shop\r\n",
            "export DATABASE_URL='postgres://app@db/shop'",
            "  export\tDATABASE_URL = \"postgres://app@db/shop\" # ours",
            "DATABASE_URL=postgres://app@db/shop # ours\nPORT=1",
            "DATABASE_URL: postgres://app@db/shop",
            "DATABASE_URL=`postgres://app@db/shop`",
            "DATABASE_URL=old\nDATABASE_URL=postgres://app@db/shop",
            "HOST=db\nDATABASE_URL=postgres://app@${HOST}/shop",
            "HOST=db\nDATABASE_URL=\"postgres://app@$HOST/shop\"",
            "DATABASE_URL=postgres://app@${NOT_SET:-db}/shop",
            "DATABASE_URL=postgres://app@\\d\\b/shop",
        ] {
            let expected = match file.contains("\\d") {
                true => Ok(Some("postgres://app@\\d\\b/shop".to_owned())),
                false => expected.clone(),
            };
            assert_eq!(url(file), expected, "{file}");
        }
        assert_eq!(
            url("DATABASE_URL=host=db user=app dbname=a#b"),
            Ok(Some("host=db user=app dbname=a#b".to_owned()))
        );
        assert_eq!(
            url("DATABASE_URL=postgres://${FROM_OUTSIDE}/'$'"),
            Err(Fault {
                line: 1,
                reason: UNKNOWN
            })
        );
        assert_eq!(
            url("DATABASE_URL='pa$$word'"),
            Ok(Some("pa$$word".to_owned()))
        );
        assert_eq!(url("DATABASE_URL="), Ok(Some(String::new())));
    }

    #[test]
    fn a_utf_16_file_is_read() {
        let text = "\u{feff}DATABASE_URL=postgres://db/ü\r\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for file in [little, big] {
            assert_eq!(url(&file), Ok(Some("postgres://db/ü".to_owned())));
        }
    }

    #[test]
    fn lines_of_other_tools_cause_no_error() {
        let ours = "DATABASE_URL=postgres://db";
        for other in [
            "# comment",
            "just words",
            "KEY=a value with blanks",
            "KEY=${NOT_SET} $ $( ${",
            "KEY='not closed",
            "KEY=\"not closed",
            "KEY=\"-----BEGIN-----\nDATABASE_URL=no\n-----END-----\"",
            "KEY='{\n  \"DATABASE_URL\": \"no\"\n}'",
            "KEY='a' b \"c\"",
            "KEY=\\",
            "=x",
            "1:2",
            "[section]",
            "if [ -f x ]; then . x; fi",
            "KEY=$(cat <<EOF",
            "ключ=значение",
            "PGADMIN_DEFAULT_PASSWORD=$ecret",
        ] {
            let file = format!("{other}\n{ours}\n{other}");
            assert_eq!(url(&file), Ok(Some("postgres://db".to_owned())), "{other}");
        }
        let file = [b"KEY=\xff\xfe\n".as_slice(), ours.as_bytes()].concat();
        assert_eq!(url(file), Ok(Some("postgres://db".to_owned())));
    }

    #[test]
    fn an_unreadable_line_of_ours_is_reported_by_number() {
        for (file, line, reason) in [
            ("A=1\n\nDATABASE_URL='s3cr3t", 3, OPEN),
            ("A='1\n2'\nDATABASE_URL=\"s3cr3t\\\"", 3, OPEN),
            ("DATABASE_URL='a' s3cr3t", 1, BEHIND),
            ("PGPASSWORD=s3cr$et", 1, UNKNOWN),
            ("MIGRATOR_SCHEMA=${X", 1, UNKNOWN),
            ("PGHOST=\u{fffd}", 1, NOT_TEXT),
        ] {
            assert_eq!(url(file), Err(Fault { line, reason }), "{file}");
        }
    }
}
