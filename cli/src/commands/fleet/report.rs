//! What became of a fleet: a line a database as it ends, the failures in full at the
//! end; or a row a database in the order of the list.

use std::time::Duration;

use migrator_runtime::plan::Plan;
use migrator_runtime::{self as runtime, Ended, Ending, Tally};
use serde_json::{Value, json};

use super::Place;
use super::failures::Failures;
use super::list::Name;
use crate::args::Format;
use crate::commands::count;
use crate::commands::run::{milliseconds, seconds};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Printer, Tone};
use crate::render;

/// What is known of the databases that have ended.
pub(super) struct Report {
    printer: Printer,
    name: Name,
    /// Of the databases that ended well: how many have, or had, something pending.
    changed: usize,
    migrations: usize,
    failures: Failures,
    /// In the order of the list, for JSON alone: text keeps nothing of what went well.
    rows: Vec<Box<str>>,
    did: Did,
}

/// What a run does with what is pending.
#[derive(Clone, Copy)]
enum Did {
    Apply,
    Plan,
}

/// A database that has ended.
struct Row {
    place: Place,
    database: Option<String>,
    took: Duration,
    state: State,
}

enum State {
    /// So many migrations were applied.
    Applied(usize),
    /// These would be.
    Pending(Vec<String>),
    Current,
    Failed(Failed),
    Skipped,
}

/// A failure, behind so many migrations.
struct Failed {
    done: usize,
    failure: Failure,
}

impl Report {
    pub(super) fn new(output: &Output, name: Name) -> Report {
        Report {
            printer: output.printer(),
            name,
            changed: 0,
            migrations: 0,
            failures: Failures::default(),
            rows: Vec::new(),
            did: Did::Apply,
        }
    }

    /// A database was migrated, or not.
    pub(super) fn applied(&mut self, ended: Ended<Place, runtime::Report>) {
        self.tell(ended, |report| match report.done.len() {
            0 => State::Current,
            done => State::Applied(done),
        });
    }

    /// A database was looked at, or not.
    pub(super) fn planned(&mut self, ended: Ended<Place, Plan<'static>>) {
        self.did = Did::Plan;
        self.tell(ended, |plan| match plan.steps.as_slice() {
            [] => State::Current,
            steps => State::Pending(steps.iter().map(ToString::to_string).collect()),
        });
    }

    fn tell<T>(&mut self, ended: Ended<Place, T>, state: impl FnOnce(T) -> State) {
        let Ended {
            key: place,
            target,
            took,
            ending,
        } = ended;
        let malformed = target.is_none().then_some(place);
        let state = match ending {
            Ending::Done(done) => state(done),
            Ending::Failed(error) => State::Failed(self.failed(error, malformed)),
            Ending::NotStarted => State::Skipped,
        };
        let row = Row {
            place,
            database: target,
            took,
            state,
        };
        match self.printer.format() {
            Format::Json => self.keep(&row),
            Format::Text | Format::Sarif | Format::Github => self.line(&row),
        }
        self.tally(row);
    }

    fn failed(&self, error: runtime::Error, malformed: Option<Place>) -> Failed {
        let done = error.report.done.len();
        let failure = Failure::from(error);
        let failure = match malformed {
            Some(place) => failure.at(&self.name.place(place.number)),
            None => failure,
        };
        Failed { done, failure }
    }

    fn line(&self, row: &Row) {
        let database = self.database(row);
        let took = seconds(row.took);
        let printer = &self.printer;
        match &row.state {
            State::Applied(done) => {
                let rest = format!("{database} ({}, {took})", count(*done, "migration"));
                printer.detail(Tone::Good, "applied", &rest);
            }
            State::Pending(steps) => {
                let rest = format!("{database} ({})", count(steps.len(), "migration"));
                printer.detail(Tone::Plain, "pending", &rest);
                for step in steps {
                    printer.detail(Tone::Plain, "       ", step);
                }
            }
            State::Current => {
                printer.detail(Tone::Plain, "current", &format!("{database} ({took})"));
            }
            State::Failed(Failed { done, failure }) => {
                let code = failure
                    .errors
                    .first()
                    .map_or("", |error| error.code.as_str());
                let after = match done {
                    0 => String::new(),
                    done => format!(" after {}", count(*done, "migration")),
                };
                let rest = format!("{database} ({code}{after}, {took})");
                printer.result(Tone::Bad, "failed ", &rest);
            }
            State::Skipped => {}
        }
    }

