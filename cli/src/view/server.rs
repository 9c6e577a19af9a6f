//! The local development server.

use serde::Serialize;

/// What `server` found or did.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Server {
    /// After `start` and `status`: the server's URL, if the server runs.
    State { url: Option<String> },
    /// After `stop`: whether the server ran before.
    Stopped { stopped: bool },
}
