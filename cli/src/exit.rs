//! The table of exit codes.

use std::process::ExitCode;

/// How a command ended. Scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// The command did what the user asked for.
    Done,
    /// The command failed.
    Failed,
    /// The arguments are invalid.
    Usage,
    /// The command refused to work: the tree has errors, or the history does not allow the run.
    Refused,
    /// Another run held the lock for too long.
    Locked,
    /// There was no connection to the database.
    Connection,
    /// Migrations are pending, under `--check` or after a `wait`, or the schema has drifted.
    Pending,
    /// SIGHUP stopped the command: the terminal or the ssh session is gone.
    HungUp,
    /// SIGINT (Ctrl-C) stopped the command. The number is 128 plus the signal's number, as in a
    /// shell.
    Interrupted,
    /// SIGTERM stopped the command.
    Terminated,
    /// The command of `with` ended with this code.
    OfCommand(u8),
}

impl Exit {
    /// The table for the help. docs/reference/exit-codes.md has the same table.
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

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::Locked => 4,
            Exit::Connection => 5,
            Exit::Pending => 6,
            Exit::HungUp => 129,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
            Exit::OfCommand(code) => code,
        }
    }

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
            | Exit::OfCommand(_)
            | Exit::Interrupted => "SIGINT",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