    /// Its URL without the password, or else its place in the list.
    fn database(&self, row: &Row) -> String {
        let database = row.database.clone();
        database.unwrap_or_else(|| self.name.entry(row.place.number))
    }

    fn keep(&mut self, row: &Row) {
        let mut value = json!({
            "database": row.database,
            "state": row.state.word(),
            "done": row.state.done(),
            "milliseconds": milliseconds(row.took),
        });
        match &row.state {
            State::Pending(steps) => value["plan"] = json!(steps),
            State::Failed(Failed { failure, .. }) => {
                value["errors"] = failure.errors.iter().map(render::json).collect();
            }
            State::Applied(_) | State::Current | State::Skipped => {}
        }
        let index = row.place.index;
        if self.rows.len() <= index {
            self.rows.resize(index + 1, Box::default());
        }
        self.rows[index] = value.to_string().into_boxed_str();
    }

    fn tally(&mut self, row: Row) {
        match row.state {
            State::Applied(done) => {
                self.changed += 1;
                self.migrations += done;
            }
            State::Pending(steps) => {
                self.changed += 1;
                self.migrations += steps.len();
            }
            State::Failed(Failed { done, failure }) => {
                self.migrations += done;
                self.failures.add(row.place.index, row.database, failure);
            }
            State::Current | State::Skipped => {}
        }
    }

    /// The failures, the last line and the document.
    pub(super) fn finish(self, output: &mut Output, tally: &Tally) -> Exit {
        let exit = self.failures.exit();
        let databases = tally.done + tally.failed + tally.not_started;
        let summary = format!(
            "{} in {}: {}",
            count(databases, "database"),
            seconds(tally.elapsed),
            self.parts(tally).join(", ")
        );
        output.member("totals", self.totals(tally));
        output.member("milliseconds", json!(milliseconds(tally.elapsed)));
        output.rows("databases", self.rows);
        match output.format() {
            Format::Json => {}
            Format::Text | Format::Sarif | Format::Github => output.report(&self.failures.texts()),
        }
        match databases {
            0 => output.warning("the list names no database: nothing was done"),
            _ => output.line(&summary),
        }
        exit
    }

    /// What there is to say of the databases, each number with its word.
    fn parts(&self, tally: &Tally) -> Vec<String> {
        let changed = match self.did {
            Did::Apply => "applied",
            Did::Plan => "pending",
        };
        let changed = format!("{changed} ({})", count(self.migrations, "migration"));
        let numbers = [
            (self.changed, changed.as_str()),
            (tally.done.saturating_sub(self.changed), "current"),
            (tally.failed, "failed"),
            (tally.not_started, "skipped"),
        ];
        let parts = numbers.iter().filter(|(number, _)| *number > 0);
        parts
            .map(|(number, word)| format!("{number} {word}"))
            .collect()
    }

    fn totals(&self, tally: &Tally) -> Value {
        let (applied, pending) = match self.did {
            Did::Apply => (self.changed, 0),
            Did::Plan => (0, self.changed),
        };
        json!({
            "applied": applied,
            "pending": pending,
            "current": tally.done.saturating_sub(self.changed),
            "failed": tally.failed,
            "skipped": tally.not_started,
            "migrations": self.migrations,
        })
    }
}

impl State {
    fn word(&self) -> &'static str {
        match self {
            State::Applied(_) => "applied",
            State::Pending(_) => "pending",
            State::Current => "current",
            State::Failed(_) => "failed",
            State::Skipped => "skipped",
        }
    }

    /// How many migrations were applied.
    fn done(&self) -> usize {
        match self {
            State::Applied(done) | State::Failed(Failed { done, .. }) => *done,
            State::Pending(_) | State::Current | State::Skipped => 0,
        }
    }
}
