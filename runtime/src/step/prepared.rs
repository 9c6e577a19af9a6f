//! The statements that a connection prepares, because the server needs longer to plan the record of
//! a step than to execute it.
//!
//! A message prepares a statement right before it executes it for the first time, so this costs no
//! round trip. If the session does not have the statement later, EXECUTE fails, and the server
//! rolls the step back. The executor then sends the step again with plain statements, and so all
//! further steps. This happens behind a pooler, which may use another session for each
//! transaction, and after a function that drops prepared statements.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use migrator_plan::{Record, Step};
use tokio_postgres::error::{DbError, SqlState};

use super::shared::Shared;
use crate::history::prepared::{self, Purpose, Recorder};
use crate::session::text::Text;

/// The smallest number of steps of a leg for which a statement is prepared.
const WORTH: usize = 4;

/// The number of connections of this process so far. Behind a pooler, the connections of a run
/// share sessions, so each needs names of its own.
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// The statements that a session has prepared.
pub(crate) struct PreparedStatements {
    /// The start of each name. No statement of a user has it.
    prefix: String,
    count: usize,
    names: HashMap<(Purpose, String), String>,
    /// The names of all statements that the session may have.
    made: Vec<String>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    InUse,
    /// The session has lost a statement.
    GivenUp,
}

impl PreparedStatements {
    /// `nonce` is a random number.
    pub(super) fn new(nonce: i64) -> PreparedStatements {
        let connection = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        PreparedStatements {
            prefix: format!("migrator: {nonce:016x}-{connection} "),
            count: 0,
            names: HashMap::new(),
            made: Vec::new(),
            state: State::InUse,
        }
    }

    /// The script of the next message may drop prepared statements.
    pub(super) fn forget(&mut self) {
        self.names.clear();
        self.made.clear();
    }

    /// Uses plain statements from now on.
    pub(super) fn give_up(&mut self) {
        self.names.clear();
        self.state = State::GivenUp;
    }

    /// Whether the server does not have one of these statements, or already has it.
    pub(super) fn is_missing(&self, db_error: &DbError) -> bool {
        let states = [
            &SqlState::INVALID_SQL_STATEMENT_NAME,
            &SqlState::DUPLICATE_PSTATEMENT,
        ];
        states.contains(&db_error.code()) && db_error.message().contains(&self.prefix)
    }

    /// The statements for the last message of a connection: they drop what the messages before it
    /// have prepared. None after [`PreparedStatements::give_up`], because they might fail.
    pub(super) fn deallocate_last(&mut self) -> Vec<String> {
        self.names.clear();
        match self.state {
            State::InUse => self.deallocate(),
            State::GivenUp => Vec::new(),
        }
    }

    /// The statements that drop those that the session may have.
    pub(super) fn deallocate(&self) -> Vec<String> {
        let drop = |name| format!("DEALLOCATE \"{name}\";");
        self.made.iter().map(drop).collect()
    }

    /// The last message has succeeded.
    pub(super) fn last_is_done(&mut self) {
        if self.state == State::InUse {
            self.made.clear();
        }
    }

    /// The statement that records a step in the transaction of its script; `None` if a plain one
    /// is better. `left` is the number of steps of the leg that are still to be sent.
    pub(super) fn record(
        &mut self,
        run: &Shared<'_>,
        step: &Step<'static>,
        left: usize,
    ) -> Option<Text> {
        let arguments = match &step.record {
            _ if !step.has_script() => return None,
            Record::Insert(migration) => prepared::apply(*migration),
            Record::Delete(_) => {
                prepared::revert(step.version(), &step.name(), &step.checksum()).into()
            }
            Record::Replace(..) | Record::MarkClean(_) | Record::Claim(_) => return None,
        };
        let purpose = Purpose::Record(step.direction());
        self.execute(run, step.service(), purpose, left, arguments)
    }

    /// The statement that fails unless the step `before` is recorded as done.
    pub(super) fn after(
        &mut self,
        run: &Shared<'_>,
        before: &Step<'_>,
        left: usize,
    ) -> Option<Text> {
        let purpose = Purpose::After(before.direction());
        let argument = prepared::after(before.version());
        self.execute(run, before.service(), purpose, left, argument.into())
    }

    fn execute(
        &mut self,
        run: &Shared<'_>,
        service: &str,
        purpose: Purpose,
        left: usize,
        arguments: Text,
    ) -> Option<Text> {
        if self.state == State::GivenUp {
            return None;
        }
        let key = (purpose, service.to_owned());
        if let Some(name) = self.names.get(&key) {
            return Some(executes(name, arguments));
        }
        if left < WORTH {
            return None;
        }
        self.count += 1;
        let name = format!("{}{}", self.prefix, self.count);
        let depends_on = run.registry.dependencies_of(service);
        let depends_on: Vec<&str> = depends_on.into_iter().collect();
        let approval = run.options.approval();
        let recorder = Recorder {
            application: &run.options.application,
            lock: run.lock.proof,
            approval: approval.as_deref(),
            depends_on: &depends_on,
        };
        let statement = prepared::statement(run.tables, service, purpose, recorder);
        self.made.push(name.clone());
        let mut text = Text::from(format!("PREPARE \"{name}\" {statement}"));
        text.append(executes(&name, arguments));
        self.names.insert(key, name);
        Some(text)
    }
}

fn executes(name: &str, arguments: Text) -> Text {
    let mut text = Text::from(format!("EXECUTE \"{name}\" ("));
    text.append(arguments);
    text.push(");");
    text
}
