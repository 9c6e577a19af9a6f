//! The manifest as data.

use std::collections::BTreeMap;

use crate::code::{Code, Level};

/// The manifest, as far as it could be made sense of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) tiers: Vec<String>,
    pub(crate) services: Vec<Entry>,
    /// Whether there can be no other services than these. If not, one that is
    /// not found may be hidden by a fault that is already reported.
    pub(crate) is_complete: bool,
    /// The levels of lints that differ from their own.
    pub(crate) lints: BTreeMap<Code, Level>,
    /// The patterns of objects that `drift` leaves out.
    pub(crate) left_out: Vec<String>,
    /// The roles that `verify` makes on its own server.
    pub(crate) roles: Vec<String>,
}

/// A service's table; what it names is not looked up yet.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) tier: Option<usize>,
    pub(crate) directory: Option<(String, usize)>,
    pub(crate) depends_on: Vec<(String, usize)>,
    pub(crate) description: String,
    /// Where its name stands in the manifest.
    pub(crate) offset: usize,
}

impl Entry {
    /// A service of which only the name is known.
    pub(super) fn unknown(name: &str, offset: usize) -> Entry {
        Entry {
            name: name.to_owned(),
            tier: None,
            directory: None,
            depends_on: Vec::new(),
            description: String::new(),
            offset,
        }
    }
}

impl Manifest {
    /// Whether a folder that no service names is truly no service's.
    pub(crate) fn names_all_folders(&self) -> bool {
        self.is_complete && self.services.iter().all(|entry| entry.directory.is_some())
    }
}
