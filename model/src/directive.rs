//! Reads directives: comments at the start of a script that give instructions to the tool.

mod data;
mod reader;
mod value;

use crate::code::Code;
use crate::file_name::Direction;
use crate::sql;

pub use data::{DirectiveFault, Directives};
pub(crate) use reader::Comments;
use reader::IRREVERSIBLE;
pub use value::parse_duration;

/// Returns the reason in `irreversible because …`, if the down script has this directive
/// and no statements.
#[must_use]
pub fn irreversible(down: &str) -> Option<String> {
    if !down.contains(IRREVERSIBLE) {
        return None;
    }
    Directives::read(&sql::normalise(down), Direction::Down)
        .ok()?
        .irreversible
}

/// Returns the reason why a script allows a lint, if it allows the lint.
pub(crate) fn allows(script: &str, direction: Direction, code: Code) -> Option<String> {
    if !script.contains(code.as_str()) {
        return None;
    }
    let read = Directives::read(&sql::normalise(script), direction).ok()?;
    let mut allowed = read.allow.iter().zip(read.reasons);
    allowed.find_map(|((of, _), reason)| (*of == code).then_some(reason))
}

#[cfg(test)]
mod tests {
    use crate::Code;
    use std::time::Duration;

    use super::{Direction, Directives, irreversible, parse_duration};
    use crate::mode::Mode;

    fn faults(sql: &str) -> Vec<String> {
        Directives::read(sql, Direction::Up)
            .expect_err(sql)
            .into_iter()
            .map(|fault| format!("{} {} {}", fault.position, fault.code, fault.message))
            .collect()
    }

    #[test]
    fn directives_are_read_in_the_comments_at_the_start() {
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
    fn an_unknown_directive_is_an_error() {
        assert_eq!(
            faults("-- migrator: no-transactions\nSELECT 1"),
            ["1:1 M0204 `no-transactions` is not a directive"]
        );
        assert_eq!(faults("-- Migrator : x\nSELECT 1").len(), 1);
    }

    #[test]
    fn a_directive_without_effect_is_an_error() {
        for sql in [
            "SELECT 1;\n-- migrator: no-transaction",
            "/* migrator: no-transaction */ SELECT 1",
            "/*\n * Adds an index.\n * migrator: no-transaction\n */ SELECT 1",
        ] {
            assert!(faults(sql)[0].contains("M0206"), "{sql}");
        }
    }

    #[test]
    fn an_allow_directive_needs_a_code_and_a_reason() {
        let script = "-- migrator: allow M0213 because it is empty\n\
            -- migrator: allow M0510 because Postgres cannot\r\nSELECT 1;\n";
        let allows = |code| super::allows(script, Direction::Down, code);
        assert_eq!(allows(Code::M0510).as_deref(), Some("Postgres cannot"));
        assert_eq!(allows(Code::M0511), None);
        let text = "SELECT 'M0510'; -- migrator: allow M0510 because x";
        assert_eq!(super::allows(text, Direction::Up, Code::M0510), None);
    }

    #[test]
    fn the_error_on_a_malformed_directive_says_why() {
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
    fn a_down_script_with_only_a_reason_is_irreversible() {
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
    fn an_irreversible_script_has_a_reason_and_no_statements() {
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
    fn a_duration_needs_a_unit() {
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("5m"), parse_duration("5min"));
        assert_eq!(parse_duration("10 s"), Some(Duration::from_secs(10)));
        assert_eq!(parse_duration("0"), Some(Duration::ZERO));
        for text in ["", "s", "5", "1.5s", "-1s", "99999999999h", "600h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
