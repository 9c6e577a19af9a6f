//! Databases from the functions, without the attribute.

use migrator_runtime::Selection;
use migrator_runtime::testing::{Error, TestDatabase, database, database_of};

use crate::registries::{FAILING, REGISTRY, SETTING, SMALL};
use crate::support::{ask, client, databases};

#[tokio::test]
async fn a_database_lives_as_long_as_its_value() {
    let other = database(&SMALL).await.unwrap();
    let db = database(&SMALL).await.unwrap();
    let name = db.name().to_owned();
    let open = client(db.url()).await;
    let watcher = client(other.url()).await;
    assert!(databases(&watcher, "test").await.contains(&name));
    drop(db);
    assert!(!databases(&watcher, "test").await.contains(&name));
    assert!(open.simple_query("SELECT 1").await.is_err());
}

#[tokio::test]
async fn many_databases_are_created_at_once_and_are_independent() {
    let one = || async {
        let db = database(&SMALL).await.unwrap();
        let client = client(db.url()).await;
        ask(&client, "CREATE TABLE public.mine AS SELECT 1").await;
        db
    };
    let made: Vec<_> = (0..12).map(|_| tokio::spawn(one())).collect();
    let mut held = Vec::new();
    for db in made {
        held.push(db.await.unwrap());
    }
    let mut names: Vec<&str> = held.iter().map(TestDatabase::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 12);
}

#[tokio::test]
async fn registries_and_services_have_templates_side_by_side() {
    let tenant = Selection::Named(vec!["tenant".to_owned()]);
    let count = "SELECT count(*) FROM migrator.history";
    let mut found = Vec::new();
    for _ in 0..2 {
        for db in [
            database(&SMALL).await.unwrap(),
            database(&REGISTRY).await.unwrap(),
            database_of(&REGISTRY, &tenant).await.unwrap(),
        ] {
            let client = client(db.url()).await;
            found.extend(ask(&client, count).await);
        }
    }
    let (first, second) = found.split_at(3);
    assert_eq!(first, second);
    assert_eq!(first[0], SMALL.len().to_string());
    assert_eq!(first[1], REGISTRY.len().to_string());
    assert!(first[2] != first[0] && first[2] != first[1]);
}

#[tokio::test]
async fn database_settings_of_a_migration_are_carried_over() {
    let db = database(&SETTING).await.unwrap();
    let client = client(db.url()).await;
    let mut found = Vec::new();
    for setting in ["search_path", "app.motto", "work_mem"] {
        found.extend(ask(&client, &format!("SHOW {setting}")).await);
    }
    assert_eq!(found, ["\"a b\", pg_temp", "it's, = \"so\"", "7MB"]);
}

#[tokio::test]
async fn a_value_can_be_dropped_outside_a_runtime() {
    let db = database(&SMALL).await.unwrap();
    let name = db.name().to_owned();
    std::thread::spawn(move || drop(db)).join().unwrap();
    let other = database(&SMALL).await.unwrap();
    let watcher = client(other.url()).await;
    assert!(!databases(&watcher, "test").await.contains(&name));
}

#[tokio::test]
async fn an_unknown_service_is_an_error() {
    let tennant = Selection::Named(vec!["tennant".to_owned()]);
    let error = database_of(&REGISTRY, &tennant).await.unwrap_err();
    assert!(matches!(error, Error::Migrate(_)));
    assert_eq!(
        error.full(),
        "no database for this test: unknown service `tennant`\n\
         help: did you mean `tenant`? the services are core, tenant, auth, user, \
         reporting, notification, platform"
    );
}

#[tokio::test]
async fn a_migration_that_fails_is_reported_in_full() {
    let error = database(&FAILING).await.unwrap_err();
    let full = error.full();
    for part in [
        "`core/20240101000000_0a1b2c3d_first` failed: relation \"nowhere\" does not exist",
        "--> database/migrations/core/20240101000000_0a1b2c3d_first.up.sql:2:21",
        "line: SELECT nothing FROM nowhere;",
        "help: the script was rolled back",
    ] {
        assert!(full.contains(part), "{full}");
    }
}
