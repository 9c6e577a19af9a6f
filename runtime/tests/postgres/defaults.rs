//! Settings of a role or a database for every session do not change a run.

use std::time::Duration;

use migrator_runtime::{DatabaseState, Migrator, Options, Selection, State, Target};

use super::support::{AT_GATE, Database, Gate, Script, core, done, registry, with_events, within};

const SCRIPTS: [Script<'static>; 3] = [
    (
        "core",
        1,
        "CREATE TABLE public.a (id integer, t text DEFAULT 'a\\');",
        "DROP TABLE public.a;",
    ),
    (
        "core",
        2,
        "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON public.a (id);",
        "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY public.i;",
    ),
    (
        "tenant",
        3,
        "-- migrator: requires core/20240101000002\nINSERT INTO public.a VALUES (1);",
        "DELETE FROM public.a;",
    ),
];

/// The settings, as `ALTER DATABASE … SET` takes them.
const SETTINGS: [&str; 36] = [
    "search_path = ''",
    "search_path = 'pg_temp'",
    "search_path = 'nowhere'",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_deferrable = on",
    "session_replication_role = 'replica'",
    "default_tablespace = 'pg_default'",
    "temp_tablespaces = ''",
    "row_security = off",
    "check_function_bodies = off",
    "client_encoding = 'LATIN1'",
    "client_encoding = 'SQL_ASCII'",
    "standard_conforming_strings = off",
    "backslash_quote = off",
    "escape_string_warning = on",
    "bytea_output = 'escape'",
    "\"DateStyle\" = 'German, DMY'",
    "\"IntervalStyle\" = 'sql_standard'",
    "\"TimeZone\" = 'Asia/Kathmandu'",
    "extra_float_digits = -15",
    "quote_all_identifiers = on",
    "transform_null_equals = on",
    "array_nulls = off",
    "client_min_messages = 'debug5'",
    "client_min_messages = 'error'",
    "track_activities = off",
    "synchronous_commit = off",
    "enable_seqscan = off",
    "plan_cache_mode = 'force_generic_plan'",
    "application_name = ''",
    "statement_timeout = '2s'",
    "lock_timeout = '100ms'",
    "idle_in_transaction_session_timeout = '5ms'",
    "work_mem = '64kB'",
    "jit_above_cost = 0",
    "lo_compat_privileges = on",
];

#[tokio::test]
async fn no_default_changes_what_a_run_does_or_records() {
    let registry = registry(&SCRIPTS);
    let entries = "SELECT version, name, checksum, fingerprint, dirty, requires, depends_on, \
                   up_script, down_script FROM migrator.history ORDER BY version";
    let usual = Database::new().await;
    usual.up(registry).await.expect("it runs");
    // A session of the superuser, which has none of the settings.
    let usual = usual.rows(entries).await;
    for setting in SETTINGS {
        let database = Database::new().await;
        let (_, name) = database.url.rsplit_once('/').expect("a name");
        let role = format!("app_of_{name}");
        database
            .run(&format!(
                "CREATE ROLE {role} LOGIN SUPERUSER; \
                 ALTER ROLE {role} IN DATABASE {name} SET {setting}"
            ))
            .await;
        let url = database.url.replace("//postgres@", &format!("//{role}@"));
        let limited = Database::at(url);
        let client = limited.client().await;
        let migrator = Migrator::new(registry);
        for _ in 0..2 {
            let report = limited.up(registry).await.expect(setting);
            assert_eq!(done(&report), ["core/1", "core/2", "tenant/3"], "{setting}");
            assert_eq!(database.rows(entries).await, usual, "{setting}");
            assert_eq!(database.value("SELECT t FROM a").await, "a\\", "{setting}");
            let seen = migrator.status(&client, &Selection::All).await;
            let services = seen.expect(setting).services;
            let all = services.iter().flat_map(|service| &service.migrations);
            let all: Vec<State> = all.map(|migration| migration.state).collect();
            assert_eq!(all, [State::Applied; 3], "{setting}");
            let state = migrator.state(&client, &Target::all()).await;
            assert_eq!(state.expect(setting), DatabaseState::Current, "{setting}");
            let report = limited.down(registry).await.expect(setting);
            assert_eq!(done(&report), ["tenant/3", "core/2", "core/1"], "{setting}");
        }
    }
}

/// Whether the server has a setting; old servers lack some.
async fn knows(database: &Database, setting: &str) -> bool {
    let known = format!("SELECT count(*) FROM pg_settings WHERE name = '{setting}'");
    database.value(&known).await == "1"
}

#[tokio::test]
async fn a_limit_for_transactions_does_not_end_a_script() {
    let database = Database::new().await;
    if knows(&database, "transaction_timeout").await {
        database.set("transaction_timeout = '200ms'").await;
    } else {
        database.set("statement_timeout = '200ms'").await;
    }
    let outside = "-- migrator: no-transaction\nSELECT pg_sleep(0.3);";
    let scripts = ["SELECT pg_sleep(0.3);", outside, "SELECT pg_sleep(0.3);"];
    let report = database.up(core(&scripts)).await.expect("they run");
    assert_eq!(done(&report), ["core/1", "core/2", "core/3"]);
}

#[tokio::test]
async fn a_limit_for_idle_sessions_does_not_end_a_wait_for_the_lock() {
    let database = Database::new().await;
    let registry = core(&[AT_GATE]);
    let gate = Gate::closed(&database).await;
    let first = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    let pid = gate.reached().await;
    let limit = Duration::from_secs(3);
    if knows(&database, "idle_session_timeout").await {
        let limit = format!("idle_session_timeout = {}", limit.as_millis());
        database.set(&limit).await;
    }
    let (migrator, mut events) = with_events(registry, Options::default());
    let second = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    events.next("waiting").await;
    // By the clock of the server, which ends the sessions.
    let over = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
           AND pid <> {pid} AND state = 'idle' AND query LIKE '%idle_session_timeout%' \
           AND now() - state_change > '{} ms'",
        limit.as_millis() + 300
    );
    database.until(&over, "1").await;
    gate.open().await;
    within("the first", first)
        .await
        .expect("no panic")
        .expect("it runs");
    let report = within("the second", second).await.expect("no panic");
    assert!(report.expect("nothing is to be done").done.is_empty());
}
