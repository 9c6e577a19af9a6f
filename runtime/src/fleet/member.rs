//! A database of a fleet, and what became of it.

use std::time::Duration;

use migrator_connect::{ConnectError, Settings};

use crate::error::Error;

/// A database of a fleet.
#[derive(Debug)]
pub struct Member<K> {
    /// The caller's name for the database.
    pub key: K,
    /// How to connect; invalid settings count as a failure of this database.
    pub settings: Result<Settings, ConnectError>,
    /// The wave of the database. A wave begins when its number differs from the number of the member
    /// before, and waits until all members before it have ended. So the members of one wave follow
    /// each other. If all members have the same number, nothing waits.
    pub wave: u32,
}

/// The result of the work on one database.
#[derive(Debug)]
#[non_exhaustive]
pub struct MemberResult<K, T, E = Error> {
    /// The caller's name for the database.
    pub key: K,
    /// Its URL without the password; `None` if the settings are invalid.
    pub target: Option<String>,
    /// How long it took, with connecting.
    pub took: Duration,
    /// Whether it succeeded.
    pub outcome: MemberOutcome<T, E>,
}

/// Whether the work on a database succeeded.
#[derive(Debug)]
pub enum MemberOutcome<T, E = Error> {
    /// It succeeded, with this result.
    Done(T),
    /// It failed. An [`Error`] contains the report of the steps that were done before.
    Failed(E),
    /// It was not started, because too many other databases, or a canary, had failed.
    Skipped,
}

/// How many databases succeeded, failed, and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetTotals {
    /// How many succeeded.
    pub done: usize,
    /// How many failed.
    pub failed: usize,
    /// How many were not started.
    pub skipped: usize,
    /// How long the whole fleet took.
    pub elapsed: Duration,
}
