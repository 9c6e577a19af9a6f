//! Why a command failed, as problems and an exit code.

use std::slice;

use migrator_model::{Code, MigrationId, Note, Place, Problem};
use migrator_runtime::connect::ConnectError;
use migrator_runtime::plan::Conflict;
use migrator_runtime::{Blocker, DatabaseState, Direction, Error, ErrorKind, Fault, Left, Stopped};

use crate::caught;
use crate::exit::Exit;
use crate::remedy::{command_help, error_help, verify_help};
use crate::view::{Document, Located, View};
use crate::words::count;

/// Why a command failed, and what it had found or done before.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// One error, or one for each conflict.
    pub(crate) errors: Vec<Located>,
    /// What the command had found or done.
    pub(crate) view: Option<Box<View>>,
}

impl Failure {
    pub(crate) fn new(
        code: Code,
        exit: Exit,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Failure {
        Failure {
            exit,
            errors: vec![Located::nowhere(Problem::new(code, message, help))],
            view: None,
        }
    }

    /// Adds the cause, in the words of the server, the system or a program.
    pub(crate) fn because(mut self, cause: impl Into<String>) -> Failure {
        if let Some(error) = self.errors.last_mut() {
            error.note("cause", cause);
        }
        self
    }

    /// Adds what the command had found or done.
    pub(crate) fn after(mut self, view: View) -> Failure {
        self.view = Some(Box::new(view));
        self
    }

    /// Sets the place of each error.
    pub(crate) fn at(mut self, place: &Place) -> Failure {
        for error in &mut self.errors {
            error.problem.place = Some(place.clone());
        }
        self
    }
}

impl From<Failure> for Document {
    fn from(failure: Failure) -> Document {
        Document {
            database: None,
            view: failure.view.map(|view| *view),
            errors: failure.errors,
            exit: failure.exit,
        }
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Failure {
        Error::from(ErrorKind::Stopped(stopped)).into()
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Failure {
        Error::from(error).into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let exit = exit(&error);
        let mut errors = match &*error.kind {
            ErrorKind::Refused(conflicts) => conflicts
                .iter()
                .map(|conflict| {
                    Located::nowhere(Problem {
                        help: command_help(&conflict.remedy),
                        ..conflict.clone().into()
                    })
                })
                .collect(),
            ErrorKind::Scripts(faults) => {
                let one = |fault: &Fault| Error {
                    kind: Box::new(ErrorKind::Script(Box::new(fault.clone()))),
                    report: error.report.clone(),
                };
                faults.iter().map(|fault| shown(&one(fault))).collect()
            }
            ErrorKind::UnknownService(_)
            | ErrorKind::NotCurrent { .. }
            | ErrorKind::Locked { .. }
            | ErrorKind::LockLost { .. }
            | ErrorKind::Script(_)
            | ErrorKind::Stopped(_)
            | ErrorKind::ReadOnly(_)
            | ErrorKind::Connection { .. }
            | ErrorKind::Connect(_)
            | ErrorKind::Format(_)
            | ErrorKind::History { .. }
            | ErrorKind::Engine(_)
            | _ => vec![shown(&error)],
        };
        if let Some(last) = errors.last_mut() {
            for note in remaining(&error) {
                last.note("note", note);
            }
        }
        Failure {
            exit,
            errors,
            view: None,
        }
    }
}

/// What the run had done before it failed.
fn remaining(error: &Error) -> Vec<String> {
    // A migration whose commit was not confirmed is in the report, too. Its error names it.
    let unconfirmed = if let ErrorKind::Script(fault) = &*error.kind {
        unconfirmed(slice::from_ref(&**fault))
    } else if let ErrorKind::Scripts(faults) = &*error.kind {
        unconfirmed(faults)
    } else {
        Vec::new()
    };
    let steps = error.report.done.iter();
    let done = steps.filter(|step| !unconfirmed.contains(&&step.id));
    let number = |direction| {
        done.clone()
            .filter(|step| step.direction == direction)
            .count()
    };
    let recorded = error.report.recorded.len();
    let all = [
        (number(Direction::Down), "reverted"),
        (number(Direction::Up), "applied"),
        (recorded, "recorded"),
    ];
    let some = all.into_iter().filter(|(number, _)| *number > 0);
    some.map(|(number, state)| remain(number, state)).collect()
}

/// The migrations that are done, but not confirmed by a standby.
fn unconfirmed(faults: &[Fault]) -> Vec<&MigrationId> {
    let done = faults.iter().filter(|fault| fault.left == Left::Done);
    done.map(|fault| &fault.step).collect()
}

fn remain(migrations: usize, state: &str) -> String {
    let remain = match migrations {
        1 => "remains",
        _ => "remain",
    };
    let migrations = count(migrations, "migration");
    format!("the run had {state} {migrations}, which {remain} {state}")
}

impl From<migrator_verify::Error> for Failure {
    fn from(error: migrator_verify::Error) -> Failure {
        if let migrator_verify::Error::History(error) = error {
            return error.into();
        }
        let mut notes = causes(&error);
        notes.extend(error.fault().map(fault_notes).unwrap_or_default());
        Failure {
            exit: verify_exit(&error),
            errors: vec![Located {
                problem: Problem {
                    place: error.fault().and_then(fault_place),
                    notes,
                    ..Problem::new(error.code(), error.to_string(), verify_help(&error))
                },
                line: error.fault().and_then(|fault| fault.line.clone()),
            }],
            view: None,
        }
    }
}

fn verify_exit(error: &migrator_verify::Error) -> Exit {
    use migrator_verify::Error;
    match error {
        Error::NotEmpty { .. } => Exit::Usage,
        Error::Dirty(_) | Error::Altered { .. } => Exit::Refused,
        Error::Connect(_) => Exit::Connection,
        Error::Catalog(_)
        | Error::Empty(_)
        | Error::Moving
        | Error::NoScript(_)
        | Error::Replay(_)
        | Error::OutOfTime { .. }
        | Error::Unprivileged { .. }
        | Error::Confine { .. }
        | Error::Role { .. }
        | Error::History(_)
        | _ => Exit::Failed,
    }
}

/// The causes of an error.
fn causes(error: &dyn std::error::Error) -> Vec<Note> {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(source) = cause {
        causes.push(note("cause", source.to_string()));
        cause = source.source();
    }
    causes
}

/// A script's fault as an error.
pub(crate) fn of_fault(fault: Box<Fault>) -> Located {
    shown(&ErrorKind::Script(fault).into())
}

fn shown(error: &Error) -> Located {
    let mut notes = Vec::new();
    let (mut place, mut line) = (None, None);
    match &*error.kind {
        ErrorKind::Script(fault) => {
            place = fault_place(fault);
            line.clone_from(&fault.line);
            notes = fault_notes(fault);
        }
        ErrorKind::Connection { why, .. } => notes.push(note("cause", why.clone())),
        ErrorKind::History { why, blockers, .. } => {
            notes.push(note("cause", why.clone()));
            notes.extend(blocker_notes(blockers));
        }
        ErrorKind::UnknownService(_)
        | ErrorKind::Refused(_)
        | ErrorKind::NotCurrent { .. }
        | ErrorKind::Locked { .. }
        | ErrorKind::LockLost { .. }
        | ErrorKind::Stopped(_)
        | ErrorKind::Connect(_)
        | ErrorKind::Scripts(_)
        | ErrorKind::ReadOnly(_)
        | ErrorKind::Format(_)
        | ErrorKind::Engine(_)
        | _ => {}
    }
    notes.extend(causes(error));
    Located {
        problem: Problem {
            place,
            notes,
            ..Problem::new(error.code(), error.to_string(), error_help(error))
        },
        line,
    }
}

fn fault_place(fault: &Fault) -> Option<Place> {
    Some(Place {
        path: fault.path.clone()?,
        position: fault.position,
    })
}

fn note(label: &'static str, text: String) -> Note {
    Note { label, text }
}

fn fault_notes(fault: &Fault) -> Vec<Note> {
    let texts = [
        ("detail", &fault.detail),
        ("hint", &fault.hint),
        ("context", &fault.context),
        ("sqlstate", &fault.sqlstate),
    ];
    let mut notes: Vec<_> = texts
        .into_iter()
        .filter_map(|(label, text)| Some(note(label, text.clone()?)))
        .collect();
    if let Some(constraint) = &fault.constraint {
        let what = format!("the deferred constraint {constraint} failed");
        notes.push(note("note", what));
    }
    notes.extend(blocker_notes(&fault.blockers));
    if let (None, Some(position)) = (&fault.path, fault.position) {
        notes.push(note(
            "place",
            format!("{position} in the script recorded in the history"),
        ));
    }
    notes
}

fn blocker_notes(blockers: &[Blocker]) -> impl Iterator<Item = Note> {
    let blockers = blockers.iter();
    blockers.map(|blocker| note("blocker", blocker.to_string()))
}

fn exit(error: &Error) -> Exit {
    match &*error.kind {
        ErrorKind::UnknownService(_) | ErrorKind::Connect(ConnectError::Settings { .. }) => {
            Exit::Usage
        }
        ErrorKind::Refused(conflicts) => {
            let is_usage = |conflict: &Conflict| conflict.code == Code::M0406;
            match conflicts.iter().all(is_usage) {
                true => Exit::Usage,
                false => Exit::Refused,
            }
        }
        ErrorKind::Format(_) => Exit::Refused,
        ErrorKind::NotCurrent { state, .. } => match state {
            DatabaseState::Conflict(_) => Exit::Refused,
            DatabaseState::Current | DatabaseState::Behind(_) | DatabaseState::Ahead(_) => {
                Exit::Pending
            }
        },
        ErrorKind::Locked { .. } => Exit::Locked,
        ErrorKind::Stopped(_) => caught::exit(),
        ErrorKind::Connect(_) | ErrorKind::Connection { .. } => Exit::Connection,
        ErrorKind::Script(fault) if fault.left == Left::Unknown => Exit::Connection,
        ErrorKind::Script(fault) if fault.left == Left::Done => {
            caught::caught().unwrap_or(Exit::Failed)
        }
        ErrorKind::Script(fault) if fault.code == Code::M0514 => Exit::Refused,
        ErrorKind::Script(fault) if fault.code == Code::M0515 => Exit::Locked,
        ErrorKind::Scripts(faults) if faults.iter().any(|fault| fault.left == Left::Unknown) => {
            Exit::Connection
        }
        ErrorKind::Scripts(faults) if faults.iter().all(|fault| fault.left == Left::Done) => {
            caught::caught().unwrap_or(Exit::Failed)
        }
        ErrorKind::Script(_)
        | ErrorKind::Scripts(_)
        | ErrorKind::LockLost { .. }
        | ErrorKind::ReadOnly(_)
        | ErrorKind::History { .. }
        | ErrorKind::Engine(_)
        | _ => Exit::Failed,
    }
}
