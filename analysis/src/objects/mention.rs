//! Mentions of objects in scripts.

use super::object::Object;
use crate::parse::Id;

/// An object that a script mentions, and the effect on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    /// What the statement does to the object.
    pub(crate) effect: Effect,
    /// The object.
    pub(crate) object: Object,
    /// The place of the name, in bytes.
    pub(crate) offset: usize,
    /// The statement.
    pub(crate) statement: Id,
}

/// What a statement does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// The statement creates the object.
    Create,
    /// The statement drops the object.
    Drop,
    /// The statement alters the object.
    Alter,
    /// The statement needs the object.
    Reference,
}
