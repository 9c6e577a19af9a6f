//! What Ctrl-C, `kill` and a lost terminal do: the first signal stops the command in order,
//! the second ends the process.

pub(crate) mod caught;
mod listen;

pub(crate) use listen::{Patience, listen};
