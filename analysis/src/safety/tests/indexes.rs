//! Indexes of tables in use.

use super::{codes, each, found};

#[test]
fn an_index_on_a_table_in_use_is_built_concurrently() {
    each(
        &["M0216"],
        &[
            "CREATE INDEX i ON t (a)",
            "CREATE UNIQUE INDEX IF NOT EXISTS i ON nobodys USING btree (a)",
        ],
    );
    each(
        &[],
        &[
            "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a)",
            "CREATE INDEX i ON parts (id)",
            "CREATE INDEX i ON ONLY nobodys (id)",
            "CREATE INDEX i ON m (x)",
            "CREATE TABLE w (a int); CREATE INDEX i ON w (a)",
            "CREATE SCHEMA s CREATE TABLE w (a int); CREATE INDEX i ON s.w (a)",
        ],
    );
}

#[test]
fn an_index_of_a_partitioned_table_is_not_built_concurrently() {
    let outside = |script: &str| format!("-- migrator: no-transaction\n{script}");
    let each = |expected: &[&str], scripts: &[&str]| {
        let scripts: Vec<String> = scripts.iter().map(|script| outside(script)).collect();
        for script in scripts {
            assert_eq!(codes(&[&script]), expected, "{script}");
        }
    };
    each(
        &["M0243"],
        &[
            "CREATE INDEX CONCURRENTLY i ON parts (id)",
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON public.parts (id)",
            "CREATE INDEX CONCURRENTLY ON ONLY parts (id)",
            "CREATE TABLE w (a int) PARTITION BY LIST (a); CREATE INDEX CONCURRENTLY i ON w (a)",
            "DROP INDEX CONCURRENTLY parts_id",
            "DROP INDEX CONCURRENTLY IF EXISTS parts_id",
        ],
    );
    each(
        &[],
        &[
            "CREATE INDEX CONCURRENTLY i ON part (id)",
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "DROP INDEX CONCURRENTLY t_a",
            "DROP INDEX parts_id; DROP INDEX CONCURRENTLY parts_id",
            "REINDEX TABLE CONCURRENTLY parts",
        ],
    );
    let down = outside("DROP INDEX CONCURRENTLY i");
    let script = "CREATE INDEX i ON parts (id)";
    assert_eq!(found(&[(script, &down)]), ["M0243"]);
    let up = outside("CREATE INDEX CONCURRENTLY i ON parts (id)");
    assert_eq!(found(&[(&up, &down)]), ["M0243"]);
}
