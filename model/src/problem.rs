//! The common form of a finding, a conflict, a fault and a failure.

use std::fmt;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::id::{MigrationId, MigrationRef};
use crate::untrusted::one_line;
use crate::version::Version;

/// A problem with a tree, a plan, a script, a database or a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its code.
    pub code: Code,
    /// Whether it stops the command.
    pub severity: Severity,
    /// The object with the problem, if there is one object.
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

/// One more line about a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl From<Diagnostic> for Problem {
    fn from(diagnostic: Diagnostic) -> Problem {
        let Diagnostic {
            severity,
            code,
            place,
            message,
            help,
        } = diagnostic;
        Problem {
            code,
            severity,
            subject: None,
            place: Some(place),
            message,
            notes: Vec::new(),
            help,
        }
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
    use crate::diagnostic::{Diagnostic, Place};
    use crate::version::Version;

    #[test]
    fn a_problem_prints_the_same_line_as_its_finding() {
        let place = Place::within("a.up.sql", "SELECT 1\n", 7);
        let finding = Diagnostic::new(Code::M0208, place, "`1`\n", "write `2`");
        let text = finding.to_string();
        assert_eq!(Problem::from(finding).to_string(), text);
    }

    #[test]
    fn a_problem_names_its_subject() {
        let place = Place::file("a");
        let mut problem = Problem::from(Diagnostic::new(Code::M0406, place, "no such version", ""));
        problem.place = None;
        problem.subject = Some(Subject::Version(Version::from_integer(20_240_101_000_000)));
        assert_eq!(
            problem.to_string(),
            "20240101000000: no such version [M0406]"
        );
    }
}
