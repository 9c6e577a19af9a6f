//! The keys of migrator's advisory locks, and how `pg_locks` shows which session holds one.

use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

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
