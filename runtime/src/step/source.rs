//! The script of a step, from the registry or the history, and how an error in it is reported.

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use migrator_connect::SharedText;
use migrator_model::directive::Directives;
use migrator_model::file_name::Direction;
use migrator_model::place::Position;
use migrator_model::sql::{statements, unfit};
use migrator_model::{Code, MigrationId, Mode, Script};
use migrator_plan::resume::can_be_resumed;
use tokio_postgres::error::{DbError, SqlState};

use crate::error::fault::{Fault, Left, Part};
use crate::options::Options;
use crate::session::answer::{describe, named_position};
use crate::session::client::Client;
use crate::session::message::Message;
use crate::session::send::{SendError, send_text};
use crate::session::stop::Stop;
use crate::session::timeouts::Timeouts;
use crate::step::encoding;

/// A script as it is sent, with the settings from its directives.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: Option<String>,
    pub(crate) sql: SharedText,
    pub(crate) mode: Mode,
    lock_timeout: Option<Duration>,
    statement_timeout: Option<Duration>,
}

/// How long the server may take for the next answer after an answer that was not understood.
const ANSWER: Duration = Duration::from_secs(5);

impl Source {
    /// A script of the program. It is not copied, unless its lines end with `\r\n`.
    pub(crate) fn embedded(script: Script<'static>) -> Source {
        Source::of(script, script.sql().into())
    }

    /// A copy of a script.
    pub(crate) fn copied(script: Script<'_>) -> Source {
        Source::of(script, script.sql().into_owned().into())
    }

    fn of(script: Script<'_>, sql: SharedText) -> Source {
        Source {
            path: Some(script.path()),
            sql,
            mode: script.mode,
            lock_timeout: script.lock_timeout,
            statement_timeout: script.statement_timeout,
        }
    }

    /// The empty script of a step that only changes the history.
    pub(crate) fn nothing() -> Source {
        Source {
            path: None,
            sql: SharedText::Static(""),
            mode: Mode::Transaction,
            lock_timeout: None,
            statement_timeout: None,
        }
    }

    /// A recorded script includes its directives.
    pub(crate) fn recorded(sql: String, direction: Direction) -> Result<Source, String> {
        let directives = Directives::read(&sql, direction).map_err(|faults| {
            let faults: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
            format!("its recorded {direction} script: {}", faults.join(", "))
        })?;
        if let Some(reason) = directives.irreversible {
            return Err(format!("this migration cannot be reverted: {reason}"));
        }
        Ok(Source {
            path: None,
            sql: sql.into(),
            mode: directives.mode,
            lock_timeout: directives.lock_timeout,
            statement_timeout: directives.statement_timeout,
        })
    }

    pub(crate) fn timeouts(&self, client: &Client, options: &Options, lock: Duration) -> Timeouts {
        Timeouts {
            lock: self.lock_timeout.unwrap_or(lock),
            statement: self.statement_timeout.unwrap_or(options.statement_timeout),
            limits: client.limits(),
        }
    }

    /// Why the script must not be sent; `None` if it may be.
    pub(crate) fn unfit(&self, step: &MigrationId) -> Option<Fault> {
        let unfit = unfit(&self.sql, self.mode)?;
        let position = Position::at(&self.sql, unfit.offset);
        let mut fault = Fault::new(step.clone(), unfit.why.message().to_owned(), Left::Nothing);
        fault.hint = Some(unfit.why.help().to_owned());
        Some(fault.at(self.path.as_deref(), &self.sql, Some(position)))
    }

    /// The fault when the server refused the message, which records the scripts `others` as well.
    pub(crate) fn refused(
        &self,
        step: &MigrationId,
        message: &Message,
        failure: &SendError,
        db_error: &DbError,
        others: &[Script<'_>],
    ) -> Fault {
        let position = message.locate(named_position(db_error), failure.completed);
        let fault = Fault::new(step.clone(), String::new(), Left::Nothing).with_server(db_error);
        let path = self.path.as_deref();
        let fault = match message.failed_part(failure.completed) {
            Part::Record => fault.in_record(),
            Part::Commit => fault.in_commit(path, db_error),
            Part::Script | Part::Confirmation => fault.at(path, &self.sql, position),
        };
        match failure.completed {
            0 => self.at_character(fault, others),
            _ => fault,
        }
    }

    /// If the fault is about a character that the database's encoding does not have, adds the
    /// position of the character. The character is in this script or in one of the others that are
    /// recorded with it. The server then ran no statement of the message.
    pub(crate) fn at_character(&self, fault: Fault, others: &[Script<'_>]) -> Fault {
        let untranslatable = SqlState::UNTRANSLATABLE_CHARACTER.code();
        if fault.sqlstate.as_deref() != Some(untranslatable) {
            return fault;
        }
        let own = (self.path.clone(), Cow::from(&*self.sql));
        let others = others
            .iter()
            .map(|script| (Some(script.path()), script.sql()));
        for (path, sql) in [own].into_iter().chain(others) {
            if let Some(at) = encoding::find(&fault.message, &sql) {
                let fault = Fault {
                    code: Code::M0501,
                    part: Part::Script,
                    ..fault
                };
                return fault.at(path.as_deref(), &sql, Some(Position::at(&sql, at)));
            }
        }
        fault
    }

    /// Sends one statement after the other, outside a transaction.
    pub(crate) async fn send_statements(
        &self,
        client: &Client,
        step: &MigrationId,
        until: &Stop,
    ) -> Result<(), Fault> {
        for range in statements(&self.sql) {
            self.send_statement(client, step, range, until).await?;
        }
        Ok(())
    }

    /// Sends one of its statements, outside a transaction.
    pub(crate) async fn send_statement(
        &self,
        client: &Client,
        step: &MigrationId,
        range: Range<usize>,
        until: &Stop,
    ) -> Result<(), Fault> {
        let statement = Message::statement(&self.sql, range);
        let text = statement.text();
        let sent = send_text(client, &text);
        let Ok(sent) = until.attend(client, sent).await else {
            return Err(Fault::silent(step.clone(), self.left()));
        };
        let Err(failure) = sent else {
            return Ok(());
        };
        let Some(db_error) = failure.error.as_db_error() else {
            let fault = unanswered(client, step, &failure.error).await;
            return Err(Fault {
                left: self.left(),
                ..fault
            });
        };
        let position = statement.locate(named_position(db_error));
        let fault = Fault::new(step.clone(), String::new(), self.left()).with_server(db_error);
        Err(fault.at(self.path.as_deref(), &self.sql, Some(position)))
    }

    /// What remains of the script if it fails after its first statement was sent.
    pub(crate) fn left(&self) -> Left {
        match can_be_resumed(&self.sql, self.mode) {
            true => Left::Resumable,
            false => Left::Dirty,
        }
    }
}

/// The fault when no error of the server came back, mostly because the connection is lost. If
/// the connection still works, makes it fit for use again.
pub(crate) async fn unanswered(
    client: &Client,
    step: &MigrationId,
    error: &tokio_postgres::Error,
) -> Fault {
    let rollback = client.roll_back("ROLLBACK");
    let answer = tokio::time::timeout(ANSWER, rollback).await;
    let message = match (client.lost(), answer) {
        (Some(why), _) => format!("the connection was lost: {why}"),
        (None, Ok(Err(_))) => "the connection was lost".to_owned(),
        (None, Ok(Ok(())) | Err(_)) => {
            format!(
                "the server's answer was not understood: {}",
                describe(error)
            )
        }
    };
    Fault::new(step.clone(), message, Left::Unknown)
}
