//! Directives: comments at the head of a script that instruct the tool.

use std::time::Duration;

use crate::code::Code;
use crate::diagnostic::Position;
use crate::nearest::suggestion;
use crate::registry::{MigrationRef, Mode};
use crate::sql::{self, Kind, Token, tokens};
use crate::version::Version;

use crate::file_name::Direction;

/// What a script's directives say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// `no-transaction`.
    pub mode: Mode,
    /// `requires SERVICE/VERSION`, each with its offset in the script.
    pub requires: Vec<(MigrationRef, usize)>,
    /// `lock-timeout`.
    pub lock_timeout: Option<Duration>,
    /// `statement-timeout`.
    pub statement_timeout: Option<Duration>,
    /// `allow CODE because …`, each with its offset in the script.
    pub allow: Vec<(Code, usize)>,
    /// The reasons of these, in the same order.
    pub reasons: Vec<String>,
    /// `irreversible because …`: the reason.
    pub irreversible: Option<String>,
}

/// Something wrong with a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectiveFault {
    /// What it is filed under.
    pub code: Code,
    /// Where the directive starts.
    pub position: Position,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

const KNOWN: [&str; 6] = [
    "no-transaction",
    "requires",
    "lock-timeout",
    "statement-timeout",
    "allow",
    IRREVERSIBLE,
];

/// The directive of a down script that takes nothing back, on purpose.
const IRREVERSIBLE: &str = "irreversible";

/// The most that Postgres takes for a timeout, in milliseconds (`guc_tables.c`: `INT_MAX`).
const MOST_MILLISECONDS: u64 = i32::MAX as u64;

impl Directives {
    /// Reads the directives of a script; all that is wrong with them is found.
    ///
    /// # Errors
    ///
    /// Any directive is unknown, malformed, said twice, or not where it has an effect.
    pub fn read(sql: &str, direction: Direction) -> Result<Directives, Vec<DirectiveFault>> {
        Directives::read_tokens(sql, &tokens(sql), direction)
    }

    /// The same for a script of which the tokens are known.
    pub(crate) fn read_tokens(
        sql: &str,
        tokens: &[Token],
        direction: Direction,
    ) -> Result<Directives, Vec<DirectiveFault>> {
        let mut reader = Reader {
            sql,
            direction,
            seen: Vec::new(),
            found: Directives::default(),
            faults: Vec::new(),
        };
        let mut in_head = true;
        for token in tokens {
            match token.kind {
                Kind::LineComment | Kind::BlockComment => reader.comment(token, in_head),
                Kind::Blank => {}
                Kind::Semicolon | Kind::Word | Kind::OpenParen | Kind::CloseParen | Kind::Other => {
                    in_head = false;
                }
            }
        }
        reader.irreversible_alone(tokens);
        match reader.faults.is_empty() {
            true => Ok(reader.found),
            false => Err(reader.faults),
        }
    }
}

/// Why the migration of a down script cannot be reverted, if the script is nothing but the
/// directive `irreversible because …` and comments.
#[must_use]
pub fn irreversible(down: &str) -> Option<String> {
    if !down.contains(IRREVERSIBLE) {
        return None;
    }
    Directives::read(&sql::normalise(down), Direction::Down)
        .ok()?
        .irreversible
}

/// The reason for which a script allows a lint, if it does.
pub(crate) fn allows(script: &str, direction: Direction, code: Code) -> Option<String> {
    if !script.contains(code.as_str()) {
        return None;
    }
    let read = Directives::read(&sql::normalise(script), direction).ok()?;
    let mut allowed = read.allow.iter().zip(read.reasons);
    allowed.find_map(|((of, _), reason)| (*of == code).then_some(reason))
}

/// Whether a comment of a script says `irreversible`, well formed or not.
pub(crate) fn says_irreversible(sql: &str, tokens: &[Token]) -> bool {
    let comments = tokens
        .iter()
        .filter(|token| matches!(token.kind, Kind::LineComment | Kind::BlockComment));
    let mut directives =
        comments.filter_map(|token| sql[token.range.clone()].lines().find_map(after_prefix));
    directives.any(|directive| directive.split_whitespace().next() == Some(IRREVERSIBLE))
}

struct Reader<'a> {
    sql: &'a str,
    direction: Direction,
    /// Each directive's word and offset.
    seen: Vec<(&'a str, usize)>,
    found: Directives,
    faults: Vec<DirectiveFault>,
}

