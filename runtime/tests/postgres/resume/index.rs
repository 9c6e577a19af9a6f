//! An interrupted build of an index.

use migrator_runtime::{Direction, Left, Migrator};

use super::{BUILD, VALID, half_way, table, taken_up, terminated, writer};
use crate::support::{Database, core, done};

#[tokio::test]
async fn an_index_left_invalid_is_dropped_and_built_again() {
    let database = table().await;
    let registry = core(&[BUILD]);
    let writer = writer(&database).await;
    let running = half_way(&database, Migrator::new(registry), Direction::Up).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    assert_eq!(database.value(VALID).await, "false");
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
    writer.batch_execute("COMMIT").await.expect("it commits");

    assert_eq!(
        taken_up(&database, registry).await,
        ["the index `i` was left invalid: it is dropped and built again"]
    );
    assert_eq!(database.value(VALID).await, "true");
    assert_eq!(database.events().await, ["resume core/1", "apply core/1"]);
    assert_eq!(
        database
            .value("SELECT message FROM migrator.event WHERE kind = 'resume'")
            .await,
        "the index `i` was left invalid: it is dropped and built again"
    );
    assert!(
        database
            .up(registry)
            .await
            .expect("nothing")
            .done
            .is_empty()
    );
}

#[tokio::test]
async fn a_statement_that_had_not_begun_is_sent() {
    let database = table().await;
    let registry = core(&[BUILD]);
    let lock = database.session().await;
    lock.batch_execute("BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
        .await
        .expect("nobody else is there");
    let running = half_way(&database, Migrator::new(registry), Direction::Up).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    lock.batch_execute("COMMIT").await.expect("it ends");
    assert_eq!(database.value(VALID).await, "NULL");
    assert!(taken_up(&database, registry).await.is_empty());
    assert_eq!(database.value(VALID).await, "true");
}

#[tokio::test]
async fn a_unique_index_fails_with_the_same_error_until_its_rows_are_unique() {
    let database = table().await;
    database.run("INSERT INTO a VALUES (7), (7)").await;
    let script = BUILD.replace("INDEX", "UNIQUE INDEX");
    let registry = core(&[&script]);
    let mut messages = Vec::new();
    for _ in 0..3 {
        let fault = database.fault(registry).await;
        assert_eq!(fault.left, Left::Resumable);
        assert_eq!(fault.sqlstate.as_deref(), Some("23505"));
        messages.push((
            fault.message,
            fault.detail,
            fault.position.map(|at| at.line),
        ));
        assert_eq!(database.value(VALID).await, "false");
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
    database.run("DELETE FROM a").await;
    taken_up(&database, registry).await;
    assert_eq!(database.value(VALID).await, "true");
}

#[tokio::test]
async fn a_different_index_of_the_same_name_is_not_touched() {
    let database = table().await;
    let registry = core(&[BUILD]);
    database.run("CREATE INDEX i ON a (other)").await;
    assert_eq!(
        database.fault(registry).await.sqlstate.as_deref(),
        Some("42P07")
    );
    for _ in 0..2 {
        let error = database.up(registry).await.expect_err("it is another");
        assert_eq!(error.code().to_string(), "M0514");
        assert!(
            error.to_string().ends_with(
                "there is an index `i` already, with another definition than the script's"
            ),
            "{error}"
        );
        assert_eq!(database.recorded().await, ["core/1 dirty up"]);
    }
    assert_eq!(
        database
            .value("SELECT pg_get_indexdef('i'::regclass)")
            .await,
        "CREATE INDEX i ON public.a USING btree (other)"
    );
    database.run("DROP INDEX i; CREATE TABLE i ()").await;
    let error = database.up(registry).await.expect_err("it is a table");
    assert_eq!(error.code().to_string(), "M0514");
    database.run("DROP TABLE i").await;
    taken_up(&database, registry).await;
}

/// Whether a run accepts an existing index as the script's.
async fn is_taken(there: &str, script: &str) -> bool {
    let database = Database::new().await;
    database
        .run(
            "CREATE SCHEMA shop; \
             CREATE TABLE shop.\"Or ders\" (id int, name text, tags text[], \"a b\" text COLLATE \"C\"); \
             ALTER TABLE shop.\"Or ders\" DROP COLUMN tags; ALTER TABLE shop.\"Or ders\" ADD tags text[]; \
             CREATE FUNCTION shop.f(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1'",
        )
        .await;
    database
        .run(&format!("SET search_path = shop; {there}"))
        .await;
    let script = format!("-- migrator: no-transaction\nSET search_path = shop;\n{script}");
    let registry = core(&[&script]);
    database
        .up(registry)
        .await
        .expect_err("it is there already");
    match database.up(registry).await {
        Ok(report) => done(&report) == ["core/1"],
        Err(error) => {
            assert_eq!(error.code().to_string(), "M0514", "{error}");
            false
        }
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is a table of inputs")]
async fn an_index_is_compared_by_its_properties_and_not_by_its_text() {
    for (there, script) in [
        (
            "CREATE INDEX i ON \"Or ders\" (id)",
            "CREATE INDEX CONCURRENTLY i ON shop.\"Or ders\" USING btree (id ASC NULLS LAST)",
        ),
        (
            "CREATE UNIQUE INDEX i ON \"Or ders\" (lower(name), id DESC) INCLUDE (\"a b\") \
             WITH (fillfactor = 70) WHERE id > 0 AND name <> ''",
            "CREATE UNIQUE INDEX CONCURRENTLY I ON \"Or ders\" ((LOWER(\"Or ders\".name)), id desc) \
             INCLUDE (\"a b\") WITH (fillfactor=70) WHERE (id>0) /* . */ AND name != '';",
        ),
        (
            "CREATE INDEX i ON \"Or ders\" (f(name) text_pattern_ops)",
            "CREATE INDEX CONCURRENTLY i ON ONLY \"Or ders\" (shop.f(name) text_pattern_ops)",
        ),
        (
            "CREATE INDEX i ON \"Or ders\" USING gin (tags)",
            "CREATE INDEX i ON \"Or ders\" USING gin (tags)",
        ),
    ] {
        assert!(is_taken(there, script).await, "{script}");
    }
    for (there, script) in [
        ("(id)", "UNIQUE INDEX CONCURRENTLY i ON \"Or ders\" (id)"),
        ("(id)", "INDEX CONCURRENTLY i ON \"Or ders\" (id DESC)"),
        ("(id)", "INDEX CONCURRENTLY i ON \"Or ders\" (id, name)"),
        (
            "(id)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (id) INCLUDE (name)",
        ),
        (
            "(id, name)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (id) INCLUDE (name)",
        ),
        (
            "(id)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (id) WHERE id > 0",
        ),
        (
            "(id) WHERE id > 1",
            "INDEX CONCURRENTLY i ON \"Or ders\" (id) WHERE id > 0",
        ),
        (
            "(id)",
            "INDEX CONCURRENTLY i ON \"Or ders\" USING hash (id)",
        ),
        (
            "(name)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (name COLLATE \"C\")",
        ),
        (
            "(name)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (name text_pattern_ops)",
        ),
        ("(name)", "INDEX CONCURRENTLY i ON \"Or ders\" (f(name))"),
        (
            "(id)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (id) WITH (fillfactor = 50)",
        ),
    ] {
        let there = format!("CREATE INDEX i ON \"Or ders\" {there}");
        assert!(
            !is_taken(&there, &format!("CREATE {script}")).await,
            "{script}"
        );
    }
}

#[tokio::test]
async fn invalid_indexes_of_a_reindex_are_dropped() {
    let database = table().await;
    database.run("CREATE INDEX i ON a (id)").await;
    let registry = core(&["-- migrator: no-transaction\nREINDEX INDEX CONCURRENTLY i;"]);
    let writer = writer(&database).await;
    let running = half_way(&database, Migrator::new(registry), Direction::Up).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    writer.batch_execute("COMMIT").await.expect("it commits");
    let indexes = "SELECT relname, indisvalid FROM pg_index JOIN pg_class c ON c.oid = indexrelid \
                   WHERE indrelid = 'a'::regclass ORDER BY 1";
    assert_eq!(database.rows(indexes).await, ["i|t", "i_ccnew|f"]);
    // A foreign index with a similar name is left alone.
    database.run("CREATE INDEX i_ccnew1 ON a (id)").await;
    assert_eq!(
        taken_up(&database, registry).await,
        ["REINDEX has left `i_ccnew`: dropped, and done again"]
    );
    assert_eq!(database.rows(indexes).await, ["i|t", "i_ccnew1|t"]);
}
