//! The statements that record the steps of a leg are prepared once in a session.

use std::num::NonZeroUsize;

use migrator_runtime::{Client, Migrator, Target};

use super::support::{Database, Proxy, core, done, fault, within};

const SIX: [&str; 6] = [
    "CREATE TABLE public.t (step int);",
    "INSERT INTO public.t VALUES (2);",
    "INSERT INTO public.t VALUES (3);",
    "INSERT INTO public.t VALUES (4);",
    "INSERT INTO public.t VALUES (5);",
    "INSERT INTO public.t VALUES (6);",
];

/// Drops all prepared statements. The words are split, so that the run does not expect it.
const DROPS: &str = "CREATE TABLE public.t (step int);
    CREATE FUNCTION public.drop_all() RETURNS void LANGUAGE plpgsql AS $$
      BEGIN EXECUTE 'DEALLO' || 'CATE ALL'; END $$;";

/// The names of the prepared statements of a session.
async fn statements(client: &Client) -> Vec<String> {
    let query = "SELECT name FROM pg_prepared_statements WHERE from_sql";
    let rows = client.postgres().query(query, &[]).await.expect("a query");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn the_record_of_a_step_is_planned_once_in_a_session() {
    let database = Database::new().await;
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    let own = client.postgres().batch_execute("PREPARE own AS SELECT 1");
    own.await.expect("it is well formed");
    let mut migrator = Migrator::new(core(&SIX));
    let up = migrator.up(&mut client, Target::all());
    assert_eq!(within("up", up).await.expect("it runs").done.len(), 6);
    let rows = database.rows("SELECT step FROM t ORDER BY step").await;
    assert_eq!(rows, ["2", "3", "4", "5", "6"]);
    let entries = "SELECT count(*) FROM migrator.core_history WHERE up_script IS NOT NULL \
                   AND down_script IS NOT NULL AND dirty IS NULL AND origin = 'applied'";
    assert_eq!(database.value(entries).await, "6");
    let events = "SELECT string_agg(kind || right(version::text, 1) || (milliseconds >= 0), ' ' \
                    ORDER BY id) FROM migrator.event";
    let expected = "apply1true apply2true apply3true apply4true apply5true apply6true";
    assert_eq!(database.value(events).await, expected);
    assert_eq!(statements(&client).await, ["own"]);
    let again = migrator.up(&mut client, Target::all());
    let again = within("up", again).await.expect("the entries are right");
    assert!(again.done.is_empty());
    let all = Target::service("core").steps(NonZeroUsize::MAX);
    database.run("TRUNCATE migrator.event").await;
    let down = migrator.down(&mut client, all);
    assert_eq!(within("down", down).await.expect("it runs").done.len(), 6);
    let expected = expected.replace("apply", "revert");
    let expected: Vec<&str> = expected.rsplit(' ').collect();
    assert_eq!(database.value(events).await, expected.join(" "));
    assert_eq!(statements(&client).await, ["own"]);
    let messages = proxy.queries(0).join("\n");
    // For each direction, the record and the check of the previous step.
    assert_eq!(messages.matches("PREPARE \"migrator: ").count(), 4);
    assert_eq!(messages.matches("EXECUTE \"migrator: ").count(), 22);
}

#[tokio::test]
async fn a_step_whose_prepared_statement_is_gone_runs_again_with_a_plain_one() {
    let database = Database::new().await;
    let mut client = database.client().await;
    let mut scripts = SIX;
    scripts[0] = DROPS;
    scripts[3] = "SELECT public.drop_all(); INSERT INTO public.t VALUES (4);";
    let mut migrator = Migrator::new(core(&scripts));
    let up = migrator.up(&mut client, Target::all());
    let report = within("up", up).await.expect("it runs");
    assert_eq!(report.done.len(), 6);
    let rows = database.rows("SELECT step FROM t ORDER BY step").await;
    assert_eq!(rows, ["2", "3", "4", "5", "6"]);
    let events = "SELECT count(*) FILTER (WHERE kind = 'apply') || '/' || count(*) \
                  FROM migrator.event";
    assert_eq!(database.value(events).await, "6/6");
    assert!(statements(&client).await.is_empty());
    let again = migrator.up(&mut client, Target::all());
    assert!(within("up", again).await.expect("same").done.is_empty());
}

#[tokio::test]
async fn a_run_that_fails_leaves_no_prepared_statement() {
    let database = Database::new().await;
    let mut client = database.client().await;
    let mut scripts = SIX;
    scripts[4] = "SELECT 1/0;";
    let mut migrator = Migrator::new(core(&scripts));
    let up = migrator.up(&mut client, Target::all());
    let error = within("up", up).await.expect_err("the fifth fails");
    assert_eq!(done(&error.report).len(), 4);
    assert!(statements(&client).await.is_empty());
    scripts[4] = "PREPARE one AS SELECT 1;";
    scripts[5] = "EXECUTE nothing_here;";
    let mut migrator = Migrator::new(core(&scripts));
    let failed = fault(migrator.up(&mut client, Target::all()).await);
    assert!(failed.message.contains("nothing_here"), "{failed:?}");
    assert!(statements(&client).await.is_empty());
}
