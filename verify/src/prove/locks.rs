//! The locks that a script takes on tables.

use std::collections::BTreeMap;

use migrator_model::LockMode;
use migrator_runtime::TableLock;

use crate::snapshot::content::Snapshot;
use crate::snapshot::object::{Kind, Object};

/// The strongest lock that a script took on a table or view that existed before the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The table, `table tenant.tenants`.
    pub table: String,
    /// The mode of the lock.
    pub mode: LockMode,
}

/// The strongest lock on each table of the snapshot, which was taken before the script.
pub(crate) fn strongest(held: &[TableLock], before: &Snapshot) -> Vec<Lock> {
    let mut strongest: BTreeMap<String, LockMode> = BTreeMap::new();
    for lock in held {
        let table = before.relation(lock.relation);
        let (Some(table), Some(mode)) = (
            table.filter(|table| is_read(table)),
            LockMode::find(&lock.mode),
        ) else {
            continue;
        };
        let known = strongest.entry(table.to_string()).or_insert(mode);
        *known = mode.max(*known);
    }
    strongest
        .into_iter()
        .map(|(table, mode)| Lock { table, mode })
        .collect()
}

/// Whether queries name the object. A lock on an index blocks nothing that the lock on its table
/// does not block.
fn is_read(object: &Object) -> bool {
    let read = [
        Kind::Table,
        Kind::View,
        Kind::MaterialisedView,
        Kind::ForeignTable,
    ];
    read.contains(&object.kind)
}
