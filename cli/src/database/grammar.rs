//! Asks a server whether its grammar accepts the scripts. No script is run.
//!
//! Postgres parses a whole simple-query message before it runs any statement of the message
//! (`exec_simple_query`). So each script is sent after a statement that always fails, in a
//! transaction that has already failed. If the message parses, that statement fails and Postgres
//! skips the script. Either of the two guards is enough, also if the script starts with COMMIT or
//! ROLLBACK.

use migrator_model::{Code, Place, Problem, Registry, Script};
use migrator_runtime::Client;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use super::version;
use crate::exit::Exit;
use crate::failure::Failure;

/// A statement that fails in every state of a transaction.
const GUARD: &str = "SELECT 1/0;\n";

/// A server's answer about the scripts of a registry.
pub(crate) struct Verdict {
    /// The server's version, such as `15.18`.
    pub(crate) version: String,
    /// How many scripts the server was asked about.
    pub(crate) asked: usize,
    /// A finding for each script that the server refuses.
    pub(crate) refused: Vec<Problem>,
}

/// Asks about every script, up and down.
pub(crate) async fn ask(client: &Client, registry: &Registry) -> Result<Verdict, Failure> {
    let version = version::of(client).await;
    let version = version.map_err(|error| unasked(&error))?.text;
    let begun = client.postgres().batch_execute("BEGIN READ ONLY").await;
    begun.map_err(|error| unasked(&error))?;
    // After this statement the transaction has failed.
    let failed = client.postgres().batch_execute(GUARD).await;
    expect(failed, &SqlState::DIVISION_BY_ZERO)?;
    let mut verdict = Verdict {
        version,
        asked: 0,
        refused: Vec::new(),
    };
    for script in registry.migrations().flat_map(|m| [m.up(), m.down()]) {
        verdict.asked += 1;
        let refused = one(client, script, &verdict.version).await?;
        verdict.refused.extend(refused);
    }
    let ended = client.postgres().batch_execute("ROLLBACK").await;
    ended.map_err(|error| unasked(&error))?;
    Ok(verdict)
}

async fn one(
    client: &Client,
    script: Script<'_>,
    version: &str,
) -> Result<Option<Problem>, Failure> {
    let sql = script.sql();
    let answer = client
        .postgres()
        .batch_execute(&format!("{GUARD}{sql}"))
        .await;
    match answer.as_ref().err().and_then(Error::as_db_error) {
        Some(db_error) if is_of_the_text(db_error) => {
            Ok(Some(refusal(script, &sql, db_error, version)))
        }
        _ => expect(answer, &SqlState::IN_FAILED_SQL_TRANSACTION).map(|()| None),
    }
}

/// Whether the error is about the text of the script. The errors of the scanner and the grammar
/// are in a few classes.
fn is_of_the_text(db_error: &DbError) -> bool {
    let classes = ["0A", "22", "42", "54"];
    let class = db_error.code().code().get(..2).unwrap_or_default();
    classes.contains(&class) && *db_error.code() != SqlState::DIVISION_BY_ZERO
}

fn refusal(script: Script<'_>, sql: &str, db_error: &DbError, version: &str) -> Problem {
    let place = match db_error.position() {
        Some(ErrorPosition::Original(position)) => {
            Place::within(script.path(), sql, offset(sql, *position))
        }
        Some(ErrorPosition::Internal { .. }) | None => Place::file(script.path()),
    };
    let message = format!("PostgreSQL {version} rejects this: {}", db_error.message());
    let help = db_error.hint().unwrap_or("use the syntax of this version");
    Problem::at(Code::M0208, place, message, help)
}

/// The byte offset in the script of a position that the server reports. The server counts the
/// characters of the whole message, from 1. A position after the last word becomes the end of that
/// word.
fn offset(sql: &str, position: u32) -> usize {
    let before = GUARD.chars().count() + 1;
    let index = usize::try_from(position).map_or(0, |position| position.saturating_sub(before));
    let offset = sql.char_indices().nth(index).map(|(offset, _)| offset);
    offset.unwrap_or(sql.len()).min(sql.trim_end().len())
}

/// An error unless the server failed as expected.
fn expect(answer: Result<(), Error>, wanted: &SqlState) -> Result<(), Failure> {
    match answer {
        Err(error) if error.code() == Some(wanted) => Ok(()),
        Err(error) => Err(unasked(&error)),
        Ok(()) => Err(failure(Code::M0903, Exit::Failed).because("a statement that fails did not")),
    }
}

fn unasked(error: &Error) -> Failure {
    let (code, exit) = match error.is_closed() {
        true => (Code::M0503, Exit::Connection),
        false => (Code::M0903, Exit::Failed),
    };
    let cause = match error.as_db_error() {
        Some(db_error) => db_error.to_string(),
        None => error.to_string(),
    };
    failure(code, exit).because(cause)
}

fn failure(code: Code, exit: Exit) -> Failure {
    Failure::new(
        code,
        exit,
        "cannot ask the server about the grammar; no script was run",
        "name a Postgres server without a statement-pooling proxy before it",
    )
}

#[cfg(test)]
mod tests {
    use super::{GUARD, offset};

    #[test]
    fn a_position_counts_characters_behind_the_guard() {
        let sql = "-- ü\nDORP x;\n";
        let position = |index: usize| u32::try_from(GUARD.len() + index).unwrap_or_default();
        assert_eq!(&sql[offset(sql, position(6))..], "DORP x;\n");
        assert_eq!(offset(sql, 1), 0);
    }

    #[test]
    fn the_end_of_the_input_is_the_end_of_the_last_word() {
        let sql = "DROP TABLE\n\n";
        assert_eq!(offset(sql, 10_000), "DROP TABLE".len());
    }
}
