//! Live schemas against what their histories imply, on two real servers.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod caught;
mod detect;
mod same;
mod support;
mod untrusted;

use migrator_verify::{Error, Pattern};
use support::{Live, registry};

const SHOP: &[support::Script<'_>] = &[
    (
        "shop",
        1,
        "CREATE EXTENSION pg_trgm; CREATE SCHEMA shop; GRANT USAGE ON SCHEMA public TO PUBLIC; \
         CREATE TABLE shop.orders (id int PRIMARY KEY, note text DEFAULT 'none');",
        "DROP SCHEMA shop CASCADE; DROP EXTENSION pg_trgm;",
    ),
    (
        "shop",
        2,
        "CREATE INDEX orders_note_idx ON shop.orders (note); COMMENT ON TABLE shop.orders IS 'orders'; \
         CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "DROP INDEX shop.orders_note_idx;",
    ),
];

#[tokio::test]
async fn a_database_that_only_migrations_have_changed_has_not_drifted() {
    let live = Live::new().await;
    live.up(registry(SHOP)).await;
    assert_eq!(live.drift(registry(SHOP), &[]).await, [""; 0]);
}

#[tokio::test]
async fn changes_by_hand_are_reported() {
    let live = Live::new().await;
    live.up(registry(SHOP)).await;
    live.run(
        "CREATE TABLE shop.backup (x int); DROP INDEX shop.orders_note_idx; \
         ALTER TABLE shop.orders ALTER note DROP DEFAULT; \
         CREATE OR REPLACE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 2'; \
         CREATE VIEW public.report AS SELECT 1 AS one;",
    )
    .await;
    let found = live.drift(registry(SHOP), &[]).await;
    let expected = [
        "unknown: table shop.backup",
        "gone: index shop.orders_note_idx",
        "column shop.orders.note: default",
        "function shop.f(): body",
        "unknown: view public.report",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for wanted in expected {
        assert!(
            found.iter().any(|line| line.contains(wanted)),
            "{wanted}: {found:#?}"
        );
    }
}

#[tokio::test]
async fn a_pattern_leaves_out_objects_that_no_migration_made() {
    let live = Live::new().await;
    live.up(registry(SHOP)).await;
    live.run(
        "CREATE SCHEMA cron; CREATE TABLE cron.job (x int); CREATE TABLE shop.orders_p1 (x int); \
         CREATE TABLE shop.orders_p2 (x int); ALTER TABLE shop.orders ADD stray int, ALTER note DROP DEFAULT;",
    )
    .await;
    let patterns = ["cron.*", "schema cron", "table shop.orders*", "*.note"];
    let found = live.drift(registry(SHOP), &patterns).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("column shop.orders.note: default"),
        "{found:#?}"
    );
}

#[tokio::test]
async fn how_the_server_was_set_up_is_no_drift() {
    let live = Live::new().await;
    live.run("CREATE ROLE set_up_owner; ALTER SCHEMA public OWNER TO set_up_owner")
        .await;
    live.up(registry(SHOP)).await;
    assert_eq!(live.drift(registry(SHOP), &[]).await, [""; 0]);
    live.run("ALTER SCHEMA public OWNER TO CURRENT_USER; DROP ROLE set_up_owner")
        .await;
}

#[tokio::test]
async fn a_script_that_the_binary_lacks_is_taken_from_the_history() {
    let live = Live::new().await;
    let newer = [
        SHOP[0],
        (
            "shop",
            2,
            "CREATE TABLE shop.other (x int);",
            "DROP TABLE shop.other;",
        ),
        (
            "shop",
            3,
            "ALTER TABLE shop.other ADD y int;",
            "ALTER TABLE shop.other DROP y;",
        ),
    ];
    live.up(registry(&newer)).await;
    assert_eq!(live.drift(registry(SHOP), &[]).await, [""; 0]);
}

#[tokio::test]
async fn each_script_is_replayed_by_the_role_that_ran_it() {
    let live = Live::new().await;
    let role = live.role().await;
    live.up_as(
        &role,
        registry(&[(
            "shop",
            1,
            "CREATE SCHEMA shop; CREATE TABLE shop.mine (x int);",
            "DROP SCHEMA shop CASCADE;",
        )]),
    )
    .await;
    assert_eq!(live.drift(registry(SHOP), &[]).await, [""; 0]);
    live.run("ALTER TABLE shop.mine OWNER TO CURRENT_USER")
        .await;
    let found = live.drift(registry(SHOP), &[]).await;
    assert!(
        found
            .iter()
            .any(|line| line.starts_with("table shop.mine: owner")),
        "{found:#?}"
    );
    live.run(&format!(
        "DROP SCHEMA shop CASCADE; DROP OWNED BY {role}; DROP ROLE {role}"
    ))
    .await;
}

#[tokio::test]
async fn a_migration_may_create_a_role_that_the_live_server_has() {
    let live = Live::new().await;
    let name = format!("made_by_{}", std::process::id());
    let up =
        format!("CREATE ROLE {name}; CREATE SCHEMA shop; GRANT USAGE ON SCHEMA shop TO {name};");
    let registry = registry(&[("shop", 1, &up, "SELECT 1;")]);
    live.up(registry).await;
    assert_eq!(live.drift(registry, &[]).await, [""; 0]);
    live.run(&format!("DROP OWNED BY {name}; DROP ROLE {name}"))
        .await;
}

