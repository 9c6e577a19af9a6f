//! What remains when a test's process has ended in one way or another.

use crate::registries::GATE;
use crate::support::{Scene, ask, client, databases, eventually, gone, server_of};

#[tokio::test]
async fn nothing_is_left_of_a_test_that_ends_by_itself() {
    let scene = Scene::with_users_server();
    let watcher = scene.client().await;
    // While this process runs, the janitor and the template stay.
    let (other, _) = scene.start("parts::stays").await;
    for (part, passes) in [
        ("parts::passes", true),
        ("parts::panics", false),
        ("parts::fails", false),
        ("parts::leaves_a_session", true),
        ("parts::panics_as_expected", true),
    ] {
        let output = scene.run(part);
        assert_eq!(output.status.success(), passes, "{part}: {output:?}");
        assert_eq!(databases(&watcher, "test").await.len(), 1, "{part}");
    }
    assert_eq!(databases(&watcher, "template").await.len(), 1);
    drop(other);
    gone(&watcher, "").await;
}

#[tokio::test]
async fn nothing_is_left_of_a_killed_test_on_a_users_server() {
    let scene = Scene::with_users_server();
    let watcher = scene.client().await;
    let (first, url) = scene.start("parts::stays").await;
    let (second, _) = scene.start("parts::stays").await;
    assert_eq!(databases(&watcher, "test").await.len(), 2);
    // The database of the other process is not dropped.
    drop(second);
    let one_left = async {
        while databases(&watcher, "test").await.len() > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), one_left)
        .await
        .expect("the janitor drops the killed one's");
    assert_eq!(ask(&client(&url).await, "SELECT 1").await, ["1"]);
    drop(first);
    gone(&watcher, "").await;
}

#[tokio::test]
async fn a_role_that_may_create_databases_is_enough() {
    let scene = Scene::with_users_server().with_role("tester:s3cr3t%40");
    let watcher = scene.client().await;
    ask(&watcher, "CREATE ROLE tester LOGIN CREATEDB").await;
    let (killed, url) = scene.start("parts::stays").await;
    assert!(
        url.starts_with("postgresql://tester:s3cr3t%40@%2F"),
        "{url}"
    );
    assert!(scene.run("parts::leaves_a_session").status.success());
    drop(killed);
    gone(&watcher, "").await;
}

#[tokio::test]
async fn the_next_process_drops_the_database_of_a_killed_one() {
    let scene = Scene::with_users_server();
    let watcher = scene.client().await;
    let (process, _) = scene.start("parts::stays_with_a_function").await;
    drop(process);
    assert_eq!(databases(&watcher, "test").await.len(), 1);
    // This process also starts a janitor.
    assert!(scene.run("parts::passes").status.success());
    gone(&watcher, "").await;
}

#[tokio::test]
async fn without_a_janitor_the_next_process_drops_old_databases() {
    let scene = Scene::with_users_server();
    let watcher = scene.client().await;
    let (process, _) = scene.start("parts::stays_with_a_function").await;
    drop(process);
    let (_next, _) = scene.start("parts::stays_with_a_function").await;
    let only_the_next = async {
        while databases(&watcher, "test").await.len() > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), only_the_next)
        .await
        .expect("the next drops it");
}

#[tokio::test]
async fn a_temporary_server_ends_with_its_last_test() {
    let scene = Scene::without_server();
    let (first, url) = scene.start("parts::stays").await;
    let server = server_of(&url);
    assert!(scene.run("parts::passes").status.success());
    let watcher = client(&url).await;
    assert_eq!(databases(&watcher, "test").await.len(), 1);
    drop(first);
    eventually("the server's folder is gone", || !server.exists()).await;
}

