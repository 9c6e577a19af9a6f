//! What a failed script says: the server's words, and the place in the file.

use std::fmt;

use migrator_model::diagnostic::Position;
use migrator_model::file_name::Direction;
use migrator_model::{Code, MigrationId};
use tokio_postgres::error::{DbError, SqlState};

use crate::event::blocker::Blocker;

/// A script failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fault {
    /// What it is filed under.
    pub code: Code,
    /// The migration.
    pub step: MigrationId,
    /// The script's file, as it was named when it was compiled in; nothing if
    /// it was read from the history.
    pub path: Option<String>,
    /// The place in the script.
    pub position: Option<Position>,
    /// The line of SQL at that place.
    pub line: Option<String>,
    /// What the server said, or what else went wrong.
    pub message: String,
    /// The five characters of the SQLSTATE, if the server said anything.
    pub sqlstate: Option<String>,
    /// More about it, in the server's words.
    pub detail: Option<String>,
    /// What the server suggests.
    pub hint: Option<String>,
    /// Where in a function it happened, in the server's words.
    pub context: Option<String>,
    /// The constraint that failed at COMMIT, `` `orders_user_fkey` of `shop.orders` ``.
    pub constraint: Option<String>,
    /// What is left in the database.
    pub left: Left,
    /// Whose locks it ran into, as far as they were seen.
    pub blockers: Vec<Blocker>,
    /// Whose statement failed.
    pub part: Part,
    pub(crate) end: StepEnd,
}

/// A part of what a step sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The script.
    Script,
    /// What records it in the history.
    Record,
    /// The COMMIT of both, which checks deferred constraints.
    Commit,
    /// The wait of a COMMIT for a synchronous standby, which was cancelled: the step is
    /// done on this server.
    Confirmation,
}

/// How a step ended that was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepEnd {
    /// By itself.
    Failed,
    /// The run was stopped, and it with it.
    CutShort,
    /// The run had been stopped before.
    NotStarted,
}

/// What a failed step leaves in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Left {
    /// Nothing: it ran in a transaction.
    Nothing,
    /// Whatever its statements did before: it ran outside a transaction.
    Dirty,
    /// That as well, and the next run in this direction resumes it by itself.
    Resumable,
    /// All that the script does, without the record of it: it ran outside a transaction.
    Unrecorded {
        /// The direction of the script.
        direction: Direction,
        /// Whether the next run in this direction records it.
        is_resumable: bool,
    },
    /// All of it, recorded: the step is done.
    Done,
    /// It is not known: the connection was lost before the answer.
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

    /// It did not end by itself: the run was stopped.
    pub(crate) fn cut_short(self) -> Fault {
        Fault {
            end: StepEnd::CutShort,
            ..self
        }
    }

    /// The run was stopped before the step had begun.
    pub(crate) fn not_started(step: MigrationId) -> Fault {
        Fault {
            end: StepEnd::NotStarted,
            ..Fault::new(step, "the run was stopped".to_owned(), Left::Nothing)
        }
    }

    /// The run was stopped after one statement and before the next.
    pub(crate) fn between(step: MigrationId, left: Left) -> Fault {
        let message = "the run was stopped between two statements".to_owned();
        Fault::new(step, message, left).cut_short()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.sqlstate.as_deref() == Some(SqlState::QUERY_CANCELED.code())
    }

    /// The run was stopped, and the server does not say what became of the step.
    pub(crate) fn silent(step: MigrationId, left: Left) -> Fault {
        let message = "the server did not heed the request to cancel it".to_owned();
        Fault::new(step, message, left).cut_short()
    }

    /// It is not the script that failed but what records it.
    pub(crate) fn in_record(mut self) -> Fault {
        self.part = Part::Record;
        if self.code != Code::M0528 {
            self.code = Code::M0505;
        }
        self
    }

    /// Every statement of the script ran before this, so that only the record is missing. Where
    /// another run has taken over, or nobody knows what the server did, the fault stays as it is.
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

    /// It is the COMMIT that failed, of which the server names no line.
    pub(crate) fn in_commit(mut self, path: Option<&str>, said: &DbError) -> Fault {
        self.part = Part::Commit;
        self.path = path.map(str::to_owned);
        self.constraint = said
            .constraint()
            .map(|constraint| match (said.schema(), said.table()) {
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

    /// Takes over the place in the script.
    pub(crate) fn at(mut self, path: Option<&str>, sql: &str, position: Option<Position>) -> Fault {
        self.path = path.map(str::to_owned);
        self.position = position;
        self.line = position
            .and_then(|position| sql.lines().nth(position.line - 1))
            .map(str::to_owned);
        self
    }
}

/// A step could not go on, as another run may have begun by now.
pub(crate) fn lost_lock(step: MigrationId, left: Left, why: &str) -> Fault {
    let unknown = match left {
        Left::Nothing | Left::Done => "",
        Left::Dirty | Left::Resumable | Left::Unrecorded { .. } | Left::Unknown => {
            "; whether another run has changed the same objects since is unknown"
        }
    };
    Fault {
        code: Code::M0528,
        ..Fault::new(step, format!("the run lost its lock: {why}{unknown}"), left)
    }
}

/// A step could not go on, as another run has written its entry.
pub(crate) fn overtaken(step: MigrationId, left: Left) -> Fault {
    let message = "another run has changed its history entry since this run started it; \
                   which of the two ran last is unknown";
    Fault {
        code: Code::M0528,
        ..Fault::new(step, message.to_owned(), left)
    }
}
