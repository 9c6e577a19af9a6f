//! What became of a fleet: each database as it ends, then the failures and the totals.

use migrator_runtime::plan::Plan;
use migrator_runtime::{
    self as runtime, Activity, Direction, FleetTotals, MemberOutcome, MemberResult,
};

use super::failures::{Broken, Failures};
use super::place::{ListName, Part, Place};
use crate::arguments::Format;
use crate::commands::context::Context;
use crate::console::Console;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::render::{json, text};
use crate::slowest::Slowest;
use crate::view::{Database, DatabaseState, Drift, Fleet, Status, Totals, View};

/// Whether the exit code of a command depends on the state of the databases.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Check {
    /// It does: `drift`, and `status` with `--check`.
    Judges,
    /// It does not: `status` without `--check`, and commands that change databases.
    Shows,
}

/// What is known about the databases that have ended.
pub(super) struct Report {
    console: Console,
    progress: Progress,
    list: ListName,
    part: Part,
    totals: Totals,
    slowest: Slowest,
    failures: Failures,
    /// The JSON of each database, in the order of starts. It stays empty unless the format is
    /// JSON: text keeps nothing about the databases that ended well.
    databases: Vec<Box<str>>,
}

impl Report {
    pub(super) fn new(context: &Context, list: ListName, part: Part) -> Report {
        Report {
            console: context.console.clone(),
            progress: context.progress.clone(),
            list,
            part,
            totals: Totals::default(),
            slowest: Slowest::default(),
            failures: Failures::default(),
            databases: Vec::new(),
        }
    }

    /// `up` of a database has ended.
    pub(super) fn applied(&mut self, result: MemberResult<Place, runtime::Report>) {
        self.add(result, |report| match report.done.len() {
            0 => DatabaseState::Current,
            done => DatabaseState::Applied(done),
        });
    }

    /// `down` of a database has ended.
    pub(super) fn reverted(&mut self, result: MemberResult<Place, runtime::Report>) {
        self.add(result, |report| match report.done.len() {
            0 => DatabaseState::Unchanged,
            done => DatabaseState::Reverted(done),
        });
    }

    /// A dry run of a database has ended.
    pub(super) fn planned(
        &mut self,
        direction: Direction,
        result: MemberResult<Place, Plan<'static>>,
    ) {
        self.add(result, |plan| {
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
    pub(super) fn compared(&mut self, result: MemberResult<Place, (runtime::Status, Activity)>) {
        self.add(result, |found| {
            DatabaseState::Compared(Status::new(found, false))
        });
    }

    /// `drift` of a database has ended.
    pub(super) fn drifted(&mut self, result: MemberResult<Place, Drift, Broken>) {
        self.add(result, |drift| match drift.differences.is_empty() {
            true => DatabaseState::Matches(drift),
            false => DatabaseState::Drifted(drift),
        });
    }

    fn add<T, E: Into<Broken>>(
        &mut self,
        result: MemberResult<Place, T, E>,
        state: impl FnOnce(T) -> DatabaseState,
    ) {
        let MemberResult {
            key: place,
            target,
            took,
            outcome,
            ..
        } = result;
        self.progress.update(|board, _| {
            board.end(target.as_deref().unwrap_or_default());
            board.advance();
        });
        let state = match outcome {
            MemberOutcome::Done(done) => state(done),
            MemberOutcome::Failed(error) => self.failed(place, target.as_deref(), error.into()),
            MemberOutcome::Skipped => DatabaseState::Skipped,
        };
        let name = target.clone();
        let database = Database {
            name: name.unwrap_or_else(|| self.list.entry(place.number)),
            url: target,
            wave: place.wave,
            state,
            took,
        };
        match self.console.format() {
            Format::Json => self.keep(place, &database),
            Format::Jsonl => self.console.write(&json::row(&database)),
            Format::Text | Format::Sarif | Format::Github | Format::Markdown => {
                self.console.print_all(&text::fleet::database(&database));
            }
        }
        self.totals.add(&database.state);
        self.slowest.add(database.name, database.took);
    }

    /// Adds the failure of a database.
    fn failed(&mut self, place: Place, target: Option<&str>, broken: Broken) -> DatabaseState {
        let Broken {
            mut failure,
            done,
            naming,
        } = broken;
        if target.is_none() {
            failure = failure.at(&self.list.place(place.number));
        }
        let errors = failure.errors.clone();
        let target = target.map(str::to_owned);
        self.failures.add(place.index, target, failure, naming);
        DatabaseState::Failed { done, errors }
    }

    fn keep(&mut self, place: Place, database: &Database) {
        let index = place.index;
        if self.databases.len() <= index {
            self.databases.resize(index + 1, Box::default());
        }
        self.databases[index] = json::row(database).into_boxed_str();
    }

    /// The view of all databases, and the exit code.
    pub(super) fn finish(self, totals: &FleetTotals, check: Check) -> (View, Exit) {
        let judged = match check {
            Check::Judges if self.totals.problem > 0 => Exit::Refused,
            Check::Judges if self.totals.pending + self.totals.drifted > 0 => Exit::Pending,
            Check::Judges | Check::Shows => Exit::Done,
        };
        let exit = self.failures.exit().unwrap_or(judged);
        let view = Fleet {
            totals: self.totals,
            elapsed: totals.elapsed,
            shard: self.part.shard.map(|shard| shard.to_string()),
            wave: self.part.wave,
            databases: self.databases,
            failures: self.failures.groups(),
            slowest: self.slowest,
        };
        (View::Fleet(view), exit)
    }
}
