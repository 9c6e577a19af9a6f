//! A script's fingerprint. An edit of comments or white space does not change it.

use std::ops::Range;

use super::operator;
use super::sip::SipHash13;
use super::token::{Token, gap, tokens};

/// A hash of the script's tokens. Comments, white space, line ends and a byte-order mark do
/// not change it.
#[must_use]
pub fn fingerprint(sql: &str) -> u64 {
    let mut fingerprint = Fingerprint::of(sql);
    for token in tokens(sql) {
        fingerprint.push(&token);
    }
    fingerprint.finish()
}

/// Computes a [`fingerprint`] from the tokens of a script, one after the other.
///
/// The hash gets the byte `0xff` after each token, and the byte `0xfe` for white space that has
/// a meaning. Neither byte occurs in UTF-8. White space has a meaning between two operators
/// that would otherwise be one, and between two parts of one string.
pub(crate) struct Fingerprint<'a> {
    sql: &'a str,
    hasher: SipHash13,
    /// The last tokens, if they are characters of operators.
    run: Vec<Range<usize>>,
}

impl<'a> Fingerprint<'a> {
    pub(crate) fn of(sql: &'a str) -> Fingerprint<'a> {
        Fingerprint {
            sql,
            hasher: SipHash13::new(),
            run: Vec::new(),
        }
    }

    /// Adds the next token.
    pub(crate) fn push(&mut self, token: &Token) {
        if token.is_trivia() {
            return;
        }
        let Range { start, end } = token.range;
        if end - start == 1 && operator::is_part(self.sql.as_bytes()[start]) {
            self.run.push(start..end);
            return;
        }
        if !self.run.is_empty() {
            self.end_run();
        }
        self.add(start, end, false);
    }

    /// The fingerprint, after the last token.
    pub(crate) fn finish(mut self) -> u64 {
        self.end_run();
        self.hasher.finish()
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        let marks = match run.as_slice() {
            [] | [_] => Vec::new(),
            run => operator::ends(self.sql, run.iter().map(|token| token.start)),
        };
        for (index, token) in run.into_iter().enumerate() {
            self.add(token.start, token.end, marks.get(index) == Some(&true));
        }
    }

    /// Adds a token to the hash. The flag says whether the white space behind it has a meaning.
    fn add(&mut self, start: usize, end: usize, is_marked: bool) {
        let bytes = self.sql.as_bytes();
        self.hasher.write(&bytes[start..end]);
        self.hasher.write(&[0xff]);
        if is_marked || bytes[end - 1] == b'\'' && gap(&self.sql[end..]).is_some() {
            self.hasher.write(&[0xfe]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fingerprint;
    use crate::sql::normalise;

    #[test]
    fn a_fingerprint_depends_on_tokens_and_not_on_white_space() {
        let one = fingerprint("SELECT a, 'x' FROM t;");
        assert_eq!(
            one,
            fingerprint("SELECT  a ,'x' -- why\r\nFROM /* . */ t\n;\n")
        );
        assert_ne!(one, fingerprint("SELECT a, 'y' FROM t;"));
        assert_ne!(fingerprint("SELECT ab"), fingerprint("SELECT a b"));
    }

    /// Pairs of scripts with different meanings in Postgres.
    #[test]
    fn an_edit_of_white_space_that_has_a_meaning_changes_the_fingerprint() {
        for (one, other) in [
            ("SELECT 'a'\n'b'", "SELECT 'a' 'b'"),
            ("SELECT 'a'\n'b'", "SELECT 'a' /*\n*/ 'b'"),
            ("SELECT E'a'\n'b'", "SELECT E'a' 'b'"),
            ("SELECT 1 @- 2", "SELECT 1 @ -2"),
            ("SELECT 1 <= 2", "SELECT 1 < = 2"),
            ("SELECT a::int", "SELECT a: :int"),
            ("SELECT $$a b$$", "SELECT $$a  b$$"),
            ("SELECT $$a -- b$$", "SELECT $$a -- c$$"),
            ("SELECT '/* a */'", "SELECT '/* b */'"),
            ("SELECT \"a  b\"", "SELECT \"a b\""),
            ("SELECT E'\\' -- a'", "SELECT E'\\' -- b'"),
            ("SELECT U&'a'", "SELECT U & 'a'"),
            ("SELECT U&'\\0061'", "SELECT U&'\\0062'"),
            ("SELECT U&'!0061' UESCAPE '!'", "SELECT U&'!0061'"),
            ("SELECT 1.5", "SELECT 1 .5"),
            ("SELECT a\u{a0}b", "SELECT a b"),
            ("SELECT /* /* */ 1 */ 2", "SELECT /* /* */ 2 */ 1"),
            ("SELECT e 'a'", "SELECT e'a'"),
        ] {
            assert_ne!(fingerprint(one), fingerprint(other), "{one:?}, {other:?}");
        }
    }

    /// Pairs of scripts with the same meaning in Postgres.
    #[test]
    fn an_edit_of_white_space_without_a_meaning_changes_nothing() {
        for (one, other) in [
            ("SELECT 'a'\n'b'", "SELECT 'a' -- why\n\n\t'b'"),
            ("SELECT 1 <-1, 2*-1", "SELECT 1 < -1, 2 * - 1"),
            ("SELECT a::int,b=-1", "SELECT a :: int , b = - 1"),
            ("SELECT 1 /* a /* b */ c */ + 2", "SELECT 1+2"),
            ("SELECT 1--\n+2", "SELECT 1 + 2"),
            ("SELECT a . b", "SELECT a.b"),
            ("SELECT 1;", "SELECT 1;\u{c}\n\n-- end"),
            ("DO $$BEGIN END$$;", "DO\n$$BEGIN END$$ ;"),
        ] {
            assert_eq!(fingerprint(one), fingerprint(other), "{one:?}, {other:?}");
        }
    }

    /// Tokens of which none is the beginning or the end of another.
    fn token() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec![
            "SELECT",
            "a",
            "\"q -- \"\"n\"",
            "'it''s -- 1'",
            "E'\\' /* 2 */'",
            "$$ -- 3 $$",
            "$t$ /* $$ 4 */ $t$",
            "U&'\\0061'",
            "B'01'",
            "1.5e3",
            "$1",
            "(",
            ")",
            ",",
            ".",
            ";",
            "@-",
            "<=",
            "::",
            "*",
        ])
    }

    /// White space and comments without a meaning between two tokens.
    fn space() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec![
            " ",
            "\t\x0c",
            " /* a; 'b /* $$ */ */ ",
            "/**/ ",
            " /* \n */ ",
        ])
    }

