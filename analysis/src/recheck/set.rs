//! A set of names that answers fast without optimisation.

use std::collections::HashSet;

use super::names::Hash;

/// The number of bits, a power of two.
const BITS: usize = 1 << 14;

/// A set of names. A bit for each group of hashes answers most questions, because a build script is
/// not optimised and asks for each name of the tree.
pub(super) struct NameSet {
    bits: Vec<bool>,
    names: HashSet<Hash>,
}

impl Default for NameSet {
    fn default() -> NameSet {
        NameSet {
            bits: vec![false; BITS],
            names: HashSet::new(),
        }
    }
}

impl NameSet {
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn contains(&self, name: Hash) -> bool {
        self.bits[bit(name)] && self.names.contains(&name)
    }
}

impl Extend<Hash> for NameSet {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, names: I) {
        for name in names {
            self.bits[bit(name)] = true;
            self.names.insert(name);
        }
    }
}

fn bit(name: Hash) -> usize {
    (name >> 2) as usize % BITS
}
