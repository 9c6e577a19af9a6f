//! Changes of a script to its session do not reach the next script.

use std::time::Duration;

use migrator_runtime::{Migrator, Options, Target};

use super::support::{Database, core, done, fault, registry, with_events, within};

const NASTY: &str = "
    SET search_path = pg_temp;
    SET role = pg_monitor;
    RESET role;
    SET SESSION AUTHORIZATION pg_read_all_stats;
    SET statement_timeout = 12345;
    SET lock_timeout = 12345;
    SET standard_conforming_strings = off;
    SET client_encoding = 'LATIN1';
    SET TimeZone = 'Asia/Kathmandu';
    SET DateStyle = 'SQL, DMY';
    SET application_name = 'somebody else';
    SET my.own = 'x';
    SELECT set_config('work_mem', '77MB', false);
    SET SESSION AUTHORIZATION DEFAULT;
    CREATE TEMP TABLE leftover (id int);
    CREATE TEMP SEQUENCE s;
    SELECT nextval('s');
    LISTEN somebody;
    DECLARE c CURSOR WITH HOLD FOR SELECT 1;
    SET LOCAL row_security = off;
    SET CONSTRAINTS ALL DEFERRED;
    PREPARE leftover AS SELECT 1;
    SELECT pg_advisory_lock(4711);
    SELECT pg_advisory_lock_shared(4711);
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE, DEFERRABLE;
    SET session_replication_role = replica;
    SET role = pg_read_all_stats;";

/// A function that counts what is left. It mentions prepared statements; [`PROBE`] must not.
const LEFT: &str = "CREATE FUNCTION public.left_over() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws('|', (SELECT count(*) FROM pg_prepared_statements),
      (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711
        AND pid = pg_backend_pid())) $$;
    CREATE TABLE public.probe (seen text)";

const PROBE: &str = "
    INSERT INTO public.probe SELECT pg_catalog.concat_ws('|', current_user, session_user,
      current_setting('search_path'), current_setting('statement_timeout'),
      current_setting('standard_conforming_strings'), current_setting('client_encoding'),
      current_setting('TimeZone'), current_setting('DateStyle'), current_setting('work_mem'),
      current_setting('row_security'), current_setting('application_name'),
      nullif(current_setting('my.own', true), ''),
      to_regclass('pg_temp.leftover'), to_regclass('leftover'), to_regclass('s'),
      (SELECT count(*) FROM pg_cursors WHERE is_holdable),
      (SELECT count(*) FROM pg_listening_channels()),
      current_setting('default_transaction_isolation'),
      current_setting('default_transaction_deferrable'),
      current_setting('session_replication_role'), public.left_over());";

async fn assert_harmless(nasty: &str) {
    let database = Database::new().await;
    database.run(LEFT).await;
    let report = database
        .up(core(&[PROBE, nasty, PROBE]))
        .await
        .expect("all run");
    assert_eq!(report.done.len(), 3);
    let seen = database.rows("SELECT seen FROM probe").await;
    assert_eq!(seen[0], seen[1]);
    let nothing = "|0|0|read committed|off|origin|0|0";
    assert!(seen[0].ends_with(nothing), "{}", seen[0]);
    let roles = "SELECT DISTINCT role || application FROM migrator.event";
    assert_eq!(database.value(roles).await, "postgresmigrator");
}

#[tokio::test]
async fn session_changes_of_a_script_are_reset() {
    assert_harmless(NASTY).await;
}

#[tokio::test]
async fn session_changes_of_a_script_outside_a_transaction_are_reset() {
    let nasty = NASTY.replace("SET LOCAL row_security = off;", "");
    assert_harmless(&format!("-- migrator: no-transaction\n{nasty}")).await;
}

#[tokio::test]
async fn session_changes_of_a_script_that_fails_are_reset() {
    for mode in ["", "-- migrator: no-transaction\n"] {
        let database = Database::new().await;
        database.run(LEFT).await;
        let mut client = database.client().await;
        let mut up = async |scripts: &[&str]| {
            migrator_runtime::Migrator::new(core(scripts))
                .up(&mut client, migrator_runtime::Target::all())
                .await
        };
        up(&[PROBE]).await.expect("it runs");
        let nasty = format!("{mode}{}; SELECT 1/0;", NASTY.replace("SET LOCAL", "SET"));
        fault(up(&[PROBE, &nasty]).await);
        database
            .run("DELETE FROM migrator.core_history WHERE dirty IS NOT NULL")
            .await;
        up(&[PROBE, PROBE]).await.expect("it runs");
        let seen = database.rows("SELECT DISTINCT seen FROM probe").await;
        assert_eq!(seen.len(), 1, "{seen:#?}");
    }
}