#[tokio::test]
async fn a_script_may_create_roles_with_similar_names() {
    let live = Live::new().await;
    let role = live.role().await;
    live.run(&format!(
        "ALTER ROLE {role} CREATEROLE; CREATE ROLE {role}_r"
    ))
    .await;
    let script =
        format!("-- migrator: no-transaction\nCREATE ROLE {role}_reader;\nCREATE SCHEMA shop;");
    let grant = format!("GRANT USAGE ON SCHEMA shop TO {role}_r, {role}_reader;");
    let registry = registry(&[
        ("shop", 1, &script, "SELECT 1;"),
        ("shop", 2, &grant, "SELECT 1;"),
    ]);
    live.up_as(&role, registry).await;
    assert_eq!(live.drift(registry, &[]).await, [""; 0]);
    live.run(&format!(
        "DROP SCHEMA shop; DROP ROLE {role}_reader, {role}_r; DROP OWNED BY {role}; DROP ROLE {role}"
    ))
    .await;
}

#[tokio::test]
async fn properties_that_the_role_cannot_see_are_no_drift() {
    let live = Live::new().await;
    let registry = registry(&[(
        "shop",
        1,
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; \
         CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'u', password 'p');",
        "SELECT 1;",
    )]);
    live.up(registry).await;
    let role = live.role().await;
    live.run(&format!(
        "GRANT USAGE ON SCHEMA migrator TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA migrator TO {role}"
    ))
    .await;
    let found = live.as_role(&role).drift(registry, &[]).await;
    // The right to use the database was given by hand.
    let found: Vec<_> = found
        .iter()
        .filter(|line| !line.starts_with("database:"))
        .collect();
    assert_eq!(found, [""; 0]);
}

#[tokio::test]
async fn a_running_migration_is_not_called_dirty() {
    let live = Live::new().await;
    let gate = live.gate().await;
    let waits = "-- migrator: no-transaction\nSELECT pg_advisory_xact_lock(42);";
    let registry = registry(&[("shop", 1, waits, "SELECT 1;")]);
    let run = live.begin_up(registry);
    live.until("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        .await;
    let refused = live.try_drift(registry, &[]).await;
    assert!(matches!(refused, Err(Error::Moving)), "{refused:?}");
    gate.close().await;
    run.await.expect("no panic");
    assert_eq!(live.drift(registry, &[]).await, [""; 0]);
}

#[tokio::test]
async fn a_dirty_migration_is_refused() {
    let live = Live::new().await;
    live.up(registry(SHOP)).await;
    live.run("UPDATE migrator.history SET dirty = 'down' WHERE version = 20240101000002")
        .await;
    let refused = live.try_drift(registry(SHOP), &[]).await;
    assert!(matches!(refused, Err(Error::Dirty(_))), "{refused:?}");
}

#[tokio::test]
async fn an_entry_without_a_script_needs_a_binary_that_has_it() {
    let live = Live::new().await;
    live.up(registry(SHOP)).await;
    live.run("UPDATE migrator.history SET up_script = NULL")
        .await;
    assert_eq!(live.drift(registry(SHOP), &[]).await, [""; 0]);
    let refused = live.try_drift(registry(&SHOP[..1]), &[]).await;
    let Err(Error::NoScript(entry)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(entry.to_string(), "shop/20240101000002_a0000002_m2");
}

#[tokio::test]
async fn a_script_that_cannot_be_replayed_is_named() {
    let live = Live::new().await;
    live.run("CREATE TABLE public.seed (x int); INSERT INTO public.seed VALUES (1)")
        .await;
    let registry = registry(&[(
        "shop",
        1,
        "CREATE SCHEMA shop;\nINSERT INTO public.seed VALUES (2);",
        "DROP SCHEMA shop;",
    )]);
    live.up(registry).await;
    let refused = live.try_drift(registry, &[]).await;
    let Err(error @ Error::Replay(_)) = &refused else {
        panic!("{refused:?}")
    };
    let fault = error.fault().expect("it is a script's");
    assert_eq!(fault.position.map(|position| position.line), Some(2));
    assert!(!error.remedy().to_string().is_empty());
}

#[tokio::test]
async fn a_database_without_a_history_implies_nothing() {
    let live = Live::new().await;
    assert_eq!(live.drift(registry(SHOP), &[]).await, [""; 0]);
    live.run("CREATE TABLE public.t (x int)").await;
    assert_eq!(
        live.drift(registry(SHOP), &[]).await,
        ["unknown: table public.t"]
    );
    assert_eq!(Pattern::new(" x ").as_str(), "x");
}

#[tokio::test]
async fn functions_that_hide_those_of_the_catalog_are_not_called() {
    let live = Live::new().await;
    live.run(include_str!("../../../runtime/tests/hostile.sql"))
        .await;
    let role = live.role().await;
    live.run(&format!(
        "ALTER ROLE {role} SET search_path = evil, pg_catalog"
    ))
    .await;
    let scripts = registry(&[(
        "shop",
        1,
        "CREATE SCHEMA shop; CREATE TABLE shop.mine (x integer);",
        "DROP SCHEMA shop CASCADE;",
    )]);
    live.up_as(&role, scripts).await;
    // Somebody's schema that no migration has made, and the right to see it, is drift.
    let found = live
        .as_role(&role)
        .drift(scripts, &["evil", "schema evil", "evil.*"])
        .await;
    assert_eq!(found, [""; 0], "{:#?}", &found[..found.len().min(5)]);
    live.run("DROP SCHEMA evil CASCADE").await;
}
