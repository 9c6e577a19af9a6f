//! Reads each directive of a script, and collects the faults.

use std::time::Duration;

use super::data::{DirectiveFault, Directives};
use super::value::{PREFIX, after_prefix, parse_duration, parse_reference};
use crate::code::Code;
use crate::file_name::Direction;
use crate::mode::Mode;
use crate::nearest::suggestion;
use crate::place::Position;
use crate::sql::{Kind, Token, tokens};

const KNOWN: [&str; 6] = [
    "no-transaction",
    "requires",
    "lock-timeout",
    "statement-timeout",
    "allow",
    IRREVERSIBLE,
];

/// The directive of a down script that deliberately reverts nothing.
pub(super) const IRREVERSIBLE: &str = "irreversible";

impl Directives {
    /// Reads the directives of a script, and finds all faults in them.
    ///
    /// # Errors
    ///
    /// A directive is unknown, malformed, repeated, or in a place where it has no effect.
    pub fn read(sql: &str, direction: Direction) -> Result<Directives, Vec<DirectiveFault>> {
        let mut comments = Comments::of(sql);
        // Most scripts have no directive, and need not be split.
        let prefix = PREFIX.as_bytes();
        let is_prefix = |bytes: &[u8]| bytes.eq_ignore_ascii_case(prefix);
        if !sql.as_bytes().windows(prefix.len()).any(is_prefix) {
            return Ok(Directives::default());
        }
        for token in tokens(sql) {
            comments.push(&token);
        }
        comments.read(direction)
    }
}

/// The comments of a script that contain a directive. The tokens of the script go in one after
/// the other.
pub(crate) struct Comments<'a> {
    sql: &'a str,
    directives: Vec<Comment<'a>>,
    /// Whether a token that is neither blank nor a comment went in.
    is_past_head: bool,
    /// Whether the script has a statement.
    pub(crate) has_statement: bool,
}

struct Comment<'a> {
    kind: Kind,
    /// Where the comment starts in the script, in bytes.
    start: usize,
    /// Whether the comment is before the first statement.
    in_head: bool,
    /// The text after `migrator:`.
    directive: &'a str,
}

impl<'a> Comments<'a> {
    pub(crate) fn of(sql: &'a str) -> Comments<'a> {
        Comments {
            sql,
            directives: Vec::new(),
            is_past_head: false,
            has_statement: false,
        }
    }

    /// Adds the next token of the script.
    pub(crate) fn push(&mut self, token: &Token) {
        match token.kind {
            Kind::LineComment | Kind::BlockComment => {
                let text = &self.sql[token.range.clone()];
                let directive = text.lines().find_map(after_prefix);
                self.directives.extend(directive.map(|directive| Comment {
                    kind: token.kind,
                    start: token.range.start,
                    in_head: !self.is_past_head,
                    directive,
                }));
            }
            Kind::Blank => {}
            Kind::Semicolon | Kind::Word | Kind::OpenParen | Kind::CloseParen | Kind::Other => {
                self.is_past_head = true;
                self.has_statement |= token.is_part_of_statement();
            }
        }
    }

    /// Whether a directive is `irreversible`, even a malformed one.
    pub(crate) fn has_irreversible(&self) -> bool {
        let mut words = self
            .directives
            .iter()
            .filter_map(|comment| comment.directive.split_whitespace().next());
        words.any(|word| word == IRREVERSIBLE)
    }

    /// Reads the directives, after the last token.
    pub(crate) fn read(&self, direction: Direction) -> Result<Directives, Vec<DirectiveFault>> {
        let mut reader = Reader {
            sql: self.sql,
            direction,
            seen: Vec::new(),
            found: Directives::default(),
            faults: Vec::new(),
        };
        for comment in &self.directives {
            reader.comment(comment);
        }
        reader.irreversible_alone(self.has_statement);
        match reader.faults.is_empty() {
            true => Ok(reader.found),
            false => Err(reader.faults),
        }
    }
}

struct Reader<'a> {
    sql: &'a str,
    direction: Direction,
    /// The word and the offset of each directive.
    seen: Vec<(&'a str, usize)>,
    found: Directives,
    faults: Vec<DirectiveFault>,
}

impl<'a> Reader<'a> {
    fn comment(&mut self, comment: &Comment<'a>) {
        let at = comment.start;
        if comment.kind == Kind::BlockComment || !comment.in_head {
            self.fault(
                Code::M0206,
                at,
                "this directive has no effect here".to_owned(),
                "move it to a `--` comment of its own before the first statement".to_owned(),
            );
        } else {
            self.directive(comment.directive.trim(), at);
        }
    }

