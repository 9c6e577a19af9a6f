//! The check after every fault: do schema, history, log and events agree, and is the lock
//! released?
//!
//! The judge queries the catalog and the history's tables itself. It creates the schema to
//! compare with by sending the scripts itself. So it uses none of the code that it checks.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::sql::statements;
use migrator_model::{Mode, Registry};
use migrator_verify::{Difference, Kind, Scope, Snapshot, differences};

use super::Outcome;
use super::server::{Server, Session, Wanted};

/// A migration: its service and its version.
pub(super) type Step = (String, i64);

/// The history of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The applied migrations, without dirty ones.
    pub(super) applied: BTreeSet<Step>,
    /// The dirty migrations, with the direction in which each was interrupted.
    pub(super) dirty: BTreeMap<Step, String>,
}

/// Checks databases to which a registry was applied.
pub(super) struct Judge {
    registry: &'static Registry,
    /// The server for the schemas to compare with.
    clean: Server,
    rest: Rest,
    snapshots: BTreeMap<BTreeSet<Step>, Snapshot>,
}

/// The sessions that may remain when no run is in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// No other session. An idle one may belong to a run for a moment, between two messages that
    /// were sent ahead.
    NoSession,
    /// Idle sessions, such as a pooler's.
    IdleSessions,
}

impl Rest {
    /// The sessions of a run in progress.
    fn exceptions(self) -> String {
        let exceptions = "SELECT pid, application_name, state, query \
             FROM pg_catalog.pg_stat_activity WHERE datname = current_database() \
               AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        match self {
            Rest::NoSession => exceptions.to_owned(),
            Rest::IdleSessions => format!("{exceptions} AND state IS DISTINCT FROM 'idle'"),
        }
    }
}

/// The advisory locks of this database.
const LOCKS: &str = "SELECT pid, mode, classid, objid FROM pg_catalog.pg_locks \
     WHERE locktype = 'advisory' AND database = \
       (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())";

const ENTRIES: &str = "SELECT c.relname, h.version, h.dirty FROM migrator.history h \
     JOIN pg_catalog.pg_class c ON c.oid = h.tableoid";

impl Judge {
    pub(super) fn new(registry: &'static Registry, rest: Rest) -> Outcome<Judge> {
        Ok(Judge {
            registry,
            clean: Server::quick()?,
            rest,
            snapshots: BTreeMap::new(),
        })
    }

    /// The history when every migration is applied.
    pub(super) fn everything(&self) -> BTreeSet<Step> {
        let migrations = self.registry.migrations();
        migrations
            .map(|one| (one.service.to_string(), one.version.as_integer()))
            .collect()
    }

    /// Waits until no run is in progress, and checks the result.
    pub(super) fn look(&mut self, server: &Server, url: &str) -> Outcome<State> {
        let session = server.session(url)?;
        session.wait_until(Wanted::Nothing, &self.rest.exceptions())?;
        session.wait_until(Wanted::Nothing, LOCKS)?;
        loop {
            let state = state(&session)?;
            let judged = self.judge_schema(&session, &state);
            let judged = judged.and_then(|()| self.judge_log(&session, &state));
            // A session that was idle between two messages has continued meanwhile.
            if self.rest == Rest::NoSession || self::state(&session)? == state {
                return judged.map(|()| state);
            }
        }
    }

    fn judge_schema(&mut self, session: &Session<'_>, state: &State) -> Outcome<()> {
        let found = snapshot(session)?;
        let clean = self.clean_snapshot(&state.applied)?;
        let mut differing = differences(clean, &found);
        differing.retain(|difference| !is_left_open(difference, state));
        match differing.is_empty() {
            true => Ok(()),
            false => {
                Err(format!("the schema differs from its history {state:?}: {differing:?}").into())
            }
        }
    }

    /// Checks that each script ran as often as its events say, alternating between up and down,
    /// and that the last run of an applied migration was up.
    fn judge_log(&self, session: &Session<'_>, state: &State) -> Outcome<()> {
        let log = "SELECT service, version, direction FROM public.log ORDER BY id";
        let events = "SELECT service, version, CASE kind WHEN 'apply' THEN 'up' ELSE 'down' END \
             FROM migrator.event WHERE kind IN ('apply', 'revert') ORDER BY id";
        let log = turns(session.rows(log)?)?;
        let events = match has_history(session)? {
            true => turns(session.rows(events)?)?,
            false => BTreeMap::new(),
        };
        for migration in self.registry.migrations() {
            let step = (
                migration.service.to_string(),
                migration.version.as_integer(),
            );
            let recorded = events.get(&step).map(Vec::as_slice).unwrap_or_default();
            // An index leaves no line in the log: a second one of the name would be refused.
            let ran = match migration.up().mode {
                Mode::Transaction => log.get(&step).map(Vec::as_slice).unwrap_or_default(),
                Mode::NoTransaction => recorded,
            };
            let turns = ["up", "down"].into_iter().cycle();
            let in_turns = ran.iter().map(String::as_str).eq(turns.take(ran.len()));
            let is_applied = state.applied.contains(&step)
                || state.dirty.get(&step).is_some_and(|broke| broke == "down");
            if ran != recorded || !in_turns || is_applied != (ran.len() % 2 == 1) {
                return Err(format!(
                    "{step:?} is applied: {is_applied}, and its scripts ran {ran:?}, by the events {recorded:?}"
                )
                .into());
            }
        }
        Ok(())
    }

