//! The sessions that create databases: where they connect, and that no timeout ends them.

use std::process::{Child, Stdio};

use crate::registries::GATE;
use crate::support::{Scene, ask, client, databases, eventually, eventually_is, gone};

/// Starts a process with this `DATABASE_URL`, whose template stops at the gate.
fn at_gate(scene: &Scene, url: &str) -> Child {
    let mut command = scene.command("parts::passes_through_the_gate");
    command.env("DATABASE_URL", url).stderr(Stdio::piped());
    command.stdout(Stdio::null()).spawn().unwrap()
}

fn passes(part: Child) {
    let output = part.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// The number of test processes that the lock shows as running.
const PRESENT: &str = "SELECT count(DISTINCT pid) FROM pg_locks \
     WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted";

#[tokio::test]
async fn processes_with_urls_of_different_databases_make_one_template() {
    let scene = Scene::with_users_server();
    let watcher = scene.client().await;
    ask(&watcher, "CREATE DATABASE a").await;
    ask(&watcher, "CREATE DATABASE b").await;
    ask(&watcher, &format!("SELECT pg_advisory_lock({GATE})")).await;
    let parts = ["a", "b"].map(|database| at_gate(&scene, &scene.url(database)));
    eventually_is(&watcher, PRESENT, &["2"]).await;
    let places = "SELECT DISTINCT datname FROM pg_stat_activity \
                  WHERE application_name = 'migrator-testing' ORDER BY 1";
    assert_eq!(ask(&watcher, places).await, ["postgres"]);
    ask(&watcher, &format!("SELECT pg_advisory_unlock({GATE})")).await;
    parts.into_iter().for_each(passes);
    gone(&watcher, "").await;
}

#[tokio::test]
async fn without_a_common_database_each_process_creates_a_template() {
    let scene = Scene::with_users_server().with_role("tester");
    let watcher = scene.client().await;
    for sql in [
        "CREATE ROLE tester LOGIN CREATEDB",
        "CREATE DATABASE a",
        "CREATE DATABASE b",
        "REVOKE CONNECT ON DATABASE postgres FROM public",
    ] {
        ask(&watcher, sql).await;
    }
    ask(&watcher, &format!("SELECT pg_advisory_lock({GATE})")).await;
    let parts = ["a", "b"].map(|database| at_gate(&scene, &scene.url(database)));
    let making = "SELECT count(*) FROM pg_database WHERE datname LIKE 'migrator\\_making%'";
    eventually_is(&watcher, making, &["2"]).await;
    ask(&watcher, &format!("SELECT pg_advisory_unlock({GATE})")).await;
    parts.into_iter().for_each(passes);
    gone(&watcher, "").await;
}

#[tokio::test]
async fn no_timeout_of_the_role_ends_a_test_s_session() {
    let scene = Scene::with_users_server().with_role("tester");
    let watcher = scene.client().await;
    ask(&watcher, "CREATE ROLE tester LOGIN CREATEDB").await;
    let known = "SELECT count(*) FROM pg_settings WHERE name = 'idle_session_timeout'";
    if ask(&watcher, known).await == ["0"] {
        // Before 14 no server ends an idle session: the role's setting must do no harm.
        ask(
            &watcher,
            "ALTER ROLE tester SET statement_timeout = '300ms'",
        )
        .await;
        let (_part, url) = scene.start("parts::stays").await;
        let client = client(&url).await;
        assert_eq!(ask(&client, "SELECT 1").await, ["1"]);
        return;
    }
    let timeout = "ALTER ROLE tester SET idle_session_timeout = '300ms'";
    ask(&watcher, timeout).await;
    let (_part, url) = scene.start("parts::stays").await;
    // That session was last used before this one, which the server ends.
    let other = client(&url).await;
    let mine =
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tester' AND application_name";
    eventually_is(&watcher, &format!("{mine} = ''"), &["0"]).await;
    assert!(other.simple_query("SELECT 1").await.is_err());
    let owners = format!("{mine} = 'migrator-testing' AND datname = 'postgres'");
    // The test's session, and the janitor's.
    assert_eq!(ask(&watcher, &owners).await, ["2"]);
    assert_eq!(databases(&watcher, "test").await.len(), 1);
}

#[tokio::test]
async fn each_role_has_its_own_janitor() {
    let scene = Scene::with_users_server();
    let watcher = scene.client().await;
    for role in ["first", "second"] {
        ask(&watcher, &format!("CREATE ROLE {role} LOGIN CREATEDB")).await;
    }
    let scene = scene.with_role("first");
    let (_first, first_url) = scene.start("parts::stays").await;
    let scene = scene.with_role("second");
    let (second, _) = scene.start("parts::stays").await;
    assert_eq!(databases(&watcher, "test").await.len(), 2);
    drop(second);
    let left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'migrator\\_test%'";
    eventually_is(&watcher, left, &["1"]).await;
    assert_eq!(ask(&client(&first_url).await, "SELECT 1").await, ["1"]);
}

#[tokio::test]
async fn a_test_waits_for_a_server_with_no_connection_left() {
    let scene = Scene::with_users_server().with_role("tester");
    let watcher = scene.client().await;
    ask(
        &watcher,
        "CREATE ROLE tester LOGIN CREATEDB CONNECTION LIMIT 6",
    )
    .await;
    let mut others = Vec::new();
    for _ in 0..6 {
        others.push(client(&scene.url("postgres")).await);
    }
    let mut command = scene.command("parts::passes");
    let part = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    eventually("it is turned away", || {
        scene.log().contains("too many connections for role")
    })
    .await;
    drop(others);
    let left = "SELECT count(*) FROM pg_stat_activity \
                WHERE usename = 'tester' AND application_name = ''";
    eventually_is(&watcher, left, &["0"]).await;
    passes(part.unwrap());
    gone(&watcher, "").await;
}