    fn directive(&mut self, text: &'a str, at: usize) {
        let (word, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let argument = argument.trim();
        let is_seen = self.seen.iter().any(|(seen, _)| *seen == word);
        if is_seen && !matches!(word, "requires" | "allow") {
            let message = format!("`{word}` appears twice");
            return self.malformed(at, message, "keep one of them");
        }
        self.seen.push((word, at));
        match word {
            "no-transaction" => self.no_transaction(argument, at),
            "requires" => self.requires(argument, at),
            "lock-timeout" => self.found.lock_timeout = self.timeout(word, argument, at),
            "statement-timeout" => self.found.statement_timeout = self.timeout(word, argument, at),
            "allow" => self.allow(argument, at),
            IRREVERSIBLE => self.irreversible(argument, at),
            "" => self.fault(
                Code::M0204,
                at,
                "no directive follows `migrator:`".to_owned(),
                suggestion(word, "directive", KNOWN),
            ),
            _ => self.fault(
                Code::M0204,
                at,
                format!("`{word}` is not a directive"),
                suggestion(word, "directive", KNOWN),
            ),
        }
    }

    fn no_transaction(&mut self, argument: &str, at: usize) {
        if argument.is_empty() {
            self.found.mode = Mode::NoTransaction;
        } else {
            let message = format!("`no-transaction` takes no argument, not `{argument}`");
            self.malformed(at, message, "write `-- migrator: no-transaction`");
        }
    }

    fn requires(&mut self, argument: &str, at: usize) {
        if self.direction == Direction::Down {
            let message = "`requires` is not allowed in a down script".to_owned();
            return self.malformed(at, message, "move it to the up script");
        }
        match parse_reference(argument) {
            Ok(reference) if self.found.requires.iter().any(|(r, _)| *r == reference) => {
                let message = format!("`requires {reference}` appears twice");
                self.malformed(at, message, "keep one of them");
            }
            Ok(reference) => self.found.requires.push((reference, at)),
            Err(fault) => {
                let message = match argument {
                    "" => "`requires` needs a migration".to_owned(),
                    argument => format!("`{argument}` is not a reference to a migration: {fault}"),
                };
                let help = "write `-- migrator: requires SERVICE/YYYYMMDDHHMMSS`, one on each line";
                self.malformed(at, message, help);
            }
        }
    }

    fn timeout(&mut self, word: &str, argument: &str, at: usize) -> Option<Duration> {
        let duration = parse_duration(argument);
        if duration.is_none() {
            let message = match argument {
                "" => format!("`{word}` needs a time"),
                argument => format!("`{argument}` is not a time for `{word}`"),
            };
            let help = "write a whole number and a unit, `ms`, `s`, `min` or `h`, \
                        such as `10s`, of at most 24 days; `0` is no timeout";
            self.malformed(at, message, help);
        }
        duration
    }

    fn allow(&mut self, argument: &str, at: usize) {
        let (code, reason) = argument.split_once("because").unwrap_or((argument, ""));
        let code = code.trim();
        let fault = match Code::find(code) {
            None if code.is_empty() => "`allow` needs the code of a lint".to_owned(),
            None => format!("`{code}` is not a code"),
            Some(code) if code.level().is_none() => {
                format!("`{code}` cannot be allowed: {}", code.title())
            }
            Some(_) if reason.trim().is_empty() => "the reason is missing".to_owned(),
            Some(code) => {
                self.found.allow.push((code, at));
                self.found.reasons.push(reason.trim().to_owned());
                return;
            }
        };
        let help = "write `-- migrator: allow CODE because …`, with the code of a lint";
        self.malformed(at, fault, help);
    }

    fn irreversible(&mut self, argument: &str, at: usize) {
        let mut words = argument.splitn(2, char::is_whitespace);
        let because = words.next().unwrap_or_default();
        let reason = words.next().unwrap_or_default().trim();
        let message = if self.direction == Direction::Up {
            "`irreversible` is in an up script"
        } else if because != "because" || reason.is_empty() {
            "`irreversible` has no reason"
        } else {
            self.found.irreversible = Some(reason.to_owned());
            return;
        };
        let help = "write `-- migrator: irreversible because …`, as the whole of the down script";
        self.malformed(at, message.to_owned(), help);
    }

    /// Refuses statements and other directives in a script with `irreversible`.
    fn irreversible_alone(&mut self, has_statement: bool) {
        let of_it = self.seen.iter().find(|(word, _)| *word == IRREVERSIBLE);
        let Some(&(_, at)) = of_it.filter(|_| self.found.irreversible.is_some()) else {
            return;
        };
        if has_statement {
            let message = "`irreversible` is in a script with statements".to_owned();
            let help = "remove the statements, or remove the directive";
            return self.malformed(at, message, help);
        }
        for (word, at) in self.seen.clone() {
            if !matches!(word, "allow" | IRREVERSIBLE) && KNOWN.contains(&word) {
                let message = format!("`{word}` has no effect beside `irreversible`");
                self.fault(Code::M0206, at, message, "remove the directive".to_owned());
            }
        }
    }

    fn malformed(&mut self, at: usize, message: String, help: &str) {
        self.fault(Code::M0205, at, message, help.to_owned());
    }

    fn fault(&mut self, code: Code, at: usize, message: String, help: String) {
        self.faults.push(DirectiveFault {
            code,
            position: Position::at(self.sql, at),
            message,
            help,
        });
    }
}
