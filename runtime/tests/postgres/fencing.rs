//! Runs that sleep in a step outside a transaction, while their lock ends and other runs start:
//! what they do when they wake up.

use std::num::NonZeroUsize;

use migrator_runtime::model::Registry;
use migrator_runtime::{Direction, Error, ErrorKind, Left, Migrator, Options, Outcome};

use super::support::{AT_GATE, Database, Gate, Script, core, done, fault, registry, within};

const BUILD: &str = "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON a (id);";
const DROP: &str = "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY i;";

/// The number of valid indexes named `i`.
const VALID: &str = "SELECT count(*) FROM pg_index JOIN pg_class c ON c.oid = indexrelid \
                     WHERE c.relname = 'i' AND indisvalid";

/// The number of statements that wait for other transactions.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                       AND datname = current_database() AND query LIKE '%CONCURRENTLY%'";

fn index() -> &'static Registry {
    registry(&[("core", 1, BUILD, DROP)])
}

async fn table() -> Database {
    let database = Database::new().await;
    database.run("CREATE TABLE a (id int)").await;
    database
}

/// A run that sleeps while its statement creates the index. Its lock has ended, and the server
/// has finished its statement.
async fn asleep_over_index(database: &Database, direction: Direction) -> super::support::Asleep {
    let writer = database.session().await;
    let write = "BEGIN; INSERT INTO a VALUES (1)";
    writer.batch_execute(write).await.expect("a is there");
    let waits = database.until(WAITING, "1");
    let asleep = database.asleep(Migrator::new(index()), direction, waits);
    let asleep = asleep.await;
    database.end_locks().await;
    writer.batch_execute("COMMIT").await.expect("it ends");
    database.until(WAITING, "0").await;
    asleep
}

/// Asserts that the run failed because it had lost its lock.
fn is_lost(outcome: Result<migrator_runtime::Report, Error>, left: Left) {
    let error = outcome.expect_err("others went on meanwhile");
    assert_eq!(error.code().to_string(), "M0528", "{error:?}");
    assert!(done(&error.report).is_empty());
    assert!(error.help().contains("pg_terminate_backend"));
    assert_eq!(fault(Err(error)).left, left);
}

#[tokio::test]
async fn a_run_down_that_wakes_up_leaves_the_entry_of_others() {
    let database = table().await;
    database.up(index()).await.expect("it runs");
    let asleep = asleep_over_index(&database, Direction::Down).await;
    let down = database.down(index()).await.expect("it is resumed");
    assert_eq!(done(&down), ["core/1"]);
    database.up(index()).await.expect("it runs");
    is_lost(asleep.wake().await, Left::Resumable);
    assert_eq!(database.recorded().await, ["core/1"]);
    assert_eq!(database.value(VALID).await, "1");
}

#[tokio::test]
async fn a_run_up_that_wakes_up_records_nothing_that_others_have_reverted() {
    let database = table().await;
    let asleep = asleep_over_index(&database, Direction::Up).await;
    let up = database.up(index()).await.expect("it is resumed");
    assert_eq!(done(&up), ["core/1"]);
    database.down(index()).await.expect("it runs");
    is_lost(asleep.wake().await, Left::Resumable);
    assert_eq!(database.recorded().await, Vec::<String>::new());
    assert_eq!(database.value(VALID).await, "0");
}

#[tokio::test]
async fn a_migration_finished_by_another_run_or_a_repair_is_not_recorded_again() {
    for outcome in [None, Some(Outcome::Applied), Some(Outcome::Reverted)] {
        let database = table().await;
        let asleep = asleep_over_index(&database, Direction::Up).await;
        match outcome {
            None => drop(database.up(index()).await.expect("it is resumed")),
            Some(outcome) => {
                let repaired = database.repair(index(), 1, outcome).await;
                repaired.expect("it is dirty");
            }
        }
        let (recorded, events) = (database.recorded().await, database.events().await);
        is_lost(asleep.wake().await, Left::Resumable);
        assert_eq!(database.recorded().await, recorded, "{outcome:?}");
        let mut now = database.events().await;
        assert_eq!(now.pop().as_deref(), Some("failure core/1"));
        assert_eq!(now, events, "{outcome:?}");
    }
}

