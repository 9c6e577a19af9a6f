//! The error of a failed run, with the steps that it completed before.

use std::fmt;

use migrator_connect::ConnectError;
use migrator_model::Code;
use migrator_plan::{Conflict, DatabaseState};

use crate::event::report::Report;

mod choose_remedy;
pub(crate) mod fault;
pub(crate) mod format;
pub(crate) mod kind;
mod remedy;
mod report;
pub(crate) mod stopped;

pub use fault::{Fault, Left, Part};
pub use kind::{ErrorKind, ReadOnly, connect_code};
pub use remedy::{LockedTable, Remedy, RunAgain};
pub use stopped::{InterruptedStep, Stopped};

/// The error of a failed run.
#[derive(Debug)]
pub struct Error {
    /// The reason.
    pub kind: Box<ErrorKind>,
    /// The steps that the run completed before the failure. They remain.
    pub report: Report,
}

impl Error {
    /// The code of the error.
    #[must_use]
    pub fn code(&self) -> Code {
        self.kind.code()
    }

    /// The conflicts that keep the run from starting, or the database from being current.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        if let ErrorKind::Refused(conflicts)
        | ErrorKind::NotCurrent {
            state: DatabaseState::Conflict(conflicts),
            ..
        } = &*self.kind
        {
            return conflicts;
        }
        &[]
    }

    /// The database that the message names, without the password.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        if let ErrorKind::Connect(error)
        | ErrorKind::SecondConnection {
            error: Some(error), ..
        } = &*self.kind
        {
            return error.target();
        }
        None
    }

    /// What to do, as data.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        let remedy = self.kind.remedy();
        match &self.report.remaining {
            Some(remaining) => remedy.then(remaining),
            None => remedy,
        }
    }

    /// What to do, as the library's text.
    #[must_use]
    pub fn help(&self) -> String {
        self.remedy().to_string()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind.source()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        Error {
            kind: Box::new(kind),
            report: Report::default(),
        }
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Error {
        ErrorKind::Connect(error).into()
    }
}
