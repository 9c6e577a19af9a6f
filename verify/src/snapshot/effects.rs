//! What the transactions of scripts locked: with the rows that changed, this shows which objects
//! must be read again.

use std::collections::BTreeSet;

use migrator_runtime::TrialReport;

use super::content::Properties;
use super::object::Kind;
use super::writes::{Search, Writes};

/// The smallest oid of an object that is not Postgres's own (`FirstNormalObjectId`).
const FIRST_NORMAL: u32 = 16384;

/// `pg_description`: COMMENT keeps its lock on this catalog, other statements release theirs.
const DESCRIPTION: u32 = 2609;

/// `pg_extension`. A script that adds a member locks the extension only weakly.
const EXTENSION: u32 = 3079;

/// The locks of a transaction, if they are known.
///
/// They say which objects a script may have changed.
#[derive(Clone, Debug)]
pub struct Effects {
    locks: Option<Locks>,
    may_grant: bool,
    writes: Writes,
}

#[derive(Clone, Debug, Default)]
struct Locks {
    relations: BTreeSet<u32>,
    objects: BTreeSet<(u32, u32)>,
}

/// The modes of locks that a statement which changes an object does not take.
const WEAK: [&str; 3] = ["AccessShareLock", "RowShareLock", "RowExclusiveLock"];

impl Effects {
    /// Nothing is known about what the script changed.
    pub(crate) fn unknown() -> Effects {
        Effects {
            locks: None,
            may_grant: true,
            writes: Writes::default(),
        }
    }

    /// No script has run.
    pub(crate) fn none() -> Effects {
        Effects {
            locks: Some(Locks::default()),
            may_grant: false,
            writes: Writes::default(),
        }
    }

    /// The effects of a script.
    #[must_use]
    pub fn of(report: &TrialReport, script: &str) -> Effects {
        let (Some(relations), Some(objects)) = (&report.locks, &report.objects) else {
            return Effects::unknown();
        };
        // Without this setting, nothing is counted.
        if mentions(script, "track_counts") {
            return Effects::unknown();
        }
        let mut locks = Locks::default();
        for lock in relations {
            let is_weak = WEAK.contains(&lock.mode.as_str());
            if lock.relation < FIRST_NORMAL {
                // The script itself has written to a catalog.
                if lock.mode != WEAK[0] && lock.mode != WEAK[1] && lock.relation != DESCRIPTION {
                    return Effects::unknown();
                }
            } else if !is_weak {
                locks.relations.insert(lock.relation);
            }
        }
        let objects = objects
            .iter()
            .filter(|lock| lock.catalog == EXTENSION || !WEAK.contains(&lock.mode.as_str()));
        locks
            .objects
            .extend(objects.map(|lock| (lock.catalog, lock.object)));
        Effects {
            locks: Some(locks),
            may_grant: may_grant(script),
            writes: Writes::of(report),
        }
    }

    /// Adds the effects of a later script.
    pub(crate) fn and(&mut self, later: Effects) {
        self.may_grant |= later.may_grant;
        self.writes.and(later.writes);
        match (&mut self.locks, later.locks) {
            (Some(locks), Some(later)) => {
                locks.relations.extend(later.relations);
                locks.objects.extend(later.objects);
            }
            (locks, _) => *locks = None,
        }
    }

    /// The id of the next transaction before the first script. Each row with this `xmin` or a newer
    /// one has changed. `None` if it is not known.
    pub(super) fn since(&self) -> Option<u32> {
        self.writes.since()
    }

    /// Where changed rows may be. `newest` is the largest oid before the scripts. `may_grant` is
    /// whether a call of a routine may have changed privileges.
    pub(super) fn search(&self, newest: u32, may_grant: bool) -> Search {
        self.writes.search(newest, may_grant || self.may_grant)
    }

    /// The oids of relations that were locked to be changed.
    pub(super) fn relations(&self) -> Option<&BTreeSet<u32>> {
        self.locks.as_ref().map(|locks| &locks.relations)
    }

    /// The catalogs' oids and the oids of other objects that were locked to be changed.
    pub(super) fn objects(&self) -> Option<&BTreeSet<(u32, u32)>> {
        self.locks.as_ref().map(|locks| &locks.objects)
    }
}

/// Whether SQL may change the privileges of columns: it names such a statement, or runs a text as
/// SQL.
fn may_grant(sql: &str) -> bool {
    let words = ["grant", "revoke", "owned", "execute"];
    words.iter().any(|word| mentions(sql, word))
}

/// Whether SQL contains a word, in upper or lower case.
fn mentions(sql: &str, word: &str) -> bool {
    let mut places = sql.as_bytes().windows(word.len());
    places.any(|place| place.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether a call of this object may change the privileges of columns. A member of an extension is
/// no object of a snapshot, so the extension stands for its members.
pub(super) fn may_grant_when_called(kind: Kind, name: &str, properties: &Properties) -> bool {
    let value = |property| properties.get(property).map(String::as_str);
    let is_routine = [Kind::Function, Kind::Procedure].contains(&kind);
    kind == Kind::Extension && name != "plpgsql"
        || is_routine
            && (!matches!(value("language"), Some("sql" | "plpgsql"))
                || may_grant(value("body").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::may_grant;

    #[test]
    fn a_script_that_may_grant_is_recognised() {
        for sql in [
            "GRANT SELECT (a) ON t TO r",
            "Revoke all on t from r",
            "DROP OWNED BY r",
            "DO $$BEGIN EXECUTE 'gr' || 'ant'; END$$",
        ] {
            assert!(may_grant(sql), "{sql}");
        }
        assert!(!may_grant("CREATE TABLE t (a int)"));
    }
}
