//! The common form of a finding, a conflict, a fault and a failure.

use std::fmt;

use crate::code::Code;
use crate::id::{MigrationId, MigrationRef};
use crate::place::{Place, Position};
use crate::untrusted::one_line;
use crate::version::Version;

/// A problem with a tree, a plan, a script, a database or a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Its code.
    pub code: Code,
    /// Whether it stops the build or the command.
    pub severity: Severity,
    /// The object that has the problem, if one object has it.
    pub subject: Option<Subject>,
    /// Its place in a file, if it has one.
    pub place: Option<Place>,
    /// What is wrong, in one line.
    pub message: String,
    /// Further lines.
    pub notes: Vec<Note>,
    /// What to do, in one line.
    pub help: String,
}

/// The effect of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The problem stops the build or the command.
    Error,
    /// The build or the command shows the problem and continues.
    Warning,
}

/// One more line about a problem.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// What kind of line: `detail`, `hint`, `cause`, ….
    pub label: &'static str,
    /// The line.
    pub text: String,
}

/// The object that has a problem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// A migration of the registry or of the history.
    Migration(MigrationId),
    /// A migration that the user named. Only its service and version are known.
    Reference(MigrationRef),
    /// A version that the user named.
    Version(Version),
    /// An object of the database, in words, such as `` schema `migrator` ``.
    Object(String),
}

impl Subject {
    /// The migration, if its identity is known.
    #[must_use]
    pub fn migration(&self) -> Option<&MigrationId> {
        match self {
            Subject::Migration(id) => Some(id),
            Subject::Reference(_) | Subject::Version(_) | Subject::Object(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Migration(id) => id.fmt(f),
            Subject::Reference(reference) => reference.fmt(f),
            Subject::Version(version) => version.fmt(f),
            Subject::Object(object) => f.write_str(object),
        }
    }
}

impl Problem {
    /// Sorts problems by their places, then by their codes.
    pub fn sort(problems: &mut [Problem]) {
        problems.sort_by(|a, b| (&a.place, a.code).cmp(&(&b.place, b.code)));
    }

    /// An error without a place and a subject.
    pub fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem {
            code,
            severity: Severity::Error,
            subject: None,
            place: None,
            message: message.into(),
            notes: Vec::new(),
            help: help.into(),
        }
    }

    /// An error at a place in a file.
    pub fn at(
        code: Code,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Problem {
        Problem {
            place: Some(place),
            ..Problem::new(code, message, help)
        }
    }

    /// The path of the file or folder with the problem.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.place.as_ref().map(|place| place.path.as_str())
    }

    /// The line and the column in the file.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.place.as_ref().and_then(|place| place.position)
    }
}

/// In one line: `path:line:col: subject: message [M0104] (help: …)`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if let Some(subject) = &self.subject {
            write!(f, "{}: ", one_line(&subject.to_string()))?;
        }
        write!(f, "{} [{}]", one_line(&self.message), self.code)?;
        match self.help.as_str() {
            "" => Ok(()),
            help => write!(f, " (help: {})", one_line(help)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Problem, Subject};
    use crate::code::Code;
    use crate::place::Place;
    use crate::version::Version;

    #[test]
    fn a_problem_is_one_line_whatever_it_quotes() {
        let place = Place::file("a\ncargo::warning=b");
        let problem = Problem::at(Code::M0111, place, "`\r\n`", "`\u{202e}`");
        assert_eq!(
            problem.to_string(),
            r"a\ncargo::warning=b: `\r\n` [M0111] (help: `\u{202e}`)"
        );
    }

    #[test]
    fn a_problem_names_its_subject() {
        let version = Version::from_integer(20_240_101_000_000);
        let problem = Problem {
            subject: Some(Subject::Version(version)),
            ..Problem::new(Code::M0406, "no such version", "")
        };
        assert_eq!(
            problem.to_string(),
            "20240101000000: no such version [M0406]"
        );
    }
}
