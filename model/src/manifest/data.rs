//! The manifest as data.

use crate::levels::LintLevel;

/// The readable part of the manifest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) tiers: Vec<String>,
    pub(crate) services: Vec<Entry>,
    /// Whether `services` has all services. If not, an unknown service may be one that a
    /// reported fault has hidden.
    pub(crate) is_complete: bool,
    /// The levels of lints that the manifest sets, for all services and for single ones.
    pub(crate) lints: Vec<LintLevel>,
    /// The patterns of objects that `drift` leaves out.
    pub(crate) left_out: Vec<String>,
    /// The roles that `verify` creates on its own server.
    pub(crate) roles: Vec<String>,
}

/// A service's table. The names in it are not checked yet.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) tier: Option<usize>,
    pub(crate) directory: Option<(String, usize)>,
    pub(crate) depends_on: Vec<(String, usize)>,
    pub(crate) description: String,
    /// The levels of lints that its table sets.
    pub(crate) lints: Vec<LintLevel>,
    /// The offset of its name in the manifest.
    pub(crate) offset: usize,
}

impl Entry {
    /// A service with a name and no other values.
    pub(super) fn unknown(name: &str, offset: usize) -> Entry {
        Entry {
            name: name.to_owned(),
            tier: None,
            directory: None,
            depends_on: Vec::new(),
            description: String::new(),
            lints: Vec::new(),
            offset,
        }
    }
}

impl Manifest {
    /// Whether the directories of all services are known.
    pub(crate) fn names_all_folders(&self) -> bool {
        self.is_complete && self.services.iter().all(|entry| entry.directory.is_some())
    }
}
