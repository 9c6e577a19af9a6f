//! The failure of a step: the server's message, the place in the script, and what is left.

use std::fmt;

use migrator_model::file_name::Direction;
use migrator_model::place::Position;
use migrator_model::{Code, MigrationId};
use tokio_postgres::error::{DbError, SqlState};

use crate::event::blocker::Blocker;

/// The failure of a step.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fault {
    /// The code of the failure.
    pub code: Code,
    /// The migration.
    pub step: MigrationId,
    /// The script's file, with its path when it was compiled in. `None` if the script is from the
    /// history.
    pub path: Option<String>,
    /// The place in the script.
    pub position: Option<Position>,
    /// The line of SQL at that place.
    pub line: Option<String>,
    /// The server's message, or another description of the failure.
    pub message: String,
    /// The five characters of the SQLSTATE, if the server sent an error.
    pub sqlstate: Option<String>,
    /// The server's detail.
    pub detail: Option<String>,
    /// The server's hint.
    pub hint: Option<String>,
    /// The server's context, for example the line of a function.
    pub context: Option<String>,
    /// The constraint that failed at COMMIT, `` `orders_user_fkey` of `shop.orders` ``.
    pub constraint: Option<String>,
    /// What is left in the database.
    pub left: Left,
    /// The sessions that held locks for which the step waited, as far as known.
    pub blockers: Vec<Blocker>,
    /// The part of the step that failed.
    pub part: Part,
    pub(crate) end: StepEnd,
}

/// A part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The script.
    Script,
    /// The statements that record the step in the history.
    Record,
    /// The COMMIT of both, which checks deferred constraints.
    Commit,
    /// The wait of a COMMIT for a synchronous standby, which was cancelled. The step is done on this
    /// server.
    Confirmation,
}

/// How a step that was not done ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepEnd {
    /// The step failed.
    Failed,
    /// The stop of the run interrupted the step.
    CutShort,
    /// The run was stopped before the step.
    NotStarted,
}

/// What a failed step leaves in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Left {
    /// Nothing: the script ran in a transaction, which was rolled back.
    Nothing,
    /// The changes of its earlier statements: the script ran outside a transaction.
    Dirty,
    /// The same, and the next run in this direction resumes the script.
    Resumable,
    /// All changes of the script, but no record: the script ran outside a transaction.
    Unrecorded {
        /// The direction of the script.
        direction: Direction,
        /// Whether the next run in this direction adds the record.
        is_resumable: bool,
    },
    /// All changes and the record: the step is done.
    Done,
    /// Not known: the connection was lost before the answer.
    Unknown,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.part {
            Part::Script => "failed",
            Part::Record => "could not be recorded",
            Part::Commit => "failed at COMMIT",
            Part::Confirmation => return write!(f, "`{}` {}", self.step, self.message),
        };
        write!(f, "`{}` {what}: {}", self.step, self.message)
    }
}

impl std::error::Error for Fault {}

impl Fault {
    pub(crate) fn new(step: MigrationId, message: String, left: Left) -> Fault {
        Fault {
            code: Code::M0501,
            step,
            path: None,
            position: None,
            line: None,
            message,
            sqlstate: None,
            detail: None,
            hint: None,
            context: None,
            constraint: None,
            left,
            blockers: Vec::new(),
            part: Part::Script,
            end: StepEnd::Failed,
        }
    }

    /// Marks the step as interrupted by the stop of the run.
    pub(crate) fn cut_short(self) -> Fault {
        Fault {
            end: StepEnd::CutShort,
            ..self
        }
    }

    /// The run was stopped before the step started.
    pub(crate) fn not_started(step: MigrationId) -> Fault {
        Fault {
            end: StepEnd::NotStarted,
            ..Fault::new(step, "the run was stopped".to_owned(), Left::Nothing)
        }
    }

    /// The run was stopped between two statements.
    pub(crate) fn between(step: MigrationId, left: Left) -> Fault {
        let message = "the run was stopped between two statements".to_owned();
        Fault::new(step, message, left).cut_short()
    }

    /// Whether the server cancelled a statement (SQLSTATE 57014).
    pub(crate) fn is_cancelled(&self) -> bool {
        self.sqlstate.as_deref() == Some(SqlState::QUERY_CANCELED.code())
    }

    /// The run was stopped, and the server does not answer the request to cancel the step.
    pub(crate) fn silent(step: MigrationId, left: Left) -> Fault {
        let message = "the server did not heed the request to cancel it".to_owned();
        Fault::new(step, message, left).cut_short()
    }

    /// Marks the record as the part that failed.
    pub(crate) fn in_record(mut self) -> Fault {
        self.part = Part::Record;
        if self.code != Code::M0528 {
            self.code = Code::M0505;
        }
        self
    }

    /// Every statement of the script ran, so only the record is missing. The fault stays as it is if
    /// another run has taken over, or if the result is unknown.
    pub(crate) fn in_last_record(mut self, direction: Direction) -> Fault {
        let is_resumable = match self.left {
            Left::Dirty => false,
            Left::Resumable => true,
            Left::Nothing | Left::Unrecorded { .. } | Left::Done | Left::Unknown => return self,
        };
        if self.code != Code::M0528 {
            self.left = Left::Unrecorded {
                direction,
                is_resumable,
            };
        }
        self
    }

    /// Marks the COMMIT as the part that failed. The server names no line for it.
    pub(crate) fn in_commit(mut self, path: Option<&str>, db_error: &DbError) -> Fault {
        self.part = Part::Commit;
        self.path = path.map(str::to_owned);
        self.constraint =
            db_error
                .constraint()
                .map(|constraint| match (db_error.schema(), db_error.table()) {
                    (Some(schema), Some(table)) => format!("`{constraint}` of `{schema}.{table}`"),
                    _ => format!("`{constraint}`"),
                });
        self
    }

    /// The step is done, but no standby has confirmed its COMMIT.
    pub(crate) fn unconfirmed(step: MigrationId) -> Fault {
        let message = "was committed on this server, perhaps not on its standby".to_owned();
        Fault {
            code: Code::M0530,
            part: Part::Confirmation,
            ..Fault::new(step, message, Left::Done)
        }
    }

    /// Adds the place in the script.
    pub(crate) fn at(mut self, path: Option<&str>, sql: &str, position: Option<Position>) -> Fault {
        self.path = path.map(str::to_owned);
        self.position = position;
        self.line = position
            .and_then(|position| sql.lines().nth(position.line - 1))
            .map(str::to_owned);
        self
    }
}

/// The run lost its lock, so another run may have started.
pub(crate) fn lost_lock(step: MigrationId, left: Left, why: &str) -> Fault {
    let unknown = match left {
        Left::Nothing | Left::Done => "",
        Left::Dirty | Left::Resumable | Left::Unrecorded { .. } | Left::Unknown => {
            "; another run may have changed the same objects since"
        }
    };
    Fault {
        code: Code::M0528,
        ..Fault::new(step, format!("the run lost its lock: {why}{unknown}"), left)
    }
}

/// Another run has written the step's entry.
pub(crate) fn overtaken(step: MigrationId, left: Left) -> Fault {
    let message = "another run has changed the entry of this migration in the history; the \
                   statements of both runs may have taken effect";
    Fault {
        code: Code::M0528,
        ..Fault::new(step, message.to_owned(), left)
    }
}
