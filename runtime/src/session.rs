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
    let mut completed = 0;
    let stream = match client.simple_query_raw(text).await {
        Ok(stream) => stream,
        Err(error) => return Err(SendError { error, completed }),
    };
    pin_mut!(stream);
    loop {
        match stream.try_next().await {
            Ok(Some(SimpleQueryMessage::CommandComplete(_))) => completed += 1,
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
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
