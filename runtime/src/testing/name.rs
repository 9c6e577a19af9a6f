//! The names of databases, the keys of advisory locks, and who is recognised by which.
//!
//! The only file that knows what the names look like.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use siphasher::sip::SipHasher13;

/// Shared by every session of a test process; eight letters of ASCII each.
pub(super) const PRESENT: i64 = i64::from_be_bytes(*b"mig-test");

/// Held by a role's janitor: what one role left, another's may not be allowed to drop.
pub(super) fn janitor(role: &str) -> i64 {
    key(("janitor", role))
}

/// Held by whoever drops, as this role, what others left.
pub(super) fn sweep(role: &str) -> i64 {
    key(("sweep", role))
}

/// The same in every process, whatever compiled it.
fn key(of: (&str, &str)) -> i64 {
    let mut hasher = SipHasher13::new();
    ("migrator-testing", of).hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// A database that lives no longer than the session that holds its lock: a test's, or a
/// template in the making. Its name ends in the hexadecimal digits of the lock's key.
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

    /// A template in the making.
    pub(super) fn making() -> Self {
        Self::new("making")
    }

    fn new(kind: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // The hasher's own keys are random; process ids repeat among containers.
        let random = RandomState::new().hash_one((process, number, SystemTime::now()));
        Self {
            text: format!("migrator_{kind}_{process}_{number}_{random:016x}"),
            key: random.cast_signed(),
        }
    }
}

/// The template with this fingerprint, and the lock under which it is made.
pub(super) fn template(fingerprint: u64) -> Name {
    Name {
        text: format!("migrator_template_{fingerprint:016x}"),
        key: fingerprint.cast_signed(),
    }
}

/// Databases that we may drop and whose session is gone.
///
/// A lock is taken before its database is made. So one that the statement's snapshot shows was
/// locked by then, and if the lock is gone when `pg_locks` is read, its session is.
pub(super) fn orphans() -> String {
    format!(
        "SELECT datname FROM pg_database WHERE {OURS} \
         AND datname ~ '^migrator_(test|making)_[0-9]+_[0-9]+_[0-9a-f]{{16}}$' \
         AND NOT EXISTS (SELECT FROM pg_locks WHERE {ADVISORY} \
         = ('x' || right(datname, 16))::bit(64)::int8)"
    )
}

/// Templates that we may drop.
pub(super) fn templates() -> String {
    format!(
        "SELECT datname FROM pg_database WHERE {OURS} \
         AND datname ~ '^migrator_template_[0-9a-f]{{16}}$'"
    )
}

/// Whether anybody holds a lock, in whatever database of the server: not everybody may connect
/// to the same one.
pub(super) fn is_held(key: i64) -> String {
    format!("EXISTS (SELECT FROM pg_locks WHERE granted AND {ADVISORY} = {key})")
}

/// To drop a database takes being its owner.
const OURS: &str = "pg_has_role(datdba, 'USAGE')";

/// The key of an advisory lock of one 64-bit number is in two columns, and the third is 1
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
