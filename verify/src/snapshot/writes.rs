//! Which catalogs scripts have written to: only these are searched for changes.
//!
//! Postgres counts the rows that a session writes. If a script only inserted rows into a catalog,
//! its new rows are found by their oids, through the index. A catalog without a written row is not
//! read.

use std::collections::BTreeMap;

use migrator_runtime::{CatalogWrites, TrialReport};

/// `pg_class`.
const CLASS: u32 = 1259;
/// `pg_attribute`.
const ATTRIBUTE: u32 = 1249;
/// `pg_type`.
const TYPE: u32 = 1247;
/// `pg_proc`.
const PROC: u32 = 1255;
/// `pg_namespace`.
const NAMESPACE: u32 = 2615;
/// `pg_constraint`.
const CONSTRAINT: u32 = 2606;

/// The catalogs that are searched row by row. All others that are counted are of rare kinds.
const SEARCHED: [u32; 6] = [CLASS, ATTRIBUTE, TYPE, PROC, NAMESPACE, CONSTRAINT];

/// The largest oid: no row has a larger one.
const NO_ROW: u32 = u32::MAX;

/// What the transactions of scripts have written to catalogs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Writes {
    /// The id of the next transaction before the first script.
    since: Option<u32>,
    /// What the session had written before the last transaction.
    before: BTreeMap<u32, CatalogWrites>,
    /// What the session had written after the last script.
    after: BTreeMap<u32, CatalogWrites>,
    /// What the scripts have written.
    written: BTreeMap<u32, CatalogWrites>,
}

/// Where each catalog is searched: rows whose oids are larger than these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) relations: u32,
    pub(super) types: u32,
    pub(super) routines: u32,
    pub(super) schemas: u32,
    /// Constraints of domains, by the oids of the domains.
    pub(super) domains: u32,
    /// Whether all columns are searched.
    pub(super) columns: bool,
    /// Whether catalogs of rare kinds are searched.
    pub(super) rare: bool,
}

impl Writes {
    pub(super) fn of(report: &TrialReport) -> Writes {
        let by_catalog = |writes: &[CatalogWrites]| {
            let writes = writes.iter().map(|one| (one.catalog, *one));
            writes.collect::<BTreeMap<_, _>>()
        };
        let earlier = report.before.as_ref();
        let mut writes = Writes {
            since: earlier.map(|before| before.next_transaction),
            before: earlier.map_or_else(BTreeMap::new, |before| by_catalog(&before.writes)),
            after: by_catalog(&report.writes),
            written: BTreeMap::new(),
        };
        writes.add();
        writes
    }

    /// Adds what a later script has written, in another transaction or in the same one.
    pub(super) fn and(&mut self, later: Writes) {
        if later.since.is_some() {
            self.since = self.since.or(later.since);
            self.before = later.before;
        }
        self.after = later.after;
        self.add();
    }

    /// Adds what the last transaction has written.
    fn add(&mut self) {
        for (catalog, after) in &self.after {
            let before = self.before.get(catalog).copied().unwrap_or_default();
            let written = self.written.entry(*catalog).or_default();
            written.inserted += after.inserted.saturating_sub(before.inserted);
            written.updated += after.updated.saturating_sub(before.updated);
            written.deleted += after.deleted.saturating_sub(before.deleted);
        }
    }

    /// The id of the next transaction before the first script.
    pub(super) fn since(&self) -> Option<u32> {
        self.since
    }

    /// Where changed rows may be. `newest` is the largest oid before the scripts, and `may_grant`
    /// whether privileges may have changed. Only a GRANT changes a relation or a column without a
    /// lock on the relation; what is locked is read without a search.
    pub(super) fn search(&self, newest: u32, may_grant: bool) -> Search {
        let of = |catalog| self.written.get(&catalog).copied().unwrap_or_default();
        let from = |catalog, may_be_updated: bool| match of(catalog) {
            CatalogWrites { updated: 1.., .. } if may_be_updated => 0,
            CatalogWrites { inserted: 1.., .. } => newest,
            _ => NO_ROW,
        };
        let is_rare = |(catalog, writes): (&u32, &CatalogWrites)| {
            let sum = writes.inserted + writes.updated + writes.deleted;
            !SEARCHED.contains(catalog) && sum > 0
        };
        let constraints = of(CONSTRAINT);
        Search {
            relations: from(CLASS, may_grant),
            types: from(TYPE, true),
            routines: from(PROC, true),
            schemas: from(NAMESPACE, true),
            domains: match constraints.inserted + constraints.updated {
                0 => NO_ROW,
                _ => 0,
            },
            columns: may_grant && of(ATTRIBUTE).updated > 0,
            rare: self.written.iter().any(is_rare),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(catalog: u32, inserted: u64, updated: u64) -> BTreeMap<u32, CatalogWrites> {
        let mut counts = CatalogWrites::default();
        (counts.catalog, counts.inserted, counts.updated) = (catalog, inserted, updated);
        BTreeMap::from([(catalog, counts)])
    }

    /// The first script of a transaction, or a further one.
    fn script(
        before: Option<BTreeMap<u32, CatalogWrites>>,
        after: BTreeMap<u32, CatalogWrites>,
    ) -> Writes {
        let mut writes = Writes {
            since: before.is_some().then_some(700),
            before: before.unwrap_or_default(),
            after,
            written: BTreeMap::new(),
        };
        writes.add();
        writes
    }

    #[test]
    fn only_catalogs_with_written_rows_are_searched() {
        let first = script(Some(counts(PROC, 5, 5)), counts(PROC, 6, 5));
        let search = first.search(20_000, true);
        assert_eq!((search.routines, search.types), (20_000, NO_ROW));
        assert!(!search.rare && !search.columns);
        let first = script(Some(counts(PROC, 5, 5)), counts(PROC, 5, 6));
        assert_eq!(first.search(20_000, true).routines, 0);
        let first = script(Some(BTreeMap::new()), counts(3381, 1, 0));
        assert!(first.search(20_000, false).rare);
    }

    #[test]
    fn a_further_script_counts_from_the_start_of_its_transaction() {
        let mut both = Writes::default();
        both.and(script(Some(counts(PROC, 5, 5)), counts(PROC, 5, 5)));
        assert_eq!(both.search(20_000, true).routines, NO_ROW);
        both.and(script(None, counts(PROC, 6, 5)));
        assert_eq!(both.search(20_000, true).routines, 20_000);
        assert_eq!(both.since(), Some(700));
        // Another transaction: the counts start again, because Postgres has handed them on.
        both.and(script(Some(BTreeMap::new()), counts(PROC, 0, 1)));
        assert_eq!(both.search(20_000, true).routines, 0);
        assert_eq!(both.since(), Some(700));
    }
}
