//! The names of databases and the keys of advisory locks, and which lock belongs to which name.
//!
//! No other file depends on the form of the names.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use siphasher::sip::SipHasher13;

/// The shared lock of every session of a test process. The key is eight ASCII letters.
pub(super) const PRESENT: i64 = i64::from_be_bytes(*b"mig-test");

/// The lock of a role's janitor. Each role has its own, because a role may be unable to drop the
/// databases of another role.
pub(super) fn janitor(role: &str) -> i64 {
    key(("janitor", role))
}

/// The lock of a session that drops, as this role, the databases that other processes left.
pub(super) fn sweep(role: &str) -> i64 {
    key(("sweep", role))
}

/// A key that is the same in every process, whatever compiler built it.
fn key(of: (&str, &str)) -> i64 {
    let mut hasher = SipHasher13::new();
    ("migrator-testing", of).hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// A database that exists only while a session holds its lock: a test's database, or a template
/// that is being created. Its name ends in the hexadecimal digits of the lock's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) key: i64,
}

impl Name {
    /// A test's database.
    pub(super) fn test() -> Self {
        Self::new("test")
    }

    /// A template that is being created.
    pub(super) fn making() -> Self {
        Self::new("making")
    }

    fn new(kind: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // Random keys of the hasher; process ids repeat among containers.
        let random = RandomState::new().hash_one((process, number, SystemTime::now()));
        Self {
            text: format!("migrator_{kind}_{process}_{number}_{random:016x}"),
            key: random.cast_signed(),
        }
    }
}

/// The template with this fingerprint, and the lock under which it is created.
pub(super) fn template(fingerprint: u64) -> Name {
    Name {
        text: format!("migrator_template_{fingerprint:016x}"),
        key: fingerprint.cast_signed(),
    }
}

/// The databases that this role may drop and whose session has ended.
///
/// A process takes the lock before it creates the database. So if the statement's snapshot shows
/// the database, the lock was taken before. If `pg_locks` then lacks the lock, the session has
/// ended.
pub(super) fn orphans() -> String {
    format!(
        "SELECT datname FROM pg_database WHERE {OURS} \
         AND datname ~ '^migrator_(test|making)_[0-9]+_[0-9]+_[0-9a-f]{{16}}$' \
         AND NOT EXISTS (SELECT FROM pg_locks WHERE {ADVISORY} \
         = ('x' || right(datname, 16))::bit(64)::int8)"
    )
}

/// The templates that this role may drop.
pub(super) fn templates() -> String {
    format!(
        "SELECT datname FROM pg_database WHERE {OURS} \
         AND datname ~ '^migrator_template_[0-9a-f]{{16}}$'"
    )
}

/// Whether a session holds a lock, in any database of the server: roles may be connected to
/// different databases.
pub(super) fn is_held(key: i64) -> String {
    format!("EXISTS (SELECT FROM pg_locks WHERE granted AND {ADVISORY} = {key})")
}

/// Only its owner may drop a database.
const OURS: &str = "pg_has_role(datdba, 'USAGE')";

/// `pg_locks` shows the 64-bit key of an advisory lock in two columns, and 1 in a third
/// (Postgres's manual, `pg_locks`).
const ADVISORY: &str = "locktype = 'advisory' AND objsubid = 1 \
     AND (classid::int8 << 32 | objid::int8)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_short_enough_and_end_in_their_key() {
        let (a, b) = (Name::test(), Name::making());
        assert_ne!(a.key, b.key);
        for Name { text, key } in [a, b, template(u64::MAX)] {
            assert!(text.len() < 64, "{text}");
            assert!(text.ends_with(&format!("_{key:016x}")), "{text}");
        }
    }
}
