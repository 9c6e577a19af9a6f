//! The operations of a run besides its steps, for errors and events.

use std::fmt;

use migrator_model::MigrationId;

/// An operation on a session, a lock or the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Sets up the session of a run.
    PrepareSession,
    /// Waits until another run releases its lock.
    WaitForLock,
    /// Takes the lock of a run.
    TakeLock,
    /// Reads which services a run is changing.
    ReadLocks,
    /// Creates the tables of the history.
    CreateHistory,
    /// Upgrades the tables of the history to the newest format.
    UpgradeHistory,
    /// Reads the entries of the history.
    ReadHistory,
    /// Reads the scripts that the history has recorded.
    ReadScripts,
    /// Records migrations that do not run.
    RecordMigrations,
    /// Reads which effects of an interrupted script are in the database.
    ReadEffects,
}

/// The subject of a sentence, such as `reading the history`.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::PrepareSession => "preparing the session",
            Operation::WaitForLock => "waiting for the lock",
            Operation::TakeLock => "taking the lock",
            Operation::ReadLocks => "reading the locks",
            Operation::CreateHistory => "creating the history's tables",
            Operation::UpgradeHistory => "upgrading the history",
            Operation::ReadHistory => "reading the history",
            Operation::ReadScripts => "reading the recorded scripts",
            Operation::RecordMigrations => "recording the migrations",
            Operation::ReadEffects => "reading the effects of the script",
        })
    }
}

/// What waits for an answer of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiter<'a> {
    /// The script, the record or the COMMIT of a step.
    Step(&'a MigrationId),
    /// An operation of the run.
    Operation(Operation),
}

impl fmt::Display for Waiter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Waiter::Step(id) => id.fmt(f),
            Waiter::Operation(operation) => operation.fmt(f),
        }
    }
}
