//! Sends messages over a connection and says how far the server came.

use futures_util::TryStreamExt;
use futures_util::pin_mut;
use tokio_postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

/// A message failed.
#[derive(Debug)]
pub(crate) struct SendError {
    pub(crate) error: Error,
    /// How many of its statements had completed.
    pub(crate) completed: usize,
}

/// Sends a message and waits for the answers to all its statements.
pub(crate) async fn send(client: &Client, text: &str) -> Result<(), SendError> {
    let none = send_for_rows(client, text, |_| None::<()>).await;
    none.map(drop)
}

/// Sends a message, waits for the answers to all its statements, and keeps what
/// `wanted` makes of their rows.
pub(crate) async fn send_for_rows<T>(
    client: &Client,
    text: &str,
    wanted: impl Fn(&SimpleQueryRow) -> Option<T>,
) -> Result<Vec<T>, SendError> {
    let mut kept = Vec::new();
    let mut completed = 0;
    let stream = match client.simple_query_raw(text).await {
        Ok(stream) => stream,
        Err(error) => return Err(SendError { error, completed }),
    };
    pin_mut!(stream);
    loop {
        match stream.try_next().await {
            Ok(Some(SimpleQueryMessage::CommandComplete(_))) => completed += 1,
            Ok(Some(SimpleQueryMessage::Row(row))) => kept.extend(wanted(&row)),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(kept),
            Err(error) => return Err(SendError { error, completed }),
        }
    }
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
