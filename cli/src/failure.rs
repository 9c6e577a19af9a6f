//! Why a command failed, as problems and an exit code.

use std::slice;

use migrator_model::{Code, MigrationId, Note, Place, Problem};
use migrator_runtime::connect::ConnectError;
use migrator_runtime::plan::Conflict;
use migrator_runtime::{
    Blocker, DatabaseState, Direction, Error, ErrorKind, Fault, Left, Report, Stopped,
};

use crate::caught;
use crate::exit::Exit;
use crate::remedy::{command_help, error_help, verify_help};
use crate::view::{Document, Located, Measured, View};
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
            measured: Measured::default(),
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
        let (exit, mut errors) = kind(&error);
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

/// The exit code and the problems of each kind of error.
fn kind(error: &Error) -> (Exit, Vec<Located>) {
    let one = |notes: Vec<Note>| vec![Located::nowhere(problem(error, notes))];
    let plain = || one(Vec::new());
    match &*error.kind {
        ErrorKind::Refused(conflicts) => refused(conflicts),
        ErrorKind::Script(fault) => (script_exit(fault), vec![script(error, fault)]),
        ErrorKind::Scripts(faults) => {
            let scripts = faults.iter().map(|fault| one_script(fault, &error.report));
            (scripts_exit(faults), scripts.collect())
        }
        ErrorKind::Connection { why, .. } => {
            (Exit::Connection, one(vec![note("cause", why.clone())]))
        }
        ErrorKind::History { why, blockers, .. } => {
            let cause = [note("cause", why.clone())].into_iter();
            let notes = cause.chain(blocker_notes(blockers)).collect();
            (Exit::Failed, one(notes))
        }
        ErrorKind::NotCurrent { state, .. } => match state {
            DatabaseState::Conflict(_) => (Exit::Refused, plain()),
            DatabaseState::Current | DatabaseState::Behind(_) | DatabaseState::Ahead(_) => {
                (Exit::Pending, plain())
            }
        },
        ErrorKind::UnknownService(_) | ErrorKind::Connect(ConnectError::Settings { .. }) => {
            (Exit::Usage, plain())
        }
        ErrorKind::Format(_) => (Exit::Refused, plain()),
        ErrorKind::Locked { .. } => (Exit::Locked, plain()),
        ErrorKind::Stopped(_) => (caught::exit(), plain()),
        ErrorKind::Connect(_) | ErrorKind::SecondConnection { .. } => (Exit::Connection, plain()),
        ErrorKind::LockLost { .. } | ErrorKind::ReadOnly(_) | ErrorKind::Engine(_) | _ => {
            (Exit::Failed, plain())
        }
    }
}

/// Each conflict is a problem.
fn refused(conflicts: &[Conflict]) -> (Exit, Vec<Located>) {
    let problems = conflicts.iter().map(|conflict| {
        Located::nowhere(Problem {
            help: command_help(&conflict.remedy),
            ..conflict.clone().into()
        })
    });
    let is_usage = |conflict: &Conflict| conflict.code == Code::M0406;
    let exit = match conflicts.iter().all(is_usage) {
        true => Exit::Usage,
        false => Exit::Refused,
    };
    (exit, problems.collect())
}

fn script_exit(fault: &Fault) -> Exit {
    match fault.left {
        Left::Unknown => Exit::Connection,
        Left::Done => caught::caught().unwrap_or(Exit::Failed),
        _ if fault.code == Code::M0514 => Exit::Refused,
        _ if fault.code == Code::M0515 => Exit::Locked,
        Left::Nothing | Left::Dirty | Left::Resumable | Left::Unrecorded { .. } | _ => Exit::Failed,
    }
}

fn scripts_exit(faults: &[Fault]) -> Exit {
    if faults.iter().any(|fault| fault.left == Left::Unknown) {
        return Exit::Connection;
    }
    match faults.iter().all(|fault| fault.left == Left::Done) {
        true => caught::caught().unwrap_or(Exit::Failed),
        false => Exit::Failed,
    }
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

/// The fault of a script as a problem.
pub(crate) fn of_fault(fault: &Fault) -> Located {
    one_script(fault, &Report::default())
}

/// The problem of one of several scripts that failed.
fn one_script(fault: &Fault, report: &Report) -> Located {
    let error = Error {
        kind: Box::new(ErrorKind::Script(Box::new(fault.clone()))),
        report: report.clone(),
    };
    script(&error, fault)
}

/// The problem of an error whose kind is the fault of a script.
fn script(error: &Error, fault: &Fault) -> Located {
    Located {
        problem: Problem {
            place: fault_place(fault),
            ..problem(error, fault_notes(fault))
        },
        line: fault.line.clone(),
    }
}

/// The problem of an error without a place; its causes come after these notes.
fn problem(error: &Error, mut notes: Vec<Note>) -> Problem {
    notes.extend(causes(error));
    Problem {
        notes,
        ..Problem::new(error.code(), error.to_string(), error_help(error))
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
