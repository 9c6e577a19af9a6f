//! An object that is there.

use super::table::Table;
use crate::names::Name;
use crate::site::Site;

/// An object that is there.
#[derive(Clone)]
pub(crate) struct Entry<'a> {
    /// Where it was made; nothing where no script makes it.
    pub(crate) site: Option<Site<'a>>,
    /// What made it, to be compared; nothing where it was changed since.
    pub(crate) text: Option<String>,
    /// Whether a table or column was renamed since that its text may name.
    pub(crate) is_outdated: bool,
    /// What it is dropped with.
    pub(super) owners: Vec<Owner>,
    /// Of a table, what is known of it.
    pub(crate) table: Option<Table<'a>>,
    /// Of the functions of a name, the arguments of each, as far as they are known.
    pub(super) arguments: Vec<Option<Vec<String>>>,
}

impl Entry<'_> {
    /// The relation that it is dropped with.
    pub(crate) fn owner(&self) -> Option<&Name> {
        self.owners.first().map(|owner| &owner.relation)
    }
}

/// A relation, or a column of one, that something is dropped with.
#[derive(Clone)]
pub(super) struct Owner {
    pub(super) relation: Name,
    pub(super) columns: Vec<String>,
}
