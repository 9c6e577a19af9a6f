//! The names of Flyway's files.

use std::cmp::Ordering;
use std::fmt;

use crate::moment::Moment;

/// A file that Flyway runs once.
#[derive(Clone, Debug)]
pub(super) struct Name<'a> {
    pub(super) kind: Kind,
    pub(super) number: Number,
    pub(super) title: &'a str,
}

/// The kind of a file. Files of one version are read in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `B`: instead of all versions up to its own, in a new database.
    Baseline,
    /// `V`.
    Up,
    /// `U`: reverts the `V` of the same version.
    Down,
}

/// A version: numbers of any length, such as `1.2.10`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Number {
    /// Each without zeros at its start. The last one is not zero, unless it is the only one.
    parts: Vec<String>,
}

/// The starts of names that Flyway runs at an event.
const EVENTS: [&str; 4] = ["before", "after", "create", "undo"];

impl<'a> Name<'a> {
    /// Reads the name of a file.
    ///
    /// The error is why the file is not converted. It is empty for settings of another file.
    pub(super) fn parse(name: &'a str) -> Result<Name<'a>, &'static str> {
        let other = "its name is not VVERSION__NAME.sql";
        if name.ends_with(".sql.conf") {
            return Err("");
        }
        let Some(stem) = name.strip_suffix(".sql") else {
            let is_program = [".java", ".kt", ".groovy", ".class"]
                .iter()
                .any(|ending| name.ends_with(ending));
            return Err(match is_program && name.starts_with(['V', 'R', 'B', 'U']) {
                true => "it is a program, and only SQL is converted",
                false => other,
            });
        };
        if stem.starts_with("R__") {
            return Err("it is repeatable: Flyway runs it again whenever it changes");
        }
        if EVENTS.iter().any(|event| stem.starts_with(event)) {
            return Err("it is a callback: Flyway runs it at an event, and not once");
        }
        let kind = match stem.chars().next() {
            Some('B') => Kind::Baseline,
            Some('V') => Kind::Up,
            Some('U') => Kind::Down,
            _ => return Err(other),
        };
        let (version, title) = stem[1..].split_once("__").unwrap_or((&stem[1..], ""));
        let number = Number::parse(version).ok_or(other)?;
        Ok(Name {
            kind,
            number,
            title,
        })
    }
}

impl Number {
    /// Reads digits with `.` or `_` between them.
    pub(super) fn parse(text: &str) -> Option<Number> {
        let mut parts = Vec::new();
        for part in text.split(['.', '_']) {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            parts.push(part.trim_start_matches('0').to_owned());
        }
        while parts.len() > 1 && parts.last().is_some_and(String::is_empty) {
            parts.pop();
        }
        Some(Number { parts })
    }

    /// The version as a time, if it is one.
    pub(super) fn moment(&self) -> Moment {
        let digits = match self.parts.as_slice() {
            [only] => only.clone(),
            // `2024.01.15.09.30.00` lost its zeros.
            [year, rest @ ..] if year.len() == 4 => {
                let rest: Vec<_> = rest.iter().map(|part| format!("{part:0>2}")).collect();
                let rest = rest.concat();
                format!("{year}{rest:0<10}")
            }
            _ => String::new(),
        };
        let moment = Moment::of_digits(&digits);
        let is_fit = |moment: &Moment| self.parts.len() == 1 || matches!(moment, Moment::Time(_));
        moment.filter(is_fit).unwrap_or(Moment::Number(0))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |part: &String| match part.is_empty() {
            true => "0".to_owned(),
            false => part.clone(),
        };
        let parts: Vec<_> = self.parts.iter().map(part).collect();
        f.write_str(&parts.join("."))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        let key = |number: &'_ Number| -> Vec<(usize, String)> {
            let parts = number.parts.iter();
            parts.map(|part| (part.len(), part.clone())).collect()
        };
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Name, Number};
    use crate::moment::Moment;

    #[test]
    fn versions_are_ordered_by_their_parts() {
        let ordered = [
            "0",
            "0.1",
            "1",
            "1.2",
            "1_10",
            "1.10.1",
            "2",
            "010",
            "99999999999999999999999",
        ];
        let numbers: Vec<_> = ordered
            .iter()
            .map(|one| Number::parse(one).unwrap())
            .collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        let text = |one: &str| Number::parse(one).unwrap().to_string();
        assert_eq!((text("001_02.0"), text("0.0")), ("1.2".into(), "0".into()));
        for wrong in ["", ".", "1.", "1..2", "1a", "-1"] {
            assert_eq!(Number::parse(wrong), None);
        }
    }

    #[test]
    fn versions_may_be_times() {
        let version = |one: &str| Number::parse(one).unwrap().moment().version().to_string();
        assert_eq!(version("2024.01.15"), "20240115000000");
        assert_eq!(version("2024.01.15.09.30.00"), "20240115093000");
        assert_eq!(version("20240115093000"), "20240115093000");
        let number = Number::parse("1.2").unwrap();
        assert_eq!(number.moment(), Moment::Number(0));
    }

    #[test]
    fn names_have_a_kind() {
        let kind = |name| Name::parse(name).map(|name| (name.kind, name.title.to_owned()));
        assert_eq!(kind("V1__a__b.sql"), Ok((Kind::Up, "a__b".to_owned())));
        assert_eq!(kind("V1.sql"), Ok((Kind::Up, String::new())));
        assert_eq!(kind("U1_2__a.sql"), Ok((Kind::Down, "a".to_owned())));
        assert_eq!(kind("B1__.sql"), Ok((Kind::Baseline, String::new())));
        for wrong in [
            "V__a.sql",
            "v1__a.sql",
            "V1__a.SQL",
            "Vé__a.sql",
            "é.sql",
            ".sql",
        ] {
            assert_eq!(kind(wrong), Err("its name is not VVERSION__NAME.sql"));
        }
        for (name, why) in [
            ("V1__a.java", "program"),
            ("R__views.sql", "repeatable"),
            ("beforeMigrate.sql", "callback"),
        ] {
            assert!(kind(name).unwrap_err().contains(why), "{name}");
        }
    }
}
