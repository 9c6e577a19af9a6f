//! The table of exit codes.

use std::process::ExitCode;

/// How a command ended. Scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// The command did what the user asked for.
    Done = 0,
    /// The command failed.
    Failed = 1,
    /// The arguments are invalid.
    Usage = 2,
    /// The command refused to work: the tree has errors, or the history does not allow the run.
    Refused = 3,
    /// Another run held the lock for too long.
    Locked = 4,
    /// There was no connection to the database.
    Connection = 5,
    /// Migrations are pending, under `--check` or after a `wait`, or the schema has drifted.
    Pending = 6,
    /// SIGHUP stopped the command: the terminal or the ssh session is gone.
    HungUp = 129,
    /// SIGINT (Ctrl-C) stopped the command. The number is 128 plus the signal's number, as in a
    /// shell.
    Interrupted = 130,
    /// SIGTERM stopped the command.
    Terminated = 143,
}

impl Exit {
    /// The table for the help. The manual has the same table.
    pub(crate) const TABLE: &str = "\
Exit codes:
    0  done
    1  failed
    2  usage error
    3  refused: the tree has errors, or the history does not allow the run
    4  another run held the lock for too long
    5  no connection to the database
    6  migrations are pending (status --check, wait), or the schema has drifted
  129  stopped by SIGHUP (the terminal was closed)
  130  stopped by SIGINT (Ctrl-C)
  143  stopped by SIGTERM";

    /// The name of the signal that the code stands for.
    pub(crate) fn signal(self) -> &'static str {
        match self {
            Exit::Terminated => "SIGTERM",
            Exit::HungUp => "SIGHUP",
            Exit::Done
            | Exit::Failed
            | Exit::Usage
            | Exit::Refused
            | Exit::Locked
            | Exit::Connection
            | Exit::Pending
            | Exit::Interrupted => "SIGINT",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
