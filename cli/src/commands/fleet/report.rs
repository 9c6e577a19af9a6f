//! What became of a fleet: each database as it ends, then the failures and the totals.

use migrator_runtime::plan::Plan;
use migrator_runtime::{self as runtime, Ended, Ending, Shard, Tally};

use super::failures::Failures;
use super::place::{ListName, Place};
use crate::arguments::Format;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::text;
use crate::view::{Database, DatabaseState, Fleet, Totals};

/// What is known about the databases that have ended.
pub(super) struct Report {
    console: Console,
    list: ListName,
    shard: Option<Shard>,
    /// How many databases have, or had, something pending.
    changed: usize,
    migrations: usize,
    failures: Failures,
    /// The JSON of each database, in the order of the list. It stays empty unless the format is
    /// JSON: text keeps nothing about the databases that ended well.
    databases: Vec<Box<str>>,
    is_dry_run: bool,
}

impl Report {
    pub(super) fn new(
        console: &Console,
        list: ListName,
        shard: Option<Shard>,
        is_dry_run: bool,
    ) -> Report {
        Report {
            console: console.clone(),
            list,
            shard,
            changed: 0,
            migrations: 0,
            failures: Failures::default(),
            databases: Vec::new(),
            is_dry_run,
        }
    }

    /// A database was migrated, or not.
    pub(super) fn applied(&mut self, ended: Ended<Place, runtime::Report>) {
        self.add(ended, |report| match report.done.len() {
            0 => DatabaseState::Current,
            done => DatabaseState::Applied(done),
        });
    }

    /// A database was compared with the tree, or not.
    pub(super) fn planned(&mut self, ended: Ended<Place, Plan<'static>>) {
        self.add(ended, |plan| match plan.steps.as_slice() {
            [] => DatabaseState::Current,
            steps => DatabaseState::Pending(steps.iter().map(|step| step.id.clone()).collect()),
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
        self.count(place, database, exit);
    }

    fn keep(&mut self, place: Place, database: &Database) {
        let index = place.index;
        if self.databases.len() <= index {
            self.databases.resize(index + 1, Box::default());
        }
        self.databases[index] = json(database).into_boxed_str();
    }

    fn count(&mut self, place: Place, database: Database, exit: Exit) {
        match database.state {
            DatabaseState::Applied(done) => {
                self.changed += 1;
                self.migrations += done;
            }
            DatabaseState::Pending(steps) => {
                self.changed += 1;
                self.migrations += steps.len();
            }
            DatabaseState::Failed { done, errors } => {
                self.migrations += done;
                let name = database.url;
                self.failures.add(place.index, name, errors, exit);
            }
            DatabaseState::Current | DatabaseState::Skipped => {}
        }
    }

    /// The view of all databases, and the exit code.
    pub(super) fn finish(self, tally: &Tally) -> (Fleet, Exit) {
        let exit = self.failures.exit();
        let (applied, pending) = match self.is_dry_run {
            false => (self.changed, 0),
            true => (0, self.changed),
        };
        let view = Fleet {
            totals: Totals {
                applied,
                pending,
                current: tally.done.saturating_sub(self.changed),
                failed: tally.failed,
                skipped: tally.not_started,
                migrations: self.migrations,
            },
            elapsed: tally.elapsed,
            shard: self.shard.map(|shard| shard.to_string()),
            databases: self.databases,
            failures: self.failures.groups(),
            is_dry_run: self.is_dry_run,
        };
        (view, exit)
    }
}

/// A database as one line of JSON, its members in alphabetical order.
fn json(database: &Database) -> String {
    let json = serde_json::to_value(database).unwrap_or_default();
    json.to_string()
}
