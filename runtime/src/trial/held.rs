//! Reads the locks of a script, and the number of catalog rows that it has changed.
//!
//! Postgres counts the rows that a session writes, for its statistics. It hands the counts on
//! between transactions only, so the difference between two counts in one message is exact. Rows
//! that were rolled back count too.

use std::fmt::Write;

use tokio_postgres::SimpleQueryRow;

/// A lock on a relation of this database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableLock {
    /// The relation's oid.
    pub relation: u32,
    /// The mode as `pg_locks` has it, such as `AccessExclusiveLock`.
    pub mode: String,
}

/// A lock on an object that is no relation, of this database or of the whole server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectLock {
    /// The oid of the object's catalog.
    pub catalog: u32,
    /// The object's oid.
    pub object: u32,
    /// The mode as `pg_locks` has it, such as `AccessExclusiveLock`.
    pub mode: String,
}

/// How often rows of a catalog were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CatalogWrites {
    /// The catalog's oid.
    pub catalog: u32,
    /// The number of rows that were inserted.
    pub inserted: u64,
    /// The number of rows that were updated.
    pub updated: u64,
    /// The number of rows that were deleted.
    pub deleted: u64,
}

/// The state of a session before a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateBefore {
    /// The id of the next transaction. Rows that the script writes have this `xmin` or a newer one.
    pub next_transaction: u32,
    /// What the session had written by then.
    pub writes: Vec<CatalogWrites>,
}

/// The oids of the catalogs whose rows are counted. These oids are the same in every version, and
/// a version without one of the catalogs counts nothing for it.
#[rustfmt::skip]
const COUNTED: [u32; 41] = [
    // pg_class, pg_attribute, pg_type, pg_proc, pg_namespace, pg_constraint
    1259, 1249, 1247, 1255, 2615, 2606,
    // pg_am, pg_amop, pg_amproc, pg_cast, pg_collation, pg_conversion, pg_default_acl
    2601, 2602, 2603, 2605, 3456, 2607, 826,
    // pg_event_trigger, pg_extension, pg_foreign_data_wrapper, pg_foreign_server
    3466, 3079, 2328, 1417,
    // pg_init_privs, pg_language, pg_opclass, pg_operator, pg_opfamily
    3394, 2612, 2616, 2617, 2753,
    // pg_publication, pg_publication_rel, pg_publication_namespace, pg_seclabel
    6104, 6106, 6237, 3596,
    // pg_statistic_ext, pg_transform, pg_ts_config, pg_ts_config_map, pg_ts_dict
    3381, 3576, 3602, 3603, 3600,
    // pg_ts_parser, pg_ts_template, pg_user_mapping
    3601, 3764, 1418,
    // pg_database, pg_db_role_setting, pg_shdescription, pg_shseclabel, pg_subscription
    1262, 2964, 2396, 3592, 6100,
    // pg_authid, pg_tablespace
    1260, 1213,
];

/// What a row of our own shows.
#[derive(Debug)]
pub(super) enum Held {
    Table(TableLock),
    Object(ObjectLock),
    /// The id of the next transaction before the script, and whether writes are counted at all.
    Next(u32, bool),
    Before(CatalogWrites),
    After(CatalogWrites),
}

/// The statements before a script, in a transaction of their own. Its columns' names distinguish
/// its rows from those of a script.
pub(super) fn before() -> String {
    let mut text = "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())\
        ::pg_catalog.xid AS \"migrator: next\", pg_catalog.current_setting('track_counts');"
        .to_owned();
    count(&mut text, "before");
    text
}

/// The queries before the commit.
pub(super) fn after() -> String {
    let mut text = HELD.to_owned();
    count(&mut text, "after");
    text
}

const HELD: &str = "SELECT l.relation AS \"migrator: held\", l.mode, l.classid, l.objid \
    FROM pg_catalog.pg_locks l \
    WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND l.granted \
      AND (l.locktype OPERATOR(pg_catalog.=) 'object' \
        OR l.locktype OPERATOR(pg_catalog.=) 'relation' \
          AND l.database OPERATOR(pg_catalog.<>) 0);";

/// Adds the query for the counts.
fn count(text: &mut String, name: &str) {
    let oids: Vec<String> = COUNTED.iter().map(u32::to_string).collect();
    // Writing to a string succeeds.
    let _ = write!(
        text,
        "SELECT w.c AS \"migrator: {name}\", w.i, w.u, w.d FROM (SELECT c, \
         pg_catalog.pg_stat_get_xact_tuples_inserted(c) AS i, \
         pg_catalog.pg_stat_get_xact_tuples_updated(c) AS u, \
         pg_catalog.pg_stat_get_xact_tuples_deleted(c) AS d \
         FROM pg_catalog.unnest('{{{}}}'::pg_catalog.oid[]) c OFFSET 0) w \
         WHERE w.i OPERATOR(pg_catalog.+) w.u OPERATOR(pg_catalog.+) w.d \
         OPERATOR(pg_catalog.>) 0;",
        oids.join(",")
    );
}

/// What a row shows, if it is one of ours.
pub(super) fn read(row: &SimpleQueryRow) -> Option<Held> {
    let name = row.columns().first()?.name().strip_prefix("migrator: ")?;
    let number = |column| row.get(column).and_then(|number: &str| number.parse().ok());
    match name {
        "held" => {
            let mode = row.get(1)?.to_owned();
            Some(match number(0) {
                Some(relation) => Held::Table(TableLock { relation, mode }),
                None => Held::Object(ObjectLock {
                    catalog: number(2)?,
                    object: number(3)?,
                    mode,
                }),
            })
        }
        "next" => Some(Held::Next(number(0)?, row.get(1)? == "on")),
        "before" => Some(Held::Before(writes(row)?)),
        "after" => Some(Held::After(writes(row)?)),
        _ => None,
    }
}

fn writes(row: &SimpleQueryRow) -> Option<CatalogWrites> {
    let number = |column| row.get(column)?.parse().ok();
    Some(CatalogWrites {
        catalog: row.get(0)?.parse().ok()?,
        inserted: number(1)?,
        updated: number(2)?,
        deleted: number(3)?,
    })
}