    /// The schema with exactly these migrations applied, in the order of the registry.
    fn clean_snapshot(&mut self, applied: &BTreeSet<Step>) -> Outcome<&Snapshot> {
        if !self.snapshots.contains_key(applied) {
            let url = self.clean.database()?;
            let session = self.clean.session(&url)?;
            for migration in self.registry.migrations() {
                let step = (
                    migration.service.to_string(),
                    migration.version.as_integer(),
                );
                if !applied.contains(&step) {
                    continue;
                }
                let sql = migration.up().sql();
                match migration.up().mode {
                    Mode::Transaction => session.execute(&sql)?,
                    Mode::NoTransaction => {
                        for range in statements(&sql) {
                            session.execute(sql.get(range).unwrap_or_default())?;
                        }
                    }
                }
            }
            let snapshot = snapshot(&session)?;
            self.snapshots.insert(applied.clone(), snapshot);
        }
        let snapshot = self.snapshots.get(applied);
        snapshot.ok_or_else(|| "the snapshot was just taken".into())
    }
}

/// Reads the history; without one, no migration is applied.
fn state(session: &Session<'_>) -> Outcome<State> {
    let mut state = State::default();
    if !has_history(session)? {
        return Ok(state);
    }
    for row in session.rows(ENTRIES)? {
        let [table, version, dirty] = &row[..] else {
            return Err(format!("{row:?} is no entry").into());
        };
        let service = table.strip_suffix("_history").unwrap_or(table);
        let step = (service.to_owned(), version.parse()?);
        match dirty.as_str() {
            "" => {
                state.applied.insert(step);
            }
            direction => {
                state.dirty.insert(step, direction.to_owned());
            }
        }
    }
    Ok(state)
}

fn has_history(session: &Session<'_>) -> Outcome<bool> {
    let found = session.rows("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'migrator'")?;
    Ok(!found.is_empty())
}

fn snapshot(session: &Session<'_>) -> Outcome<Snapshot> {
    let scope = Scope::without_schemas(vec!["migrator".to_owned()]);
    Ok(session.block_on(Snapshot::take(session.client(), &scope))?)
}

/// A dirty migration may have created some of its indexes.
fn is_left_open(difference: &Difference, state: &State) -> bool {
    let object = &difference.object;
    object.kind == Kind::Index
        && state
            .dirty
            .keys()
            .any(|(service, _)| object.schema() == Some(service))
}

/// The directions in which each migration ran, from the log.
fn turns(rows: Vec<Vec<String>>) -> Outcome<BTreeMap<Step, Vec<String>>> {
    let mut turns: BTreeMap<Step, Vec<String>> = BTreeMap::new();
    for row in rows {
        if let [service, version, direction] = &row[..] {
            let step = (service.clone(), version.parse()?);
            turns.entry(step).or_default().push(direction.clone());
        }
    }
    Ok(turns)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use migrator_runtime::{Migrator, Settings, Target, connect};

    use super::{Judge, Rest};
    use crate::chaos::server::Server;
    use crate::chaos::tree::{Indexes, Shape, registry};

    const SHAPE: Shape = Shape {
        services: 2,
        each: 4,
        indexes: Indexes::Concurrent,
    };

    /// A server, and the judge of its databases.
    struct Court {
        server: Server,
        judge: Judge,
    }

    impl Court {
        fn new() -> Court {
            let mut server = Server::quick().unwrap();
            server.patience = Duration::from_millis(50);
            let judge = Judge::new(registry(SHAPE).unwrap(), Rest::IdleSessions).unwrap();
            Court { server, judge }
        }

        /// The judge's result after all migrations were applied and the database was changed.
        fn judged(&mut self, tamper: &str) -> Result<usize, String> {
            let url = self.server.database().unwrap();
            let session = self.server.session(&url).unwrap();
            session.block_on(async {
                let mut client = connect(Settings::parse(&url).unwrap()).await.unwrap();
                let mut migrator = Migrator::new(self.judge.registry);
                migrator.up(&mut client, Target::all()).await.unwrap();
            });
            session.execute(tamper).unwrap();
            // The session stays open to keep its locks.
            let state = self.judge.look(&self.server, &url);
            state
                .map(|state| state.applied.len())
                .map_err(|error| error.to_string())
        }
    }

    #[test]
    fn an_undisturbed_run_passes() {
        assert_eq!(Court::new().judged(""), Ok(8));
    }

    #[test]
    fn every_disagreement_is_found() {
        let second = "INSERT INTO public.log (service, version, direction) \
             SELECT service, version, direction FROM public.log LIMIT 1";
        let cases = [
            ("DROP TABLE s1.t1", "the schema differs"),
            (
                "ALTER TABLE s0.t2 ADD COLUMN more int",
                "the schema differs",
            ),
            ("DROP INDEX s0.t2_both_idx", "the schema differs"),
            (
                "DELETE FROM migrator.s0_history WHERE version % 100 = 1",
                "the schema differs",
            ),
            (second, "its scripts ran [\"up\", \"up\"]"),
            ("DELETE FROM migrator.event", "by the events []"),
            ("DELETE FROM public.log", "its scripts ran []"),
            ("SELECT pg_advisory_lock(1)", "pg_locks"),
            ("BEGIN; SELECT 1", "pg_stat_activity"),
        ];
        let mut court = Court::new();
        for (tamper, expected) in cases {
            let output = court.judged(tamper).expect_err(tamper);
            assert!(output.contains(expected), "{tamper}: {output}");
        }
    }
}
