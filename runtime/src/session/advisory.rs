//! The keys of migrator's advisory locks, and how `pg_locks` shows which session holds one.

use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

/// The session that holds the locks of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LockHolder {
    /// A session of its own, which does nothing else.
    #[default]
    OwnSession,
    /// The session that also runs the scripts.
    ScriptSession,
}

/// The lock by which each statement of a run checks that the run still holds its locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LockProof {
    /// A random key, which no other run takes.
    pub(crate) nonce: i64,
    pub(crate) holder: LockHolder,
}

impl LockProof {
    /// An expression that is null unless the run holds this lock.
    ///
    /// A session can always take a lock again that it holds itself. So `pg_locks` shows whether it
    /// does.
    pub(crate) fn unless_lost(self, value: &str) -> String {
        let LockProof { nonce, holder } = self;
        match holder {
            LockHolder::OwnSession => format!(
                "CASE WHEN pg_catalog.pg_try_advisory_xact_lock_shared({nonce}) THEN NULL \
                 ELSE {value} END"
            ),
            LockHolder::ScriptSession => {
                let is_held = is_held_here_sql([nonce].into_iter());
                format!("CASE WHEN {is_held} THEN {value} END")
            }
        }
    }
}

/// The key of the lock under which a run creates the tables of the history.
pub(crate) fn table_key(schema: &str) -> i64 {
    key(schema, "")
}

/// The key of the lock of a service.
pub(crate) fn key(schema: &str, service: &str) -> i64 {
    let mut hasher = SipHasher13::new();
    ("migrator", schema, service).hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// The key of a row of `pg_locks`, which stores it as two halves (Postgres's manual, `pg_locks`).
pub(crate) const KEY: &str = "((l.classid::pg_catalog.int8 OPERATOR(pg_catalog.<<) 32) \
                    OPERATOR(pg_catalog.|) l.objid::pg_catalog.int8)";

/// The oid of this database.
pub(crate) const DATABASE: &str = "(SELECT oid FROM pg_catalog.pg_database \
                        WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())";

/// A condition: a row of `pg_locks` is a lock on one of these keys, granted, in this database.
pub(crate) fn is_held_sql(keys: impl Iterator<Item = i64>) -> String {
    let keys: Vec<String> = keys.map(|key| key.to_string()).collect();
    format!(
        "l.locktype OPERATOR(pg_catalog.=) 'advisory' AND l.granted \
         AND l.objsubid OPERATOR(pg_catalog.=) 1 \
         AND l.database OPERATOR(pg_catalog.=) {DATABASE} \
         AND {KEY} OPERATOR(pg_catalog.=) ANY (ARRAY[{}]::pg_catalog.int8[])",
        keys.join(", ")
    )
}

/// A query for whether this session itself holds a lock on one of these keys.
pub(crate) fn is_held_here_sql(keys: impl Iterator<Item = i64>) -> String {
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE {} \
         AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid())",
        is_held_sql(keys)
    )
}

#[cfg(test)]
mod tests {
    use super::{key, table_key};

    #[test]
    fn each_schema_and_service_has_its_own_key() {
        let key_of = |schema| key(schema, "core");
        assert_ne!(key_of("migrator"), key_of("other"));
        assert_ne!(key_of("migrator"), table_key("migrator"));
        assert_ne!(key_of("migrator"), key("migrator", "tenant"));
    }
}
