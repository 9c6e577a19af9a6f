//! A history of format 1: every command reads it, and the first change upgrades it.

mod concurrent;
mod refused;
mod upgrade;

use migrator_runtime::Registry;

use crate::support::{Database, core, registry};

const FIRST: &str = "CREATE TABLE a (id int);";

/// Turns tables of today into tables of format 1, as the first builds created them.
const DOWNGRADE: &str = "ALTER TABLE migrator.history DROP COLUMN origin, \
       DROP CONSTRAINT history_pkey; \
     ALTER TABLE migrator.format DROP COLUMN needs; \
     UPDATE migrator.format SET format = 1;";

const FORMATS: &str = "SELECT format FROM migrator.format";

/// `core/1` is applied, in a history of format 1.
async fn format_1() -> Database {
    let database = Database::new().await;
    database.up(core(&[FIRST])).await.expect("it runs");
    database.run(DOWNGRADE).await;
    database
}

/// `core/1`, and one migration of another service.
fn with(service: &str, up: &str) -> &'static Registry {
    registry(&[
        ("core", 1, FIRST, "SELECT 1;"),
        (service, 2, up, "SELECT 1;"),
    ])
}

/// Everything that `pg_dump` would print about the history's schema, in a fixed order.
async fn definition(database: &Database) -> Vec<String> {
    let tables = "FROM pg_class c WHERE c.relnamespace = 'migrator'::regnamespace \
                  AND c.relkind = 'r'";
    let mut definition = Vec::new();
    for query in [
        format!(
            "SELECT c.relname, c.relowner::regrole, c.relacl, obj_description(c.oid, 'pg_class'), \
               (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = c.oid) {tables}"
        ),
        format!(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
               a.attidentity, a.attislocal, a.attinhcount, a.attacl, \
               pg_get_expr(d.adbin, d.adrelid) \
             FROM pg_attribute a JOIN (SELECT c.oid, c.relname {tables}) c ON c.oid = a.attrelid \
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attnum > 0 AND NOT a.attisdropped"
        ),
        format!(
            "SELECT k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid), k.conislocal, \
               k.coninhcount FROM pg_constraint k WHERE k.conrelid IN (SELECT c.oid {tables})"
        ),
        format!(
            "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i \
             WHERE i.indrelid IN (SELECT c.oid {tables})"
        ),
        "SELECT * FROM migrator.format".to_owned(),
    ] {
        let query = format!("SELECT t::text FROM ({query}) t ORDER BY 1");
        definition.extend(database.rows(&query).await);
    }
    definition
}
