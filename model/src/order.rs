//! Puts nodes in order, as a pure function over numbers.

use crate::small;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Puts each node after the nodes that it waits for. Otherwise the order is that of the
/// indexes in `waits_for`. So a wait moves a node later, and never earlier.
///
/// # Errors
///
/// There is a cycle. The error has its nodes; each waits for the next.
pub(crate) fn topological(waits_for: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut open: Vec<usize> = waits_for.iter().map(Vec::len).collect();
    let mut waiters: Vec<Vec<usize>> = vec![Vec::new(); waits_for.len()];
    for (node, others) in waits_for.iter().enumerate() {
        for &other in others {
            waiters[other].push(node);
        }
    }
    let ready = (0..open.len()).filter(|&node| open[node] == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = ready.map(Reverse).collect();
    let mut order = Vec::with_capacity(open.len());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for &waiter in &waiters[node] {
            open[waiter] -= 1;
            if open[waiter] == 0 {
                ready.push(Reverse(waiter));
            }
        }
    }
    match order.len() == open.len() {
        true => Ok(order),
        false => Err(find_cycle(waits_for, &order)),
    }
}

/// Finds a cycle among the nodes without a place. It follows the waits until it reaches a
/// node for the second time.
fn find_cycle(waits_for: &[Vec<usize>], ordered: &[usize]) -> Vec<usize> {
    let ordered: BTreeSet<usize> = small::collect(ordered.iter().copied());
    let mut node = (0..waits_for.len()).find(|node| !ordered.contains(node));
    let mut path: Vec<usize> = Vec::new();
    let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
    while let Some(current) = node {
        if let Some(&start) = seen.get(&current) {
            return path.split_off(start);
        }
        seen.insert(current, path.len());
        path.push(current);
        node = waits_for[current]
            .iter()
            .copied()
            .find(|other| !ordered.contains(other));
    }
    path
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::topological;

    #[test]
    fn a_wait_moves_a_node_later_but_not_further_than_needed() {
        // 1 waits for 3. 2 waits for 1, because it is the next migration of the same service.
        let waits_for = [vec![], vec![3], vec![1], vec![], vec![3]];
        assert_eq!(topological(&waits_for), Ok(vec![0, 3, 1, 2, 4]));
    }

    #[test]
    fn a_cycle_is_reported_without_the_nodes_that_lead_to_it() {
        let waits_for = [vec![1], vec![2], vec![3], vec![1]];
        assert_eq!(topological(&waits_for), Err(vec![1, 2, 3]));
        assert_eq!(topological(&[vec![0]]), Err(vec![0]));
    }

    proptest! {
        #[test]
        fn an_order_keeps_every_wait_or_a_cycle_is_real(
            edges in prop::collection::vec((0usize..12, 0usize..12), 0..30)
        ) {
            let mut waits_for = vec![Vec::new(); 12];
            for (from, to) in edges {
                waits_for[from].push(to);
            }
            match topological(&waits_for) {
                Ok(order) => {
                    let at = |n: usize| order.iter().position(|&o| o == n);
                    for (node, others) in waits_for.iter().enumerate() {
                        prop_assert!(others.iter().all(|&other| at(other) < at(node)));
                    }
                }
                Err(cycle) => {
                    prop_assert!(!cycle.is_empty());
                    for (i, &node) in cycle.iter().enumerate() {
                        prop_assert!(waits_for[node].contains(&cycle[(i + 1) % cycle.len()]));
                    }
                }
            }
        }
    }
}
