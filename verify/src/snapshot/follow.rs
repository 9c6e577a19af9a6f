//! Makes the next snapshot after a script: reads again only what the script changed, and copies the
//! rest from the previous snapshot.
//!
//! Three things show what a script changed:
//!
//! - the rows of the catalogs with a newer `xmin`: what it created or altered. Only catalogs that it
//!   has written to are searched ([`writes`](super::writes));
//! - the locks that its transaction holds: Postgres locks each object that it drops, and each table
//!   whose parts it changes;
//! - the number of rows in the catalogs of rare kinds of object.
//!
//! A text of another object can contain a name that changed. So after a change of a name, the next
//! snapshot is a whole one. It is also a whole one if the locks are not known, if an object of a rare kind
//! changed, or if the change is of a kind that is not followed here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalog::{Address, Catalog};
use super::content::{Entry, Snapshot};
use super::effects::Effects;
use super::mark::Mark;
use super::object::{Kind, Object};
use super::rows::Rows;
use super::units::{Changed, Form, Units};

/// Classes of shared objects whose locks say nothing about a snapshot: roles, memberships,
/// tablespaces and large objects. A mark shows the names of roles and tablespaces.
const UNSEEN: [u32; 4] = [1260, 1261, 1213, 2613];

/// The units that scripts locked to change them. `None` if the next snapshot must be a whole one.
pub(super) fn locked(previous: &Snapshot, effects: &Effects) -> Option<Units> {
    let mut units = Units::default();
    for &(class, oid) in effects.objects()? {
        add_locked(&mut units, previous, class, oid)?;
    }
    units.relations.extend(effects.relations()?);
    Some(units)
}

/// The units that were read, or `None` if the next snapshot must be a whole one.
pub(super) fn units(
    mut locked: Units,
    previous: &Snapshot,
    since: &Mark,
    changed: &[Changed],
) -> Option<Units> {
    for row in changed {
        add(&mut locked, previous, since, *row)?;
    }
    Some(locked)
}

/// Adds what a changed row belongs to.
fn add(units: &mut Units, previous: &Snapshot, since: &Mark, changed: Changed) -> Option<()> {
    match changed {
        Changed::Relation(oid) => drop(units.relations.insert(oid)),
        Changed::Domain(oid) => drop(units.types.insert(oid)),
        Changed::Routine(oid) => drop(units.routines.insert(oid)),
        Changed::Row(catalog, oid, form) => {
            let address = Address::of(catalog, oid);
            let is_known =
                previous.places.get(&address).is_some() || previous.units.get(&address).is_some();
            // An array type or the index of a constraint: others may show its name.
            if oid <= since.newest && (!is_known || form == Some(Form::Shown)) {
                return None;
            }
            set_of(units, catalog)?.insert(oid);
        }
    }
    Some(())
}

fn add_locked(units: &mut Units, previous: &Snapshot, class: u32, oid: u32) -> Option<()> {
    let Some(catalog) = Catalog::numbered(class) else {
        return UNSEEN.contains(&class).then_some(());
    };
    match catalog {
        Catalog::Type | Catalog::Proc | Catalog::Namespace => {
            set_of(units, catalog)?.insert(oid);
            Some(())
        }
        // The relation is locked too, but the domain is not.
        Catalog::Constraint | Catalog::Trigger | Catalog::Rewrite | Catalog::Policy => {
            let object = previous.places.get(&Address::of(catalog, oid));
            let entry = object.and_then(|object| previous.objects.get(object));
            if let Some(unit) = entry.and_then(|entry| entry.unit) {
                set_of(units, unit.catalog)?.insert(unit.oid);
            }
            Some(())
        }
        Catalog::Attrdef => Some(()),
        Catalog::AccessMethod
        | Catalog::Cast
        | Catalog::Class
        | Catalog::Collation
        | Catalog::Conversion
        | Catalog::Database
        | Catalog::EventTrigger
        | Catalog::Extension
        | Catalog::Language
        | Catalog::Opclass
        | Catalog::Operator
        | Catalog::Opfamily
        | Catalog::Publication
        | Catalog::PublishedSchema
        | Catalog::PublishedTable
        | Catalog::Server
        | Catalog::Statistics
        | Catalog::Subscription
        | Catalog::TextSearchConfiguration
        | Catalog::TextSearchDictionary
        | Catalog::TextSearchParser
        | Catalog::TextSearchTemplate
        | Catalog::Transform
        | Catalog::Wrapper => None,
    }
}

