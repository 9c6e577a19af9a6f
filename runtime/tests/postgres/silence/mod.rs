//! Connections that give no answer, and a role that may not read the history yet.

mod connection;
mod rights;
