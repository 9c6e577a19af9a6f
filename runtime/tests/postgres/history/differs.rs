//! A history and a registry that differ.

use migrator_runtime::{Direction, Migrator, Options, Policy, Selection, State, Target};

use super::{TABLES, TWO};
use crate::support::{Database, core, done, registry, version};

#[tokio::test]
async fn an_older_binary_reverts_newer_migrations_by_their_recorded_scripts() {
    let database = Database::new().await;
    let (newer, older) = (registry(&TWO), registry(&TWO[..1]));
    database.up(newer).await.expect("it runs");
    let refused = database
        .up(older)
        .await
        .expect_err("a migration is missing");
    assert_eq!(refused.code().to_string(), "M0402");
    let policy = Policy {
        cascade: migrator_runtime::Leave::Allowed,
        ..Policy::default()
    };
    let options = Options::default().policy(policy);
    let target = Target::service("core").to(version(1));
    let report = database
        .down_with(Migrator::with_options(older, options), target)
        .await
        .expect("it runs");
    assert_eq!(done(&report), ["tenant/3", "core/2"]);
    assert_eq!(database.rows(TABLES).await, ["a"]);
}

#[tokio::test]
async fn a_service_that_only_the_history_has_is_reverted_and_shown_by_name() {
    let database = Database::new().await;
    database
        .up(registry(&[(
            "lonely",
            5,
            "CREATE TABLE l ();",
            "DROP TABLE l;",
        )]))
        .await
        .expect("it runs");
    let other = core(&["SELECT 1;"]).changed(|data| {
        data.services.retain(|service| service.name != "lonely");
    });
    let other: &'static _ = Box::leak(Box::new(other));
    let client = database.client().await;
    let migrator = Migrator::new(other);
    let named = Selection::Named(vec!["lonely".to_owned()]);
    let status = migrator.status(&client, &named).await.expect("it is known");
    assert_eq!(status.services[0].migrations[0].state, State::Missing);
    let target = Target::service("lonely");
    let error = database.up_with(Migrator::new(other), target.clone()).await;
    assert_eq!(
        error
            .expect_err("there is nothing to apply")
            .code()
            .to_string(),
        "M0406"
    );
    database.down_with(migrator, target).await.expect("it runs");
    assert!(database.rows(TABLES).await.is_empty());
}

#[tokio::test]
async fn an_unknown_service_is_refused_with_the_nearest_name() {
    let database = Database::new().await;
    let registry = registry(&TWO);
    for direction in [Direction::Up, Direction::Down] {
        let client = database.client().await;
        let target = Target::service("tennant");
        let error = Migrator::new(registry)
            .plan(&client, direction, &target)
            .await
            .expect_err("it is not known");
        assert_eq!(error.to_string(), "unknown service `tennant`");
        let help = "did you mean `tenant`? the services are core, auth, lonely, tenant";
        assert_eq!(error.help(), help);
    }
}

#[tokio::test]
async fn a_changed_migration_is_reverted_by_the_script_recorded_with_it() {
    let database = Database::new().await;
    database
        .up(registry(&[(
            "core",
            1,
            "CREATE TABLE a ();",
            "DROP TABLE a;",
        )]))
        .await
        .expect("it runs");
    let changed = registry(&[("core", 1, "CREATE TABLE b ();", "DROP TABLE b;")]);
    let error = database.up(changed).await.expect_err("it is changed");
    assert_eq!(error.code().to_string(), "M0401");
    database.down(changed).await.expect("it runs");
    assert!(database.rows(TABLES).await.is_empty());
    database.up(changed).await.expect("it runs");
    assert_eq!(database.rows(TABLES).await, ["b"]);
}

#[tokio::test]
async fn the_directives_of_a_recorded_script_apply() {
    let database = Database::new().await;
    let down = "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY i;";
    let up = "CREATE TABLE a (id int); CREATE INDEX i ON a (id);";
    database
        .up(registry(&[("core", 1, up, down)]))
        .await
        .expect("it runs");
    let report = database
        .down_with(Migrator::new(core(&[])), Target::service("core"))
        .await;
    assert_eq!(done(&report.expect("it runs")), ["core/1"]);
}
