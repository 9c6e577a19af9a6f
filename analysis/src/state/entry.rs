//! An object that exists.

use super::table::Table;
use crate::names::Name;
use crate::site::Site;

/// An object that exists.
#[derive(Clone)]
pub(crate) struct Entry<'a> {
    /// Where a script creates it. `None` if no script does.
    pub(crate) site: Option<Site<'a>>,
    /// Its definition, for comparison. `None` if a later statement alters the object.
    pub(crate) text: Option<String>,
    /// Whether a table or column in its definition has another name now.
    pub(crate) is_outdated: bool,
    /// The objects whose DROP drops it, too.
    pub(super) owners: Vec<Owner>,
    /// The columns, constraints and properties of a table.
    pub(crate) table: Option<Table<'a>>,
    /// The known argument types of each function of this name.
    pub(super) arguments: Vec<Option<Vec<String>>>,
}

impl Entry<'_> {
    /// The relations that it belongs to: those whose DROP drops it, and its parent tables.
    pub(super) fn links(&self) -> impl Iterator<Item = &Name> {
        let owners = self.owners.iter().map(|owner| &owner.relation);
        owners.chain(self.table.iter().flat_map(|table| &table.parents))
    }

    /// The relation whose DROP drops it, too.
    pub(crate) fn owner(&self) -> Option<&Name> {
        self.owners.first().map(|owner| &owner.relation)
    }
}

/// A relation, or columns of a relation, whose DROP drops another object.
#[derive(Clone)]
pub(super) struct Owner {
    pub(super) relation: Name,
    pub(super) columns: Vec<String>,
}
