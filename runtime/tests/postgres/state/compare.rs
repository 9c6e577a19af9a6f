//! The state of a database beside a registry.

use std::fs;

use migrator_localpg::{Programs, Throwaway};
use migrator_runtime::{DatabaseState, Leave, Migrator, Options, Policy, Registry, Target};

use super::{WHOLE, state};
use crate::support::{Database, Gate, core, registry, rows, within};

/// As `core`, with one script outside a transaction that stops at the gate.
fn at_gate() -> &'static Registry {
    core(&[
        "CREATE TABLE a ();",
        "-- migrator: no-transaction\nSELECT pg_catalog.pg_advisory_lock(42);",
    ])
}

/// The unknown or conflicting migrations, in short form.
fn names(state: &DatabaseState) -> Vec<String> {
    match state {
        DatabaseState::Ahead(entries) => entries.iter().map(|entry| entry.id.to_string()).collect(),
        DatabaseState::Conflict(conflicts) => conflicts
            .iter()
            .map(|conflict| format!("{} {}", conflict.code, conflict.subject))
            .collect(),
        DatabaseState::Current | DatabaseState::Behind(_) => panic!("{state:?}"),
    }
}

#[tokio::test]
async fn a_database_is_behind_until_all_is_applied() {
    let database = Database::new().await;
    let whole = registry(&WHOLE);
    assert_eq!(state(&database, whole).await, DatabaseState::Behind(4));
    database.up(registry(&WHOLE[..1])).await.expect("it runs");
    let behind = state(&database, whole).await;
    assert_eq!(behind, DatabaseState::Behind(3));
    assert!(!behind.is_ready());
    database.up(whole).await.expect("it runs");
    let current = state(&database, whole).await;
    assert_eq!(current, DatabaseState::Current);
    assert!(current.is_ready());
}

#[tokio::test]
async fn after_a_newer_binary_the_state_is_ahead_and_names_the_unknown_migrations() {
    let database = Database::new().await;
    database.up(registry(&WHOLE)).await.expect("it runs");
    let older = state(&database, registry(&WHOLE[..2])).await;
    assert_eq!(
        names(&older),
        [
            "auth/20240101000004_a000004a_m4",
            "tenant/20240101000003_e000003a_m3"
        ]
    );
    assert!(older.is_ready());
    assert_eq!(
        older.to_string(),
        "all migrations are applied, and some that this binary does not have, \
         such as `auth/20240101000004_a000004a_m4`"
    );
}

#[tokio::test]
async fn pending_migrations_count_before_unknown_ones() {
    let database = Database::new().await;
    database.up(registry(&WHOLE[..2])).await.expect("it runs");
    let other_branch = registry(&[WHOLE[0], WHOLE[2]]);
    assert_eq!(
        state(&database, other_branch).await,
        DatabaseState::Behind(1)
    );
}

#[tokio::test]
async fn services_that_the_registry_does_not_have_do_not_count() {
    let database = Database::new().await;
    database.up(registry(&WHOLE)).await.expect("it runs");
    database
        .run("UPDATE migrator.auth_history SET dirty = 'up', checksum = '1'")
        .await;
    let whole = registry(&WHOLE);
    let own = whole.narrow(&["tenant".to_owned()]);
    let own = Box::leak(Box::new(own));
    assert_eq!(state(&database, own).await, DatabaseState::Current);
}

#[tokio::test]
async fn a_service_waits_only_for_what_its_deploy_job_applies() {
    let database = Database::new().await;
    let requires = "-- migrator: requires auth/20240101000004\nCREATE TABLE e ();";
    let whole = registry(&[
        WHOLE[0],
        WHOLE[3],
        ("auth", 5, "CREATE TABLE f ();", "DROP TABLE f;"),
        ("tenant", 6, requires, "DROP TABLE e;"),
    ]);
    let own: &'static Registry = Box::leak(Box::new(whole.narrow(&["tenant".to_owned()])));
    let client = database.client().await;
    let migrator = Migrator::new(own);
    let target = Target::service("tenant");
    let before = migrator.state(&client, &target).await;
    assert_eq!(before.expect("a state"), DatabaseState::Behind(3));
    database
        .up_with(Migrator::new(own), target.clone())
        .await
        .expect("it runs");
    let after = migrator.state(&client, &target).await;
    assert_eq!(after.expect("a state"), DatabaseState::Current);
    assert_eq!(state(&database, own).await, DatabaseState::Behind(1));
    let slip = migrator.state(&client, &Target::service("tenent")).await;
    let help = "did you mean `tenant`? the services are core, auth, tenant";
    assert_eq!(slip.expect_err("a slip").help(), help);
}

