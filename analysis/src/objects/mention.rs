//! Where a script mentions an object, and what it does to it there.

use super::object::Object;
use crate::parse::Id;

/// One object in one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    /// What is done to it.
    pub(crate) effect: Effect,
    /// The object.
    pub(crate) object: Object,
    /// Where its name stands, in bytes.
    pub(crate) offset: usize,
    /// The statement.
    pub(crate) statement: Id,
}

/// What a statement does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// It is there afterwards.
    Create,
    /// It is not there afterwards.
    Drop,
    /// It is another afterwards.
    Alter,
    /// It has to be there.
    Reference,
}
