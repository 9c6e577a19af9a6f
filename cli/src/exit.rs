//! The table of exit codes.

use std::process::ExitCode;

/// How a command ended. The numbers are an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// A usage error.
    Usage = 2,
    /// It was refused: the tree has errors, or the history does not allow the run.
    Refused = 3,
    /// Another run held the lock for too long.
    Locked = 4,
    /// There was no connection to the database.
    Connection = 5,
    /// Migrations are pending, under `--check`, or the schema has drifted.
    Pending = 6,
    /// SIGHUP stopped it: the terminal or the ssh session is gone.
    HungUp = 129,
    /// SIGINT, or Ctrl-C, stopped it: 128 and the signal's number, as shells have it.
    Interrupted = 130,
    /// SIGTERM stopped it.
    Terminated = 143,
}

impl Exit {
    /// All of them with their meaning, for the help; the manual has the same table.
    pub(crate) const TABLE: &str = "\
Exit codes:
    0  done
    1  failed
    2  usage error
    3  refused: the tree has errors, or the history does not allow the run
    4  the lock was not obtained
    5  no connection to the database
    6  migrations are pending (status --check), or the schema has drifted
  129  SIGHUP (a terminal that is gone) stopped it
  130  SIGINT (Ctrl-C) stopped it
  143  SIGTERM stopped it";

    /// The name of the signal that it stands for, or what it was.
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