#[tokio::test]
async fn a_template_whose_maker_was_killed_is_made_again() {
    let scene = Scene::with_users_server();
    let watcher = scene.client().await;
    let hold = format!("SELECT pg_catalog.pg_advisory_lock({GATE})");
    ask(&watcher, &hold).await;
    let maker = scene.spawn("parts::passes_through_the_gate");
    let making = async {
        while databases(&watcher, "making").await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), making)
        .await
        .expect("the template is begun");
    drop(maker);
    let open = format!("SELECT pg_catalog.pg_advisory_unlock({GATE})");
    ask(&watcher, &open).await;
    let output = scene.run("parts::passes_through_the_gate");
    assert!(output.status.success(), "{output:?}");
    gone(&watcher, "making").await;
    assert_eq!(databases(&watcher, "test").await.len(), 0);
    gone(&watcher, "").await;
}

#[tokio::test]
async fn many_processes_at_once_make_one_template_and_leave_nothing() {
    let scene = Scene::with_users_server();
    let watcher = scene.client().await;
    // This process uses another registry's template. While it runs, the janitor stays.
    let (other, _) = scene.start("parts::stays").await;
    let tests: Vec<String> = ["a", "b"]
        .iter()
        .flat_map(|module| ["a", "b", "c", "d", "e", "f"].map(|test| format!("{module}::{test}")))
        .collect();
    let run = |test: &String| scene.run(&format!("handout::{test}"));
    std::thread::scope(|scope| {
        let running: Vec<_> = tests
            .iter()
            .map(|test| scope.spawn(move || run(test)))
            .collect();
        for process in running {
            let output = process.join().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
    });
    assert_eq!(databases(&watcher, "test").await.len(), 1);
    assert_eq!(databases(&watcher, "template").await.len(), 2);
    drop(other);
    gone(&watcher, "").await;
}

#[test]
fn a_test_says_why_it_has_no_database() {
    let scene = Scene::with_users_server();
    let output = scene.run("parts::cannot_be_migrated");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(101), "{message}");
    assert!(
        message.contains("relation \"nowhere\" does not exist"),
        "{message}"
    );
}

#[test]
fn without_a_server_every_test_fails() {
    let scene = Scene::without_server();
    for part in ["parts::passes", "parts::panics_as_expected"] {
        let mut command = scene.command(part);
        let output = command.env("MIGRATOR_PG_BIN", "/nowhere").output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(101), "{message}");
        for words in ["`MIGRATOR_PG_BIN` names `/nowhere`", "set `DATABASE_URL`"] {
            assert!(message.contains(words), "{message}");
        }
    }
}

#[tokio::test]
async fn the_help_names_the_missing_privilege() {
    let scene = Scene::with_users_server().with_role("tester");
    ask(&scene.client().await, "CREATE ROLE tester LOGIN").await;
    let output = scene.run("parts::passes");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.contains("cause: ERROR: permission denied to create database"),
        "{message}"
    );
    assert!(
        message.contains("help: the role of `DATABASE_URL` needs CREATEDB"),
        "{message}"
    );
    assert!(!message.contains("db error"), "{message}");
}

#[test]
fn an_invalid_variable_is_an_error() {
    let scene = Scene::without_server();
    let not_utf8 = std::os::unix::ffi::OsStrExt::from_bytes(b"postgresql://\xff");
    let not_utf8: &std::ffi::OsStr = not_utf8;
    for (name, value, words) in [
        (
            "MIGRATOR_TEST_GRACE",
            "ten".as_ref(),
            "`ten` is not a number of seconds",
        ),
        ("DATABASE_URL", not_utf8, "it is not UTF-8"),
    ] {
        let output = scene
            .command("parts::passes")
            .env(name, value)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(101), "{message}");
        assert!(
            message.contains(&format!("cannot use `{name}`: {words}")),
            "{message}"
        );
        assert!(message.contains("\nhelp: "), "{message}");
    }
}

#[test]
fn a_variable_alone_does_not_turn_a_test_into_the_janitor() {
    let scene = Scene::with_users_server();
    let mut command = scene.command("parts::panics");
    let output = command.env("MIGRATOR_TEST_JANITOR", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(101), "{output:?}");
}
