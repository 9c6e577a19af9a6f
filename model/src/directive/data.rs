//! The directives of a script, and the faults in them, as data.

use std::time::Duration;

use crate::code::Code;
use crate::id::MigrationRef;
use crate::mode::Mode;
use crate::place::Position;

/// The directives of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// `no-transaction`: how the script runs.
    pub mode: Mode,
    /// `requires SERVICE/VERSION`, each with its offset in the script.
    pub requires: Vec<(MigrationRef, usize)>,
    /// `lock-timeout`.
    pub lock_timeout: Option<Duration>,
    /// `statement-timeout`.
    pub statement_timeout: Option<Duration>,
    /// `allow CODE because …`, each with its offset in the script.
    pub allow: Vec<(Code, usize)>,
    /// The reasons of `allow`, in the same order.
    pub reasons: Vec<String>,
    /// `irreversible because …`: the reason.
    pub irreversible: Option<String>,
}

/// A fault in a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectiveFault {
    /// Its code.
    pub code: Code,
    /// Where the directive starts.
    pub position: Position,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}