#[tokio::test]
async fn a_run_notices_that_another_run_replaced_its_mark() {
    let database = table().await;
    database.up(index()).await.expect("it runs");
    let first = asleep_over_index(&database, Direction::Down).await;
    database.down(index()).await.expect("it is resumed");
    database.up(index()).await.expect("it runs");
    // The entry is dirty as the first run left it, but another run has marked it.
    let second = asleep_over_index(&database, Direction::Down).await;
    assert_eq!(database.recorded().await, ["core/1 dirty down"]);
    is_lost(first.wake().await, Left::Resumable);
    is_lost(second.wake().await, Left::Resumable);
    assert_eq!(database.recorded().await, ["core/1 dirty down"]);
    let down = database.down(index()).await.expect("it is resumed");
    assert_eq!(done(&down), ["core/1"]);
}

/// Runs that sleep at the gate in the script of `core/1`; their locks have ended.
async fn asleep_at_gate(
    database: &Database,
    registry: &'static Registry,
) -> super::support::Asleep {
    let gate = Gate::closed(database).await;
    let reached = async { drop(gate.reached().await) };
    let asleep = database.asleep(Migrator::new(registry), Direction::Up, reached);
    let asleep = asleep.await;
    database.end_locks().await;
    gate.open().await;
    asleep
}

#[tokio::test]
async fn a_run_that_wakes_up_sends_no_further_statement() {
    let database = Database::new().await;
    let script = format!("-- migrator: no-transaction\n{AT_GATE}\nCREATE TABLE b ();");
    let registry = core(&[&script]);
    let asleep = asleep_at_gate(&database, registry).await;
    let repaired = database.repair(registry, 1, Outcome::Reverted).await;
    repaired.expect("it is dirty");
    is_lost(asleep.wake().await, Left::Dirty);
    assert_eq!(database.value("SELECT to_regclass('b')").await, "NULL");
    assert_eq!(database.recorded().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_run_that_holds_its_lock_notices_a_mark_replaced_by_hand() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let script = format!("-- migrator: no-transaction\n{AT_GATE}\nCREATE TABLE b ();");
    let registry = core(&[&script]);
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    let again = "UPDATE migrator.core_history SET dirty = 'up'";
    database.run(again).await;
    gate.open().await;
    let outcome = within("the run", run).await.expect("no panic");
    let fault = fault(outcome);
    assert_eq!(
        (fault.code.to_string().as_str(), fault.left),
        ("M0528", Left::Dirty)
    );
    assert!(
        fault.message.starts_with("another run has changed"),
        "{fault}"
    );
    assert_eq!(fault.position.map(|at| at.line), Some(3));
    assert_eq!(database.value("SELECT to_regclass('b')").await, "NULL");
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
}

#[tokio::test]
async fn a_transaction_of_the_script_itself_is_not_committed() {
    let database = table().await;
    let script = format!(
        "-- migrator: no-transaction\nBEGIN;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n\
         INSERT INTO a VALUES (1);\n{AT_GATE}\nINSERT INTO a VALUES (2);\nCOMMIT;"
    );
    let registry = core(&[&script]);
    let asleep = asleep_at_gate(&database, registry).await;
    is_lost(asleep.wake().await, Left::Dirty);
    assert_eq!(database.value("SELECT count(*) FROM a").await, "0");
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
    // While the run holds its lock, the transaction is committed.
    let whole = core(&[&script.replace(AT_GATE, "")]);
    let repaired = database.repair(whole, 1, Outcome::Reverted).await;
    repaired.expect("it is dirty");
    database.up(whole).await.expect("it runs");
    assert_eq!(database.value("SELECT count(*) FROM a").await, "2");
}

#[tokio::test]
async fn a_script_may_become_a_role_that_cannot_read_the_history() {
    let database = Database::new().await;
    let (_, role) = database.as_new_role().await;
    for becomes in ["SET ROLE", "SET SESSION AUTHORIZATION"] {
        let script = format!(
            "-- migrator: no-transaction\n{becomes} {role};\nSELECT 1;\n\
             CREATE TEMPORARY TABLE t AS SELECT current_user::text AS who;\n\
             SELECT 1 / (who = '{role}')::int FROM t;"
        );
        let registry = core(&[&script]);
        database.up(registry).await.expect(becomes);
        database.run("DROP SCHEMA migrator CASCADE").await;
    }
}

#[tokio::test]
async fn all_connections_of_a_run_are_fenced() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let script = format!("-- migrator: no-transaction\n{AT_GATE}\nCREATE TABLE ONE ();");
    let scripts: Vec<(&str, String)> = ["tenant", "auth"]
        .into_iter()
        .map(|service| (service, script.replace("ONE", service)))
        .collect();
    let scripts: Vec<Script<'_>> = (1..)
        .zip(&scripts)
        .map(|(number, (service, script))| (*service, number, script.as_str(), "SELECT 1;"))
        .collect();
    let registry = registry(&scripts);
    let options = Options::default().jobs(NonZeroUsize::new(2).expect("it is two"));
    let migrator = Migrator::with_options(registry, options);
    let asleep = database.asleep(migrator, Direction::Up, gate.reached_by(2));
    let asleep = asleep.await;
    database.end_locks().await;
    gate.open().await;
    let error = asleep.wake().await.expect_err("the lock is gone");
    let ErrorKind::Scripts(faults) = &*error.kind else {
        panic!("{error:?}")
    };
    let codes = faults.iter().map(|fault| fault.code.to_string());
    assert_eq!(codes.collect::<Vec<_>>(), ["M0528", "M0528"]);
    let made = "SELECT count(*) FROM pg_class WHERE relname IN ('tenant', 'auth')";
    assert_eq!(database.value(made).await, "0");
    let recorded = database.recorded().await;
    assert_eq!(recorded, ["auth/2 dirty up", "tenant/1 dirty up"]);
}

