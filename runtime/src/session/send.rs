//! Sends messages over a connection and reports how many statements completed.

use std::pin::Pin;

use futures_util::TryStreamExt;
use futures_util::future::join;
use tokio_postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow, SimpleQueryStream};

use super::client;
use super::text::Text;

/// The error of a message.
#[derive(Debug)]
pub(crate) struct SendError {
    pub(crate) error: Error,
    /// How many statements of the message had completed.
    pub(crate) completed: usize,
}

/// The answers to a message that was sent. The default is the answer to no message.
///
/// Wait for the answers in the order in which the messages were sent, or for all at once. A
/// connection buffers two parts of an answer, and then stops reading until somebody takes them;
/// each notice or setting from the server ends a part.
#[derive(Default)]
pub(crate) struct Answers(Option<Result<Pin<Box<SimpleQueryStream>>, Error>>);

/// Sends a message without waiting for the answer. The server executes messages in their order.
pub(crate) async fn begin(client: &Client, text: &str) -> Answers {
    Answers(Some(client.simple_query_raw(text).await.map(Box::pin)))
}

/// As [`begin`], for a text that may have long scripts.
pub(crate) async fn begin_text(client: &client::Client, text: &Text) -> Answers {
    match text.short() {
        Some(text) => begin(client.postgres(), text).await,
        None => Answers(Some(client.query_in_pieces(text).await.map(Box::pin))),
    }
}

impl Answers {
    /// Waits for the answers to all its statements.
    pub(crate) async fn wait(self) -> Result<(), SendError> {
        self.rows(|_| None::<()>).await.map(drop)
    }

    /// Waits for the answers to all its statements, and for a message that was sent after it.
    pub(crate) async fn wait_with<T>(
        self,
        behind: impl Future<Output = T>,
    ) -> (Result<(), SendError>, T) {
        join(self.wait(), behind).await
    }

    /// Waits for the answers to all its statements, and returns what `wanted` makes of their rows.
    async fn rows<T>(
        self,
        wanted: impl Fn(&SimpleQueryRow) -> Option<T>,
    ) -> Result<Vec<T>, SendError> {
        let (mut kept, mut completed) = (Vec::new(), 0);
        let failed = |completed| move |error| SendError { error, completed };
        let Some(stream) = self.0 else {
            return Ok(kept);
        };
        let mut stream = stream.map_err(failed(completed))?;
        while let Some(answer) = stream.try_next().await.map_err(failed(completed))? {
            match answer {
                SimpleQueryMessage::CommandComplete(_) => completed += 1,
                SimpleQueryMessage::Row(row) => kept.extend(wanted(&row)),
                SimpleQueryMessage::RowDescription(_) | _ => {}
            }
        }
        Ok(kept)
    }
}

/// Sends a message and waits for the answers to all its statements.
pub(crate) async fn send(client: &Client, text: &str) -> Result<(), SendError> {
    begin(client, text).await.wait().await
}

/// As [`send`], for a text that may have long scripts.
pub(crate) async fn send_text(client: &client::Client, text: &Text) -> Result<(), SendError> {
    begin_text(client, text).await.wait().await
}

/// Sends a message, waits for the answers to all its statements, and returns what `wanted`
/// makes of their rows.
pub(crate) async fn send_for_rows<T>(
    client: &client::Client,
    text: &Text,
    wanted: impl Fn(&SimpleQueryRow) -> Option<T>,
) -> Result<Vec<T>, SendError> {
    begin_text(client, text).await.rows(wanted).await
}

/// The rows among the answers to a message.
pub(crate) fn rows(messages: Vec<SimpleQueryMessage>) -> impl Iterator<Item = SimpleQueryRow> {
    messages.into_iter().filter_map(|message| {
        if let SimpleQueryMessage::Row(row) = message {
            Some(row)
        } else {
            None
        }
    })
}