impl<'a> Reader<'a> {
    fn comment(&mut self, token: &Token, in_head: bool) {
        let text = &self.sql[token.range.clone()];
        let Some(directive) = text.lines().find_map(after_prefix) else {
            return;
        };
        let at = token.range.start;
        if token.kind == Kind::BlockComment || !in_head {
            self.fault(
                Code::M0206,
                at,
                "this directive has no effect here".to_owned(),
                "move it to a `--` comment of its own before the first statement".to_owned(),
            );
        } else {
            self.directive(directive.trim(), at);
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

    /// Nothing may stand beside `irreversible` that would have an effect.
    fn irreversible_alone(&mut self, tokens: &[Token]) {
        let of_it = self.seen.iter().find(|(word, _)| *word == IRREVERSIBLE);
        let Some(&(_, at)) = of_it.filter(|_| self.found.irreversible.is_some()) else {
            return;
        };
        if tokens.iter().any(Token::says_something) {
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

/// What follows `migrator:` in a line of a comment, in whatever case and spacing it is written.
fn after_prefix(line: &str) -> Option<&str> {
    let body = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '/' | '*'));
    let (word, rest) = body.split_at_checked("migrator".len())?;
    word.eq_ignore_ascii_case("migrator")
        .then(|| rest.trim_start().strip_prefix(':'))?
}

fn parse_reference(text: &str) -> Result<MigrationRef, String> {
    let (service, version) = text
        .split_once('/')
        .ok_or_else(|| "`/` is missing".to_owned())?;
    if service.is_empty() {
        return Err("the service before the `/` is missing".to_owned());
    }
    if version.is_empty() {
        return Err("the version after the `/` is missing".to_owned());
    }
    let version = Version::parse(version)
        .map_err(|fault| format!("`{version}` is not a version: {fault}"))?;
    Ok(MigrationRef {
        service: service.to_owned().into(),
        version,
    })
}

/// Reads `10s`, `500ms`, `5min` or `5m`, `1h` or `0`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "min" | "m" => 60_000,
        "h" => 3_600_000,
        "" if number == 0 => 1,
        _ => return None,
    };
    let milliseconds = number.checked_mul(factor)?;
    (milliseconds <= MOST_MILLISECONDS).then(|| Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use crate::Code;
    use std::time::Duration;

    use super::{Direction, Directives, irreversible, parse_duration};
    use crate::registry::Mode;

    fn faults(sql: &str) -> Vec<String> {
        Directives::read(sql, Direction::Up)
            .expect_err(sql)
            .into_iter()
            .map(|fault| format!("{} {} {}", fault.position, fault.code, fault.message))
            .collect()
    }

    #[test]
    fn directives_stand_among_the_leading_comments() {
        let sql = "-- Adds an index.\n-- migrator: no-transaction\n\
                   -- migrator: requires auth/20240301090000\n--migrator:lock-timeout 10s\n\
                   /* more */ -- migrator: statement-timeout 5min\nSELECT 1;";
        let directives = Directives::read(sql, Direction::Up).expect("they are well formed");
        assert_eq!(directives.mode, Mode::NoTransaction);
        assert_eq!(directives.requires[0].0.to_string(), "auth/20240301090000");
        assert_eq!(directives.lock_timeout, Some(Duration::from_secs(10)));
        assert_eq!(directives.statement_timeout, Some(Duration::from_secs(300)));
    }

    #[test]
    fn an_unknown_directive_is_not_passed_over() {
        assert_eq!(
            faults("-- migrator: no-transactions\nSELECT 1"),
            ["1:1 M0204 `no-transactions` is not a directive"]
        );
        assert_eq!(faults("-- Migrator : x\nSELECT 1").len(), 1);
    }

    #[test]
    fn a_directive_without_effect_is_refused() {
        for sql in [
            "SELECT 1;\n-- migrator: no-transaction",
            "/* migrator: no-transaction */ SELECT 1",
            "/*\n * Adds an index.\n * migrator: no-transaction\n */ SELECT 1",
        ] {
            assert!(faults(sql)[0].contains("M0206"), "{sql}");
        }
    }

    #[test]
    fn an_allowance_has_a_reason_and_a_code() {
        let script = "-- migrator: allow M0213 because it is empty\n\
            -- migrator: allow M0510 because Postgres cannot\r\nSELECT 1;\n";
        let allows = |code| super::allows(script, Direction::Down, code);
        assert_eq!(allows(Code::M0510).as_deref(), Some("Postgres cannot"));
        assert_eq!(allows(Code::M0511), None);
        let text = "SELECT 'M0510'; -- migrator: allow M0510 because x";
        assert_eq!(super::allows(text, Direction::Up, Code::M0510), None);
    }

    #[test]
    fn malformed_directives_say_why() {
        for (directive, fault) in [
            (
                "no-transaction please",
                "`no-transaction` takes no argument, not `please`",
            ),
            (
                "requires auth",
                "`auth` is not a reference to a migration: `/` is missing",
            ),
            (
                "requires /20240301090000",
                "`/20240301090000` is not a reference to a migration: the service before the `/` is missing",
            ),
            (
                "requires auth/2024",
                "`auth/2024` is not a reference to a migration: `2024` is not a version: it has 4 digits, not 14",
            ),
            (
                "lock-timeout soon",
                "`soon` is not a time for `lock-timeout`",
            ),
            ("allow M9999 because x", "`M9999` is not a code"),
            ("allow M0213", "the reason is missing"),
            (
                "allow M0104 because x",
                "`M0104` cannot be allowed: a migration has no down script",
            ),
        ] {
            let sql = format!("-- migrator: {directive}\nSELECT 1");
            assert_eq!(faults(&sql), [format!("1:1 M0205 {fault}")]);
        }
        let twice = "-- migrator: lock-timeout 1s\n-- migrator: lock-timeout 2s\nSELECT 1";
        assert_eq!(faults(twice), ["2:1 M0205 `lock-timeout` appears twice"]);
    }

    #[test]
    fn a_down_script_that_is_nothing_but_a_reason_is_irreversible() {
        for sql in [
            "-- migrator: irreversible because the rows are gone",
            "-- migrator: irreversible because the rows are gone\n",
            "\u{feff}-- migrator: irreversible because the rows are gone\r\n\r\n",
            "-- Takes back nothing.\n\n--Migrator : irreversible  because  the rows are gone\n\n\n",
            "/* Ask the team. */\n-- migrator: irreversible because the rows are gone\n-- See above.",
            "-- migrator: allow M0232 because of that\n\
             -- migrator: irreversible because the rows are gone\n;\n",
        ] {
            let reason = irreversible(sql);
            assert_eq!(reason.as_deref(), Some("the rows are gone"), "{sql}");
        }
        for sql in [
            "SELECT 'irreversible'",
            "-- irreversible because of that",
            "",
            "SELECT 1",
        ] {
            assert_eq!(irreversible(sql), None, "{sql}");
        }
    }

    #[test]
    fn an_irreversible_script_has_a_reason_and_nothing_beside_it() {
        let no_reason = "1:1 M0205 `irreversible` has no reason";
        let beside = "1:1 M0205 `irreversible` is in a script with statements";
        for (sql, fault) in [
            ("-- migrator: irreversible", no_reason),
            ("-- migrator: irreversible because", no_reason),
            ("-- migrator: irreversible because   ", no_reason),
            ("-- migrator: irreversible the rows are gone", no_reason),
            (
                "-- migrator: irreversible becausethe rows are gone",
                no_reason,
            ),
            ("-- migrator: irreversible because x\nSELECT 1;", beside),
            (
                "-- migrator: irreversible because x\n-- migrator: irreversible because y",
                "2:1 M0205 `irreversible` appears twice",
            ),
            (
                "-- migrator: irreversible because x\n-- migrator: lock-timeout 1s",
                "2:1 M0206 `lock-timeout` has no effect beside `irreversible`",
            ),
            (
                "-- migrator: irreversibel because x",
                "1:1 M0204 `irreversibel` is not a directive",
            ),
        ] {
            let faults = Directives::read(sql, Direction::Down).expect_err(sql);
            let faults: Vec<String> = faults
                .into_iter()
                .map(|fault| format!("{} {} {}", fault.position, fault.code, fault.message))
                .collect();
            assert_eq!(faults, [fault], "{sql}");
            assert_eq!(irreversible(sql), None, "{sql}");
        }
        assert_eq!(
            faults("-- migrator: irreversible because x\nSELECT 1;"),
            ["1:1 M0205 `irreversible` is in an up script"]
        );
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("5m"), parse_duration("5min"));
        assert_eq!(parse_duration("10 s"), Some(Duration::from_secs(10)));
        assert_eq!(parse_duration("0"), Some(Duration::ZERO));
        for text in ["", "s", "5", "1.5s", "-1s", "99999999999h", "600h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
