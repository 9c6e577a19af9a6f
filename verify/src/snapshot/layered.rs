//! A sorted map that shares most of its entries with older versions of itself.
//!
//! A snapshot of a large database differs from the previous one in few objects. Copying it must not
//! take longer because the database is large.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;

/// A shared map, and the entries that were set or removed since.
#[derive(Clone, Debug)]
pub(crate) struct Layered<K, V> {
    base: Arc<BTreeMap<K, V>>,
    /// `None` for an entry of the base that was removed.
    changes: BTreeMap<K, Option<V>>,
}

impl<K, V> Default for Layered<K, V> {
    fn default() -> Self {
        Layered::from(BTreeMap::new())
    }
}

impl<K, V> From<BTreeMap<K, V>> for Layered<K, V> {
    fn from(base: BTreeMap<K, V>) -> Self {
        Layered {
            base: Arc::new(base),
            changes: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone, V> Layered<K, V> {
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        match self.changes.get(key) {
            Some(changed) => changed.as_ref(),
            None => self.base.get(key),
        }
    }

    /// The key itself, which may hold more than what equality compares.
    pub(crate) fn key<Q>(&self, key: &Q) -> Option<&K>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        match self.changes.get_key_value(key) {
            Some((found, changed)) => changed.as_ref().map(|_| found),
            None => self.base.get_key_value(key).map(|(found, _)| found),
        }
    }

    /// Sets an entry, with this key.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        // The map would keep the old key.
        self.changes.remove(&key);
        self.changes.insert(key, Some(value));
    }

    pub(crate) fn remove(&mut self, key: &K) {
        match self.base.contains_key(key) {
            true => drop(self.changes.insert(key.clone(), None)),
            false => drop(self.changes.remove(key)),
        }
    }

    pub(crate) fn len(&self) -> usize {
        let changes = self.changes.iter();
        changes.fold(self.base.len(), |len, (key, value)| {
            match (self.base.contains_key(key), value) {
                (true, None) => len - 1,
                (false, Some(_)) => len + 1,
                (true, Some(_)) | (false, None) => len,
            }
        })
    }

    /// The entries, sorted by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        Merged {
            base: self.base.iter().peekable(),
            changes: self.changes.iter().peekable(),
        }
    }

    /// The keys that may have other entries in another map, sorted, each once. These are all keys
    /// unless the two maps share their base.
    pub(crate) fn candidates<'a>(
        &'a self,
        other: &'a Self,
        is_same: impl Fn(&V, &V) -> bool,
    ) -> Vec<&'a K> {
        let differs = |ours: Option<&V>, theirs: Option<&V>| match (ours, theirs) {
            (Some(ours), Some(theirs)) => !is_same(ours, theirs),
            (ours, theirs) => ours.is_some() || theirs.is_some(),
        };
        let mut keys = Vec::new();
        if Arc::ptr_eq(&self.base, &other.base) {
            side_by_side(
                self.changes.iter(),
                other.changes.iter(),
                |key, ours, theirs| {
                    let base = || self.base.get(key);
                    let ours = ours.map_or_else(base, Option::as_ref);
                    let theirs = theirs.map_or_else(base, Option::as_ref);
                    if differs(ours, theirs) {
                        keys.push(key);
                    }
                },
            );
        } else {
            side_by_side(self.iter(), other.iter(), |key, ours, theirs| {
                if differs(ours, theirs) {
                    keys.push(key);
                }
            });
        }
        keys
    }
}

/// Visits the keys of two sorted maps, each once.
fn side_by_side<'a, K: Ord + 'a, V>(
    ours: impl Iterator<Item = (&'a K, V)>,
    theirs: impl Iterator<Item = (&'a K, V)>,
    mut visit: impl FnMut(&'a K, Option<V>, Option<V>),
) {
    let (mut ours, mut theirs) = (ours.peekable(), theirs.peekable());
    loop {
        let order = match (ours.peek(), theirs.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((one, _)), Some((other, _))) => one.cmp(other),
        };
        let one = ours.next_if(|_| order.is_le());
        let other = theirs.next_if(|_| order.is_ge());
        let key = one.as_ref().or(other.as_ref()).map(|(key, _)| *key);
        if let Some(key) = key {
            visit(
                key,
                one.map(|(_, value)| value),
                other.map(|(_, value)| value),
            );
        }
    }
}

/// The entries of the base with the changes.
struct Merged<B: Iterator, C: Iterator> {
    base: Peekable<B>,
    changes: Peekable<C>,
}

impl<'a, K, V, B, C> Iterator for Merged<B, C>
where
    K: Ord + 'a,
    V: 'a,
    B: Iterator<Item = (&'a K, &'a V)>,
    C: Iterator<Item = (&'a K, &'a Option<V>)>,
{
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let changed = match (self.base.peek(), self.changes.peek()) {
                (None, None) => return None,
                (Some(_), None) => return self.base.next(),
                (None, Some(_)) => self.changes.next(),
                (Some((key, _)), Some((changed, _))) if key < changed => return self.base.next(),
                (Some((key, _)), Some((changed, _))) => {
                    if key == changed {
                        self.base.next();
                    }
                    self.changes.next()
                }
            };
            if let Some((key, Some(value))) = changed {
                return Some((key, value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> Layered<u32, &'static str> {
        let mut map = Layered::from(BTreeMap::from([(1, "a"), (3, "c"), (5, "e")]));
        map.remove(&3);
        map.insert(2, "b");
        map.insert(5, "E");
        map.insert(6, "f");
        map.remove(&6);
        map.remove(&7);
        map
    }

    #[test]
    fn changes_hide_the_entries_below_them() {
        let map = map();
        let entries: Vec<_> = map.iter().map(|(key, value)| (*key, *value)).collect();
        assert_eq!(entries, [(1, "a"), (2, "b"), (5, "E")]);
        assert_eq!(map.len(), 3);
        assert_eq!(map.get(&5), Some(&"E"));
        assert_eq!(map.get(&3), None);
    }

    #[test]
    fn only_changed_keys_are_compared_with_a_copy() {
        let map = map();
        let mut copy = map.clone();
        copy.insert(1, "A");
        copy.remove(&2);
        let same = |a: &&str, b: &&str| a == b;
        assert_eq!(map.candidates(&copy, same), [&1, &2]);
        let other = Layered::from(BTreeMap::from([(1, "a"), (9, "i")]));
        assert_eq!(map.candidates(&other, same), [&2, &5, &9]);
    }
}
