//! Sorts and collects with little code.
//!
//! The standard library's sort compiles to 5 kB of code for each type and each order. Collecting
//! into a `BTreeMap` or a `BTreeSet` sorts too. The binary had fifty copies of the sort. These
//! functions share one copy.

use std::cmp::Ordering;
use std::mem;

/// Sorts the items as `slice::sort_by` does. Equal items stay in their order.
pub fn sort_by<T>(items: &mut Vec<T>, order: impl Fn(&T, &T) -> Ordering) {
    let mut places: Vec<usize> = (0..items.len()).collect();
    sort_places(&mut places, &|a, b| order(&items[a], &items[b]));
    let mut unsorted: Vec<Option<T>> = mem::take(items).into_iter().map(Some).collect();
    items.extend(places.iter().filter_map(|&place| unsorted[place].take()));
}

fn sort_places(places: &mut [usize], order: &dyn Fn(usize, usize) -> Ordering) {
    places.sort_by(|&a, &b| order(a, b));
}

/// Collects the items into a map or a set, as `collect` does, one by one.
pub fn collect<C, T>(items: impl IntoIterator<Item = T>) -> C
where
    C: Default + Extend<T>,
{
    let mut all = C::default();
    all.extend(items);
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{collect, sort_by};

    proptest! {
        #[test]
        fn the_order_is_that_of_the_standard_library(keys in prop::collection::vec(0_u8..20, 0..200)) {
            let items: Vec<(u8, usize)> = keys.into_iter().zip(0..).collect();
            let mut ours = items.clone();
            sort_by(&mut ours, |a, b| a.0.cmp(&b.0));
            let mut theirs = items;
            theirs.sort_by_key(|item| item.0);
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn the_last_value_of_a_key_is_collected(keys in prop::collection::vec(0_u8..20, 0..200)) {
            let items: Vec<(u8, usize)> = keys.into_iter().zip(0..).collect();
            let theirs: BTreeMap<u8, usize> = items.iter().copied().collect();
            let ours: BTreeMap<u8, usize> = collect(items);
            prop_assert_eq!(ours, theirs);
        }
    }
}
