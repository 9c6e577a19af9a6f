//! Scripts that would end their transaction, or exchange data with the client.

use migrator_runtime::Left;

use super::support::{Database, core};

async fn assert_refused(script: &str, place: &str) {
    let database = Database::new().await;
    let fault = database.fault(core(&[script])).await;
    assert_eq!(fault.left, Left::Nothing, "{script}");
    assert!(fault.hint.is_some(), "{script}");
    assert_eq!(
        fault.position.map(|at| at.to_string()).as_deref(),
        Some(place),
        "{script}"
    );
    assert_eq!(
        database.value("SELECT to_regclass('a') IS NULL").await,
        "t",
        "{script}"
    );
    assert!(database.recorded().await.is_empty(), "{script}");
    assert_eq!(database.events().await, ["failure core/1"], "{script}");
}

#[tokio::test]
async fn a_script_that_ends_its_transaction_is_refused_before_it_starts() {
    for script in [
        "CREATE TABLE a ();\nCOMMIT;",
        "CREATE TABLE a ();\nROLLBACK;",
        "CREATE TABLE a ();\n/* now */ROLLBACK; CREATE TABLE b ();",
        "CREATE TABLE a ();\nCOMMIT AND CHAIN;",
        "BEGIN; CREATE TABLE a ();\nEND;",
        "CREATE TABLE a ();\nABORT",
        "CREATE TABLE a ();\nPREPARE TRANSACTION 'x';",
    ] {
        let column = if script.contains("/*") { "2:10" } else { "2:1" };
        assert_refused(script, column).await;
    }
}

#[tokio::test]
async fn a_script_that_copies_from_or_to_the_client_is_refused_in_both_modes() {
    for copy in [
        "COPY a FROM STDIN;",
        "COPY (SELECT 1) TO STDOUT;",
        "COPY a FROM stdin;\n1\n\\.\n",
    ] {
        assert_refused(&format!("CREATE TABLE a (id int);\n{copy}"), "2:1").await;
        let outside = format!("-- migrator: no-transaction\nCREATE TABLE a (id int); {copy}");
        assert_refused(&outside, "2:26").await;
    }
}

#[tokio::test]
async fn a_procedure_or_block_that_commits_is_refused_by_the_server() {
    let database = Database::new().await;
    let script = "CREATE TABLE a (); DO $$ BEGIN COMMIT; END $$;";
    let fault = database.fault(core(&[script])).await;
    assert_eq!(fault.message, "invalid transaction termination");
    assert_eq!(database.value("SELECT to_regclass('a') IS NULL").await, "t");
    assert!(database.recorded().await.is_empty());
}

#[tokio::test]
async fn a_script_may_use_savepoints_and_a_redundant_begin() {
    let database = Database::new().await;
    let script = "BEGIN; CREATE TABLE a (); SAVEPOINT s; DROP TABLE a; ROLLBACK TO SAVEPOINT s; \
                  RELEASE s; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;";
    let script = script.replace("SET TRANSACTION ISOLATION LEVEL READ COMMITTED;", "");
    database.up(core(&[&script])).await.expect("it runs");
    assert_eq!(database.value("SELECT to_regclass('a')").await, "a");
    assert_eq!(database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn a_savepoint_that_stays_open_ends_with_the_script() {
    let database = Database::new().await;
    let script = "SAVEPOINT a; CREATE TABLE a (); SAVEPOINT b; CREATE TABLE b ();";
    database
        .up(core(&[script, "CREATE TABLE c ()"]))
        .await
        .expect("it runs");
    let tables = "SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b', 'c')";
    assert_eq!(database.value(tables).await, "3");
    assert_eq!(database.recorded().await, ["core/1", "core/2"]);
}

#[tokio::test]
async fn a_script_that_fails_after_a_savepoint_leaves_nothing() {
    let database = Database::new().await;
    for end in ["", "; ROLLBACK TO SAVEPOINT a", "; RELEASE a"] {
        let script = format!("CREATE TABLE a (); SAVEPOINT a; CREATE TABLE b (); SELECT 1/0{end}");
        let fault = database.fault(core(&[&script, "CREATE TABLE c ()"])).await;
        assert_eq!(fault.sqlstate.as_deref(), Some("22012"), "{end}");
        let tables = "SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b', 'c')";
        assert_eq!(database.value(tables).await, "0", "{end}");
        assert!(database.recorded().await.is_empty(), "{end}");
    }
}

#[tokio::test]
async fn a_script_may_choose_its_isolation_level() {
    let database = Database::new().await;
    let script = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; CREATE TABLE a AS \
                  SELECT current_setting('transaction_isolation') AS level;";
    database.up(core(&[script])).await.expect("it runs");
    assert_eq!(database.value("SELECT level FROM a").await, "serializable");
}

#[tokio::test]
async fn a_script_that_makes_itself_read_only_is_not_recorded() {
    let database = Database::new().await;
    let script = "SET TRANSACTION READ ONLY; SELECT 1;";
    let fault = database.fault(core(&[script])).await;
    assert_eq!(fault.sqlstate.as_deref(), Some("25006"));
    assert!(database.recorded().await.is_empty());
    assert_eq!(database.events().await, ["failure core/1"]);
}

#[tokio::test]
async fn outside_a_transaction_a_script_may_have_transactions_of_its_own() {
    let database = Database::new().await;
    let script = "-- migrator: no-transaction\nBEGIN; CREATE TABLE a (); COMMIT;\n\
                  BEGIN; CREATE TABLE b (); ROLLBACK; BEGIN; CREATE TABLE c ();";
    database.up(core(&[script])).await.expect("it runs");
    let tables = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class \
                  WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(database.value(tables).await, "a c");
    assert_eq!(database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn a_failure_in_a_scripts_own_transaction_is_recorded_as_well() {
    let database = Database::new().await;
    let script = "-- migrator: no-transaction\nBEGIN; CREATE TABLE a (); SELECT 1/0; COMMIT;";
    let fault = database.fault(core(&[script])).await;
    assert_eq!(fault.left, Left::Dirty);
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
    assert_eq!(database.events().await, ["failure core/1"]);
    assert_eq!(database.value("SELECT to_regclass('a') IS NULL").await, "t");
}
