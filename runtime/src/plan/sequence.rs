//! The order in which a history's entries were or could have been applied.

use migrator_model::Registry;

use crate::history::{Entry, History};

/// All entries in plan order: those the registry has as it orders them, the
/// others as late as what they need demands.
pub(super) fn sequence<'h>(registry: &Registry, history: &'h History) -> Vec<&'h Entry> {
    let mut order: Vec<&Entry> = registry
        .migrations
        .iter()
        .filter_map(|migration| history.entry(&migration.service, migration.version))
        .collect();
    let known = |entry: &Entry| registry.migration(&entry.service, entry.version).is_some();
    for entry in history.entries().filter(|entry| !known(entry)) {
        let place = place(&order, entry);
        order.insert(place, entry);
    }
    order
}

/// Behind its service's earlier version or, where it is the first, behind all
/// of its dependencies; and behind what it requires.
fn place(order: &[&Entry], entry: &Entry) -> usize {
    let last = |is: &dyn Fn(&Entry) -> bool| order.iter().rposition(|other| is(other));
    let earlier = |other: &Entry| other.service == entry.service && other.version < entry.version;
    let needed = |other: &Entry| entry.depends_on.contains(&other.service);
    let required = |other: &Entry| entry.requires.contains(&other.reference());
    let base = last(&earlier).or_else(|| last(&needed));
    base.max(last(&required)).map_or(0, |at| at + 1)
}
