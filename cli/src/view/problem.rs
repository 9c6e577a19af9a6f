//! An error or a warning, as all renderers read it.

use migrator_model::{Note, Problem};
use serde::{Serialize, Serializer};

use crate::name;

/// A problem, with the text of the line that it is on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Located {
    pub(crate) problem: Problem,
    pub(crate) line: Option<String>,
}

impl Located {
    /// A problem without the text of a line: it concerns a whole file, a database or the arguments.
    pub(crate) fn nowhere(problem: Problem) -> Located {
        Located {
            problem,
            line: None,
        }
    }

    /// The message, after the name of the object that it concerns.
    pub(crate) fn message(&self) -> String {
        let Problem {
            subject, message, ..
        } = &self.problem;
        match subject {
            Some(subject) => format!("{subject}: {message}"),
            None => message.clone(),
        }
    }

    /// Adds a note.
    pub(crate) fn note(&mut self, label: &'static str, text: impl Into<String>) {
        let text = text.into();
        self.problem.notes.push(Note { label, text });
    }
}

impl Serialize for Located {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let problem = &self.problem;
        let position = problem.position();
        Members {
            code: Some(problem.code.as_str()),
            message: &self.message(),
            path: problem.path(),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
            notes: problem.notes.iter().map(NoteMembers::new).collect(),
            help: &name::called(&problem.help),
        }
        .serialize(to)
    }
}

/// Arguments that the command does not accept. Such an error has no code.
#[derive(Debug)]
pub(crate) struct UsageError {
    pub(crate) message: String,
}

impl Serialize for UsageError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Members {
            code: None,
            message: &self.message,
            path: None,
            line: None,
            column: None,
            notes: Vec::new(),
            help: &name::called("`migrator help COMMAND` shows the options of a command"),
        }
        .serialize(to)
    }
}

/// One of the document's `errors`.
#[derive(Serialize)]
struct Members<'a> {
    code: Option<&'a str>,
    message: &'a str,
    path: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    notes: Vec<NoteMembers<'a>>,
    help: &'a str,
}

#[derive(Serialize)]
struct NoteMembers<'a> {
    word: &'a str,
    text: &'a str,
}

impl NoteMembers<'_> {
    fn new(note: &Note) -> NoteMembers<'_> {
        NoteMembers {
            word: note.label,
            text: &note.text,
        }
    }
}
