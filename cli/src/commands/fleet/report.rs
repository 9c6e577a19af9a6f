//! What became of a fleet: each database as it ends, then the failures and the totals.

use migrator_runtime::plan::Plan;
use migrator_runtime::{self as runtime, Direction, Ended, Ending, FleetTotals, Shard};

use super::failures::Failures;
use super::place::{ListName, Place};
use crate::arguments::Format;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::text;
use crate::view::{Database, DatabaseState, Fleet, Status, Totals, View};

/// Whether the exit code of `status` depends on the state of the databases.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Check {
    /// `--check`.
    Judges,
    /// Without `--check`.
    Shows,
}

/// What is known about the databases that have ended.
pub(super) struct Report {
    console: Console,
    list: ListName,
    shard: Option<Shard>,
    totals: Totals,
    failures: Failures,
    /// The JSON of each database, in the order of the list. It stays empty unless the format is
    /// JSON: text keeps nothing about the databases that ended well.
    databases: Vec<Box<str>>,
}

impl Report {
    pub(super) fn new(console: &Console, list: ListName, shard: Option<Shard>) -> Report {
        Report {
            console: console.clone(),
            list,
            shard,
            totals: Totals::default(),
            failures: Failures::default(),
            databases: Vec::new(),
        }
    }

    /// `up` of a database has ended.
    pub(super) fn applied(&mut self, ended: Ended<Place, runtime::Report>) {
        self.add(ended, |report| match report.done.len() {
            0 => DatabaseState::Current,
            done => DatabaseState::Applied(done),
        });
    }

    /// `down` of a database has ended.
    pub(super) fn reverted(&mut self, ended: Ended<Place, runtime::Report>) {
        self.add(ended, |report| match report.done.len() {
            0 => DatabaseState::Unchanged,
            done => DatabaseState::Reverted(done),
        });
    }

    /// A dry run of a database has ended.
    pub(super) fn planned(&mut self, direction: Direction, ended: Ended<Place, Plan<'static>>) {
        self.add(ended, |plan| {
            let steps = plan.steps.iter().map(|step| step.id.clone()).collect();
            match (direction, plan.steps.is_empty()) {
                (Direction::Up, true) => DatabaseState::Current,
                (Direction::Up, false) => DatabaseState::Pending(steps),
                (Direction::Down, true) => DatabaseState::Unchanged,
                (Direction::Down, false) => DatabaseState::Planned(steps),
            }
        });
    }

    /// `status` of a database has ended.
    pub(super) fn compared(&mut self, ended: Ended<Place, runtime::Status>) {
        self.add(ended, |found| {
            DatabaseState::Compared(Status::new(found, false))
        });
    }

    fn add<T>(&mut self, ended: Ended<Place, T>, state: impl FnOnce(T) -> DatabaseState) {
        let Ended {
            key: place,
            target,
            took,
            ending,
            ..
        } = ended;
        let mut exit = Exit::Done;
        let state = match ending {
            Ending::Done(done) => state(done),
            Ending::Failed(error) => {
                let done = error.report.done.len();
                let mut failure = Failure::from(error);
                if target.is_none() {
                    failure = failure.at(&self.list.place(place.number));
                }
                exit = failure.exit;
                let errors = failure.errors;
                DatabaseState::Failed { done, errors }
            }
            Ending::NotStarted => DatabaseState::Skipped,
        };
        let name = target.clone();
        let database = Database {
            name: name.unwrap_or_else(|| self.list.entry(place.number)),
            url: target,
            state,
            took,
        };
        match self.console.format() {
            Format::Json => self.keep(place, &database),
            Format::Jsonl => self.console.write(&json(&database)),
            Format::Text | Format::Sarif | Format::Github => {
                self.console.print_all(&text::fleet::database(&database));
            }
        }
        self.totals.add(&database.state);
        if let DatabaseState::Failed { errors, .. } = database.state {
            self.failures.add(place.index, database.url, errors, exit);
        }
    }

    fn keep(&mut self, place: Place, database: &Database) {
        let index = place.index;
        if self.databases.len() <= index {
            self.databases.resize(index + 1, Box::default());
        }
        self.databases[index] = json(database).into_boxed_str();
    }

    /// The view of all databases, and the exit code.
    pub(super) fn finish(self, totals: &FleetTotals, check: Check) -> (View, Exit) {
        let judged = match check {
            Check::Judges if self.totals.problem > 0 => Exit::Refused,
            Check::Judges if self.totals.pending > 0 => Exit::Pending,
            Check::Judges | Check::Shows => Exit::Done,
        };
        let exit = self.failures.exit().unwrap_or(judged);
        let view = Fleet {
            totals: self.totals,
            elapsed: totals.elapsed,
            shard: self.shard.map(|shard| shard.to_string()),
            databases: self.databases,
            failures: self.failures.groups(),
        };
        (View::Fleet(view), exit)
    }
}

/// A database as one line of JSON, its members in alphabetical order.
fn json(database: &Database) -> String {
    let json = serde_json::to_value(database).unwrap_or_default();
    json.to_string()
}