#[tokio::test]
async fn the_callers_session_settings_do_not_reach_the_first_script() {
    let database = Database::new().await;
    database.run(LEFT).await;
    let mut client = database.client().await;
    let own = "SELECT pg_advisory_lock(4711); SET search_path = pg_temp; SET work_mem = '77MB'; SET ROLE pg_monitor";
    client
        .postgres()
        .batch_execute(own)
        .await
        .expect("it is set");
    migrator_runtime::Migrator::new(core(&[PROBE, PROBE]))
        .up(&mut client, migrator_runtime::Target::all())
        .await
        .expect("it runs");
    let seen = database.rows("SELECT DISTINCT seen FROM probe").await;
    assert_eq!(seen.len(), 1, "{seen:#?}");
}

#[tokio::test]
async fn scripts_are_read_with_standard_strings_whatever_the_roles_default() {
    let database = Database::new().await;
    database.run("CREATE TABLE probe (seen text)").await;
    database.set("standard_conforming_strings = off").await;
    database.set("backslash_quote = on").await;
    // If the setting were off, the first string would not end, and the script would end the
    // transaction.
    let script = r"INSERT INTO probe VALUES ('a\'), ('; ROLLBACK; --');";
    database.up(core(&[script])).await.expect("it runs");
    assert_eq!(
        database.rows("SELECT seen FROM probe").await,
        [r"a\", "; ROLLBACK; --"]
    );
    assert_eq!(database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn scripts_may_end_and_quote_as_they_like() {
    let database = Database::new().await;
    let huge = format!(
        "CREATE TABLE huge (t text); INSERT INTO huge VALUES ('{}');",
        "x".repeat(2 << 20)
    );
    let scripts = [
        "SELECT 1 -- the end",
        "SELECT 1",
        "SELECT 1;;;",
        "SELECT 1; /* the end */",
        "SELECT $m$ it's $mm$ here $m$;",
        "SELECT '$m', '$mm', $mmm$ $m $mm$mmm$, 'ends in $' -- $m",
        "SELECT 1 AS \"$m$\"; SELECT '$'",
        "DO $m$ BEGIN PERFORM 1; END $m$; CREATE FUNCTION f() RETURNS int LANGUAGE sql \
         AS 'SELECT 1; SELECT 2';",
        "SELECT E'\\'', U&'\\0041', B'1', N'x' -- $",
        huge.as_str(),
    ];
    let registry = core(&scripts);
    let report = database.up(registry).await.expect("all run");
    assert_eq!(report.done.len(), scripts.len());
    let kept = database
        .rows("SELECT up_script FROM migrator.core_history ORDER BY version")
        .await;
    assert_eq!(kept, scripts);
    assert_eq!(
        database.value("SELECT length(t) FROM huge").await,
        "2097152"
    );
    let again = database.up(registry).await.expect("nothing is changed");
    assert!(again.done.is_empty());
}

#[tokio::test]
async fn locks_and_prepared_statements_of_a_script_end_with_each_try() {
    let database = Database::new().await;
    database.run("CREATE TABLE busy ()").await;
    let busy = database.session().await;
    let lock = "BEGIN; LOCK TABLE busy";
    busy.batch_execute(lock).await.expect("nobody else has it");
    let script = "PREPARE p AS SELECT 1; SELECT pg_advisory_lock(4711); \
                  LOCK TABLE public.busy; EXECUTE p;";
    let options = Options::default()
        .lock_timeout(Duration::from_millis(20))
        .tries(1000);
    let (migrator, mut events) = with_events(core(&[script, "SELECT 1/0;"]), options);
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    let retrying = events.next("retrying").await;
    let why = "retrying canceling statement due to lock timeout";
    assert!(retrying.starts_with(why), "{retrying}");
    events.next("retrying").await;
    busy.batch_execute("ROLLBACK").await.expect("it ends");
    let error = run.await.expect("no panic").expect_err("the second fails");
    assert_eq!(done(&error.report), ["core/1"], "{error:?}");
    let mut client = database.client().await;
    let failing = format!("{script} SELECT 1/0;");
    for mode in ["", "-- migrator: no-transaction\n"] {
        let script = format!("{mode}{}", failing.replace("LOCK TABLE public.busy;", ""));
        let mut migrator = Migrator::new(registry(&[("lonely", 1, &script, "SELECT 1;")]));
        fault(migrator.up(&mut client, Target::service("lonely")).await);
        let free = "SELECT pg_try_advisory_xact_lock(4711)";
        assert_eq!(database.value(free).await, "t", "{mode}");
    }
}

#[tokio::test]
async fn the_callers_prepared_statements_stay_unless_a_script_prepares_some() {
    let database = Database::new().await;
    let mut client = database.client().await;
    let prepared = client.postgres().prepare("SELECT 1").await;
    let prepared = prepared.expect("it is well formed");
    let mut migrator = Migrator::new(core(&["SELECT 1;", "SELECT 2;"]));
    let run = migrator.up(&mut client, Target::all());
    within("up", run).await.expect("it runs");
    let rows = client.postgres().query(&prepared, &[]).await;
    assert_eq!(rows.expect("it is still there").len(), 1);
}
