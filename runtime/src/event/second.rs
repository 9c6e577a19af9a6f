//! The trouble of a run that gets no second connection.

use std::fmt;

/// What keeps a run from using a second connection. The first one has worked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecondConnection {
    /// It cannot be opened.
    NotOpen,
    /// It is open, and the server does not answer on it.
    Unanswered,
    /// It holds the locks of the run, and since then the server does not answer on the first one.
    BlocksFirst,
}

impl fmt::Display for SecondConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SecondConnection::NotOpen => {
                "the run cannot open a second connection, which holds its lock"
            }
            SecondConnection::Unanswered => {
                "the server does not answer on the second connection of the run, which holds its \
                 lock"
            }
            SecondConnection::BlocksFirst => {
                "the server does not answer on the first connection of the run while the second \
                 one holds its lock"
            }
        })
    }
}