#[tokio::test]
async fn a_conflict_counts_before_every_other_state() {
    let database = Database::new().await;
    database
        .up(registry(&[WHOLE[1], WHOLE[2]]))
        .await
        .expect("it runs");
    let changed = ("tenant", 3, "CREATE TABLE other ();", "SELECT 1;");
    let found = state(&database, registry(&[WHOLE[0], changed])).await;
    assert_eq!(
        names(&found),
        ["M0401 tenant/20240101000003_e000003a_m3"],
        "what is not known puts nothing out of order"
    );
    let out_of_order = registry(&WHOLE[..3]);
    let found = state(&database, out_of_order).await;
    assert_eq!(names(&found), ["M0403 core/20240101000001_c000001a_m1"]);
    assert!(!found.is_ready());
    let both = registry(&[WHOLE[0], WHOLE[1], changed]);
    assert_eq!(
        state(&database, both).await.to_string(),
        "2 conflicts, the first with tenant/20240101000003_e000003a_m3: its up script \
         `database/migrations/tenant/20240101000003_e000003a_m3.up.sql` was changed after it \
         was applied"
    );
    let policy = Policy {
        out_of_order: Leave::Allowed,
        ..Policy::default()
    };
    let options = Options::default().policy(policy);
    let client = database.client().await;
    let allowed = Migrator::with_options(out_of_order, options);
    assert_eq!(
        allowed
            .state(&client, &Target::all())
            .await
            .expect("a state"),
        DatabaseState::Behind(1)
    );
}

#[tokio::test]
async fn a_dirty_migration_is_a_conflict_only_for_registries_that_have_it() {
    let database = Database::new().await;
    let newer = core(&[
        "SELECT 1;",
        "-- migrator: no-transaction\nSELECT 1; SELECT nothing;",
    ]);
    database.fault(newer).await;
    assert_eq!(
        names(&state(&database, newer).await),
        ["M0404 core/20240101000002_c000002a_m2"]
    );
    let older = state(&database, core(&["SELECT 1;"])).await;
    assert_eq!(names(&older), ["core/20240101000002_c000002a_m2"]);
}

#[tokio::test]
async fn a_migration_in_progress_outside_a_transaction_is_pending() {
    let database = Database::new().await;
    let gate = Gate::closed(&database).await;
    let registry = at_gate();
    let run = tokio::spawn({
        let database = database.clone();
        async move { database.up(registry).await }
    });
    gate.reached().await;
    assert_eq!(database.recorded().await, ["core/1", "core/2 dirty up"]);
    assert_eq!(state(&database, registry).await, DatabaseState::Behind(1));
    gate.open().await;
    within("the run", run)
        .await
        .expect("no panic")
        .expect("it runs");
    assert_eq!(state(&database, registry).await, DatabaseState::Current);
}

#[tokio::test]
async fn a_state_is_one_message_that_writes_and_locks_nothing() {
    let settings = [("log_statement", "all"), ("log_line_prefix", "<%p> ")];
    let programs = Programs::find(None).expect("programs");
    let server = Throwaway::start_with_settings(programs, &settings).expect("a server");
    let url = server.create_database().await.expect("a database");
    let database = Database::at(url);
    let whole = registry(&WHOLE);
    let client = database.client().await;
    let pid = rows(client.postgres(), "SELECT pg_backend_pid()").await;
    let messages = || {
        let log = fs::read_to_string(server.folder().join("log")).expect("a log");
        let start = format!("<{}> LOG:", pid.join(""));
        log.lines().filter(|line| line.starts_with(&start)).count()
    };
    let migrator = Migrator::new(whole);
    for expected in [DatabaseState::Behind(4), DatabaseState::Current] {
        let before = messages();
        assert_eq!(
            migrator
                .state(&client, &Target::all())
                .await
                .expect("a state"),
            expected
        );
        assert_eq!(messages() - before, 1);
        database.up(whole).await.expect("it runs");
    }
    let begin = client.postgres().batch_execute("BEGIN").await;
    begin.expect("it begins");
    migrator
        .state(&client, &Target::all())
        .await
        .expect("a state");
    let locks = "SELECT locktype, mode FROM pg_locks WHERE pid = pg_backend_pid() \
                 AND NOT (locktype = 'virtualxid' OR mode = 'AccessShareLock')";
    assert!(rows(client.postgres(), locks).await.is_empty());
    let written = "SELECT pg_current_xact_id_if_assigned()";
    assert_eq!(rows(client.postgres(), written).await, ["NULL"]);
}

#[tokio::test]
async fn a_role_that_may_read_two_tables_can_read_the_state() {
    let database = Database::new().await;
    let whole = registry(&WHOLE);
    let (limited, role) = database.as_new_role().await;
    assert_eq!(state(&limited, whole).await, DatabaseState::Behind(4));
    database.up(whole).await.expect("it runs");
    let client = limited.client().await;
    let migrator = Migrator::new(whole);
    let error = migrator
        .state(&client, &Target::all())
        .await
        .expect_err("it may not read");
    assert_eq!(error.code().to_string(), "M0505");
    database
        .run(&format!(
            "GRANT USAGE ON SCHEMA migrator TO {role};\
             GRANT SELECT ON migrator.format, migrator.history TO {role};"
        ))
        .await;
    assert_eq!(
        migrator
            .state(&client, &Target::all())
            .await
            .expect("it may read"),
        DatabaseState::Current
    );
}
