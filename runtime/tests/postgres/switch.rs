//! Switches a database to another tree, in one run under one lock.

use migrator_runtime::{Error, ErrorKind, Migrator, Registry, Report, Selection};

use super::support::{Database, Script, done, registry, within};

const FIRST: Script<'_> = ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;");
const TENANTS: Script<'_> = ("tenant", 2, "CREATE TABLE t ();", "DROP TABLE t;");

/// The migrations of a branch: those of the main branch, and these.
fn branch(own: &[Script<'_>]) -> &'static Registry {
    registry(&[&[FIRST, TENANTS], own].concat())
}

async fn switch(database: &Database, registry: &'static Registry) -> Result<Report, Error> {
    let mut client = database.client().await;
    let mut migrator = Migrator::new(registry);
    let switched = migrator.switch(&mut client, &Selection::All);
    let switched = within("switch", switched).await;
    within("close", client.close()).await;
    switched
}

async fn tables(database: &Database) -> Vec<String> {
    database
        .rows(
            "SELECT relname || ' ' || relnatts FROM pg_class \
             WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
        )
        .await
}

#[tokio::test]
async fn recorded_down_scripts_revert_what_the_tree_does_not_have() {
    let database = Database::new().await;
    let old = branch(&[
        ("core", 3, "CREATE TABLE b (x int);", "DROP TABLE b;"),
        ("core", 4, "CREATE TABLE c ();", "DROP TABLE c;"),
    ]);
    let new = branch(&[
        (
            "core",
            3,
            "CREATE TABLE b (x int, y int);",
            "DROP TABLE b; -- of the new branch",
        ),
        ("tenant", 5, "CREATE TABLE d ();", "DROP TABLE d;"),
    ]);
    database.up(old).await.expect("it runs");
    let report = switch(&database, new).await.expect("it runs");
    let expected = ["core/4", "core/3", "core/3", "tenant/5"];
    assert_eq!(done(&report), expected);
    assert_eq!(tables(&database).await, ["a 0", "b 2", "d 0", "t 0"]);
    let recorded = ["core/1", "core/3", "tenant/2", "tenant/5"];
    assert_eq!(database.recorded().await, recorded);
    let again = switch(&database, new).await.expect("no work");
    assert_eq!(done(&again), [""; 0]);
    let back = switch(&database, old).await.expect("it runs");
    let expected = ["tenant/5", "core/3", "core/3", "core/4"];
    assert_eq!(done(&back), expected);
    assert_eq!(tables(&database).await, ["a 0", "b 1", "c 0", "t 0"]);
    let events = database.events().await;
    assert_eq!(
        events[4..8],
        [
            "revert core/4",
            "revert core/3",
            "apply core/3",
            "apply tenant/5"
        ]
    );
}

#[tokio::test]
async fn a_switch_that_fails_continues_at_the_next_call() {
    let database = Database::new().await;
    let old = branch(&[("core", 3, "CREATE TABLE b ();", "DROP TABLE b;")]);
    let broken = branch(&[("core", 4, "SELECT 1 / 0;", "SELECT 1;")]);
    let fixed = branch(&[("core", 4, "CREATE TABLE c ();", "DROP TABLE c;")]);
    database.up(old).await.expect("it runs");
    let error = switch(&database, broken).await.expect_err("it fails");
    assert_eq!(error.code().to_string(), "M0501");
    assert_eq!(done(&error.report), ["core/3"]);
    assert!(error.report.remaining.is_none(), "{error:?}");
    assert_eq!(database.recorded().await, ["core/1", "tenant/2"]);
    let report = switch(&database, fixed).await.expect("it is fixed");
    assert_eq!(done(&report), ["core/4"]);
}

#[tokio::test]
async fn a_switch_that_cannot_end_with_the_tree_changes_nothing() {
    let database = Database::new().await;
    let irreversible = "-- migrator: irreversible because the rows are gone\n";
    let old = branch(&[
        ("core", 3, "CREATE TABLE b ();", irreversible),
        ("core", 4, "CREATE TABLE c ();", "DROP TABLE c;"),
    ]);
    database.up(old).await.expect("it runs");
    let error = switch(&database, branch(&[]))
        .await
        .expect_err("it is refused");
    let ErrorKind::Refused(conflicts) = &*error.kind else {
        panic!("{error:?}")
    };
    let codes: Vec<String> = conflicts.iter().map(|one| one.code.to_string()).collect();
    assert_eq!(codes, ["M0408"]);
    assert_eq!(database.recorded().await.len(), 4);
}

#[tokio::test]
async fn a_plan_of_a_switch_is_refused_after_another_run() {
    let database = Database::new().await;
    let old = branch(&[("core", 3, "CREATE TABLE b ();", "DROP TABLE b;")]);
    let new = branch(&[]);
    database.up(old).await.expect("it runs");
    let mut client = database.client().await;
    let mut migrator = Migrator::new(new);
    let plan = migrator.plan_switch(&client, &Selection::All).await;
    let plan = plan.expect("it can be reverted");
    let scripts = migrator.scripts(&client, &plan).await;
    assert_eq!(scripts.expect("it is recorded"), ["DROP TABLE b;"]);
    database.down(old).await.expect("it runs");
    let refused = migrator.switch_as_planned(&mut client, &Selection::All, &plan);
    let error = within("switch", refused).await.expect_err("it is refused");
    assert_eq!(error.code().to_string(), "M0401");
    database.up(old).await.expect("it runs");
    let plan = migrator.plan_switch(&client, &Selection::All).await;
    let plan = plan.expect("it can be reverted");
    let switched = migrator.switch_as_planned(&mut client, &Selection::All, &plan);
    let report = within("switch", switched).await.expect("it runs");
    assert_eq!(done(&report), ["core/3"]);
    within("close", client.close()).await;
}