    /// The same, with the end of a line.
    fn line_end() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec!["\n", "\r\n", " -- c 'd $$ /*\n", "\n\n  "])
    }

    proptest! {
        #[test]
        fn no_cosmetic_edit_is_seen(
            parts in proptest::collection::vec((token(), space(), space(), line_end()), 1..20),
            mark in proptest::option::of(proptest::strategy::Just('\u{feff}')),
        ) {
            let one: String = parts.iter().flat_map(|(token, space, ..)| [*token, *space]).collect();
            let mut other: String = mark.into_iter().collect();
            let mut last = "";
            for (token, _, space, line_end) in &parts {
                // In this place the end of a line would join two strings.
                let joins = last.ends_with('\'') && token.starts_with('\'');
                other += if joins { space } else { line_end };
                other += token;
                last = token;
            }
            prop_assert_eq!(fingerprint(&one), fingerprint(&normalise(&other)));
        }

        #[test]
        fn every_real_edit_is_seen(
            parts in proptest::collection::vec((token(), space()), 1..20),
            at in any::<proptest::sample::Index>(),
            new in token(),
        ) {
            let text = |parts: &[(&str, &str)]| -> String {
                parts.iter().flat_map(|(token, space)| [*token, *space]).collect()
            };
            let at = at.index(parts.len());
            let mut replaced = parts.clone();
            replaced[at].0 = new;
            let is_same = parts[at].0 == new;
            prop_assert_eq!(fingerprint(&text(&parts)) == fingerprint(&text(&replaced)), is_same);
            let mut shorter = parts.clone();
            shorter.remove(at);
            prop_assert_ne!(fingerprint(&text(&parts)), fingerprint(&text(&shorter)));
        }

        #[test]
        fn an_edit_inside_a_token_is_seen(
            before in "[a-z '\\\\/*$-]{0,8}",
            inside in "[a-z /*;-]{1,8}",
            other in "[a-z /*;-]{1,8}",
        ) {
            for (open, close) in [("'", "'"), ("E'", "'"), ("$x$", "$x$"), ("\"", "\"")] {
                let quoted = |text: &str| format!("SELECT {open}{text}{close}");
                prop_assert_eq!(
                    fingerprint(&quoted(&inside)) == fingerprint(&quoted(&other)),
                    inside == other
                );
            }
            let comment = |text: &str| format!("SELECT 1 --{before}{text}\n, 2");
            prop_assert_eq!(fingerprint(&comment(&inside)), fingerprint(&comment(&other)));
        }
    }
}