/// Starts an operation that writes an entry under a lock, and ends that lock while the entry
/// cannot be written. Returns the result of the operation.
async fn without_its_lock<T: Send + 'static>(
    database: &Database,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Error {
    // The history can be read but not written.
    let blocker = database.session().await;
    let lock = "BEGIN; LOCK TABLE migrator.core_history IN SHARE MODE";
    let locked = blocker.batch_execute(lock).await;
    locked.expect("nobody else has it");
    let work = tokio::spawn(work);
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted \
                 AND relation = 'migrator.core_history'::regclass";
    database.until(waits, "1").await;
    database.end_locks().await;
    blocker.batch_execute("COMMIT").await.expect("it ends");
    let outcome = within("the write", work).await.expect("no panic");
    outcome.err().expect("its lock is gone")
}

#[tokio::test]
async fn a_repair_without_its_lock_writes_nothing() {
    let database = Database::new().await;
    let registry = core(&["-- migrator: no-transaction\nSELECT 1/0;"]);
    fault(database.up(registry).await);
    let (own, reverted) = (database.clone(), Outcome::Reverted);
    let repair = async move { own.repair(registry, 1, reverted).await };
    let error = without_its_lock(&database, repair).await;
    assert_eq!(error.code().to_string(), "M0528");
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
}

#[tokio::test]
async fn an_edit_is_not_recorded_without_the_lock() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1;"])).await.expect("it runs");
    let checksum = "SELECT checksum FROM migrator.core_history";
    let before = database.value(checksum).await;
    let mut client = database.client().await;
    let mut migrator = Migrator::new(core(&["SELECT 2;"]));
    let edits = migrator
        .edits(&client, "core", None)
        .await
        .expect("it is read");
    assert_eq!(edits.len(), 1);
    let accept = async move { migrator.accept(&mut client, &edits).await };
    let error = without_its_lock(&database, accept).await;
    assert_eq!(error.code().to_string(), "M0528");
    assert_eq!(database.value(checksum).await, before);
}
