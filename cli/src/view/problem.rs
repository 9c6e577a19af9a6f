//! An error or a warning, as all renderers read it.

use migrator_model::diagnostic::Position;
use migrator_model::{Code, Diagnostic};
use serde::{Serialize, Serializer};

/// An error or a warning.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) place: Option<ShownPlace>,
    /// More lines about it, each after a word: `detail`, `hint`, `cause`, ….
    pub(crate) notes: Vec<(&'static str, String)>,
    pub(crate) help: String,
}

/// A place in a script, or in a list of databases.
#[derive(Clone, Debug)]
pub(crate) struct ShownPlace {
    pub(crate) path: String,
    pub(crate) position: Option<Position>,
    /// The text of the line.
    pub(crate) line: Option<String>,
}

impl Shown {
    /// A finding in the tree, with the text of its line.
    pub(crate) fn of_finding(diagnostic: &Diagnostic, line: Option<String>) -> Shown {
        Shown {
            code: diagnostic.code,
            message: diagnostic.message.clone(),
            place: Some(ShownPlace {
                path: diagnostic.place.path.clone(),
                position: diagnostic.place.position,
                line,
            }),
            notes: Vec::new(),
            help: diagnostic.help.clone(),
        }
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let position = self.place.as_ref().and_then(|place| place.position);
        let notes = self.notes.iter();
        Members {
            code: Some(self.code.as_str()),
            message: &self.message,
            path: self.place.as_ref().map(|place| place.path.as_str()),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
            notes: notes
                .map(|(word, text)| NoteMembers { word, text })
                .collect(),
            help: &self.help,
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
            help: "`migrator help COMMAND` shows the options of a command",
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
