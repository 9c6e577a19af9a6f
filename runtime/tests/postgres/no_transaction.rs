//! Scripts that run statement by statement, outside a transaction.

use migrator_runtime::plan::Remedy;
use migrator_runtime::{Direction, Left, Migrator, Outcome, Selection, State, Status};

use super::support::{Database, core, done, fault, registry};

const BREAKS: &str = "-- migrator: no-transaction\n\
                      CREATE TABLE a (id int);\n\
                      INSERT INTO a VALUES (1);\n\
                      SELECT nothing;\n\
                      CREATE TABLE b (id int);";

#[tokio::test]
async fn statements_that_no_transaction_allows_can_run() {
    let database = Database::new().await;
    let registry = registry(&[
        (
            "core",
            1,
            "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE a (id int, m mood);",
            "DROP TABLE a; DROP TYPE mood;",
        ),
        (
            "core",
            2,
            "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON a (id);\n\
             ALTER TYPE mood ADD VALUE 'ok';\nINSERT INTO a VALUES (1, 'ok'); VACUUM a;",
            "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY i;",
        ),
    ]);
    let report = database.up(registry).await.expect("it runs");
    assert_eq!(done(&report), ["core/1", "core/2"]);
    assert_eq!(database.value("SELECT m FROM a").await, "ok");
    assert_eq!(database.recorded().await, ["core/1", "core/2"]);
    assert_eq!(database.events().await, ["apply core/1", "apply core/2"]);
    database.down(registry).await.expect("it runs");
    assert!(database.recorded().await.is_empty());
}

#[tokio::test]
async fn an_interrupted_migration_is_dirty_and_stops_further_runs() {
    let database = Database::new().await;
    let registry = core(&[BREAKS, "SELECT 1;"]);
    let fault = fault(database.up(registry).await);
    assert_eq!(fault.left, Left::Dirty);
    assert_eq!(
        fault.position.map(|at| at.to_string()).as_deref(),
        Some("4:8")
    );
    assert_eq!(fault.line.as_deref(), Some("SELECT nothing;"));
    assert_eq!(
        database.value("SELECT id FROM a").await,
        "1",
        "what ran stays"
    );
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
    for outcome in [database.up(registry).await, database.down(registry).await] {
        let error = outcome.expect_err("it is refused");
        assert_eq!(error.code().to_string(), "M0404");
        let remedy = &error.conflicts()[0].remedy;
        assert!(matches!(remedy, Remedy::RepairDirty { .. }), "{remedy:?}");
    }
    let client = database.client().await;
    let migrator = Migrator::new(registry);
    let status: Status = migrator
        .status(&client, &Selection::All)
        .await
        .expect("a status");
    assert_eq!(
        status.services[0].migrations[0].state,
        State::Dirty(Direction::Up)
    );
}

#[tokio::test]
async fn repair_records_a_migration_as_applied() {
    let database = Database::new().await;
    let registry = core(&[BREAKS, "SELECT 1;"]);
    fault(database.up(registry).await);
    database
        .repair(registry, 1, Outcome::Applied)
        .await
        .expect("it is dirty");
    assert_eq!(database.recorded().await, ["core/1"]);
    assert_eq!(
        done(&database.up(registry).await.expect("it runs")),
        ["core/2"]
    );
    assert_eq!(
        database.events().await,
        ["failure core/1", "repair core/1", "apply core/2"]
    );
}

#[tokio::test]
async fn repair_records_a_migration_as_reverted() {
    let database = Database::new().await;
    fault(database.up(core(&[BREAKS])).await);
    let mended = core(&["-- migrator: no-transaction\nCREATE TABLE c (id int);"]);
    database
        .repair(mended, 1, Outcome::Reverted)
        .await
        .expect("it is dirty");
    assert!(database.recorded().await.is_empty());
    assert_eq!(
        done(&database.up(mended).await.expect("it runs")),
        ["core/1"]
    );
}

#[tokio::test]
async fn only_a_dirty_migration_can_be_repaired() {
    let database = Database::new().await;
    let registry = core(&["SELECT 1;"]);
    for _ in 0..2 {
        let error = database
            .repair(registry, 1, Outcome::Applied)
            .await
            .expect_err("it is not");
        assert_eq!(error.code().to_string(), "M0404");
        assert_eq!(
            error.to_string(),
            "core/20240101000001: it is not dirty, so there is nothing to repair"
        );
        database.up(registry).await.expect("it runs");
    }
}

#[tokio::test]
async fn an_interrupted_down_is_dirty_too() {
    let database = Database::new().await;
    let down = "-- migrator: no-transaction\nSELECT 1; SELECT nothing;";
    let registry = registry(&[("core", 1, "SELECT 1;", down)]);
    database.up(registry).await.expect("it runs");
    assert_eq!(fault(database.down(registry).await).left, Left::Dirty);
    assert_eq!(database.recorded().await, ["core/1 dirty down"]);
    assert_eq!(
        database
            .up(registry)
            .await
            .expect_err("dirty")
            .code()
            .to_string(),
        "M0404"
    );
    database
        .repair(registry, 1, Outcome::Reverted)
        .await
        .expect("it is dirty");
    assert_eq!(
        done(&database.up(registry).await.expect("it runs")),
        ["core/1"]
    );
}

#[tokio::test]
async fn timeouts_apply_outside_a_transaction_and_end_with_the_script() {
    let database = Database::new().await;
    let scripts = [
        "-- migrator: no-transaction\n-- migrator: statement-timeout 7s\n\
         -- migrator: lock-timeout 3s\nCREATE TABLE seen AS SELECT \
         current_setting('statement_timeout') || current_setting('lock_timeout') AS value;",
        "-- migrator: statement-timeout 8s\nINSERT INTO seen SELECT \
         current_setting('statement_timeout') || current_setting('lock_timeout') AS value;",
        "-- migrator: no-transaction\nINSERT INTO seen SELECT \
         current_setting('statement_timeout') || current_setting('lock_timeout') AS value;",
    ];
    database.up(core(&scripts)).await.expect("it runs");
    assert_eq!(
        database.rows("SELECT value FROM seen").await,
        ["7s3s", "8s5s", "00"]
    );
}