fn set_of(units: &mut Units, catalog: Catalog) -> Option<&mut BTreeSet<u32>> {
    [
        (Catalog::Class, &mut units.relations),
        (Catalog::Type, &mut units.types),
        (Catalog::Proc, &mut units.routines),
        (Catalog::Namespace, &mut units.schemas),
    ]
    .into_iter()
    .find(|(theirs, _)| *theirs == catalog)
    .map(|(_, set)| set)
}

/// The previous snapshot with these units as they are in `rows`. `None` if a name changed.
pub(super) fn replaced(
    previous: &Snapshot,
    units: &Units,
    rows: Rows,
    mark: Mark,
) -> Option<Snapshot> {
    let mut snapshot = previous.clone();
    for unit in addresses(units) {
        remove(&mut snapshot, previous, unit, &rows)?;
    }
    snapshot.unknown_options.extend(rows.unknown_options);
    let mut of_units: BTreeMap<Address, Vec<Arc<Object>>> = BTreeMap::new();
    for (object, entry) in rows.objects {
        let entry = Arc::new(entry);
        if let Some(unit) = entry.unit {
            of_units.entry(unit).or_default().push(Arc::clone(&object));
        }
        snapshot.objects.insert(object, entry);
    }
    for (address, object) in rows.places {
        snapshot.places.insert(address, object);
    }
    for (unit, objects) in of_units {
        snapshot.units.insert(unit, objects.into());
    }
    snapshot.may_grant |= rows.may_grant;
    snapshot.mark = Some(mark);
    Some(snapshot)
}

fn addresses(units: &Units) -> impl Iterator<Item = Address> {
    let of = |catalog| move |oid: &u32| Address::of(catalog, *oid);
    let relations = units.relations.iter().map(of(Catalog::Class));
    let types = units.types.iter().map(of(Catalog::Type));
    let routines = units.routines.iter().map(of(Catalog::Proc));
    let schemas = units.schemas.iter().map(of(Catalog::Namespace));
    relations.chain(types).chain(routines).chain(schemas)
}

/// Removes the objects of a unit. `None` if one of them has another name now.
fn remove(snapshot: &mut Snapshot, previous: &Snapshot, unit: Address, rows: &Rows) -> Option<()> {
    let objects = previous.units.get(&unit).into_iter().flat_map(|o| o.iter());
    for object in objects {
        let old = previous.objects.get(object)?;
        if let Some(address) = old.address {
            if let Some(now) = rows.places.get(&address) {
                let new = rows.objects.get(now)?;
                if now != object || has_other_names(object.kind, old, new) {
                    return None;
                }
            }
            snapshot.places.remove(&address);
        }
        snapshot.objects.remove(object);
    }
    snapshot.units.remove(&unit);
    Some(())
}

/// Whether an object has other names within it, which texts of others may show: the values of an
/// enum, or the sequence of an identity column.
fn has_other_names(kind: Kind, old: &Entry, new: &Entry) -> bool {
    let values = |name| (old.properties.get(name), new.properties.get(name));
    let lost_value = match values("labels") {
        (Some(old), Some(new)) => !new.starts_with(old.as_str()),
        (Some(_), None) => true,
        (None, _) => false,
    };
    let other_sequence = match values("identity sequence") {
        (Some(old), Some(new)) => old != new,
        (None | Some(_), None) | (None, Some(_)) => false,
    };
    kind == Kind::Type && lost_value || kind == Kind::Column && other_sequence
}
