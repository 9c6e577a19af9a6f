//! The event log as data.

use migrator_runtime::Migrator;
use migrator_runtime::history::LogEntry;

use super::support::{Database, registry};

#[tokio::test]
async fn the_log_has_applies_and_failures_in_their_order() {
    let database = Database::new().await;
    let client = database.client().await;
    let good = registry(&[("core", 1, "CREATE TABLE a ();", "DROP TABLE a;")]);
    let empty = Migrator::new(good).log(&client, 10).await;
    assert_eq!(empty.expect("it reads"), [] as [LogEntry; 0]);
    database.up(good).await.expect("it runs");
    let broken = registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "SELECT 1 / 0;", "SELECT 1;"),
    ]);
    database.up(broken).await.expect_err("it fails");
    let log = Migrator::new(good)
        .log(&client, 10)
        .await
        .expect("it reads");
    let shown: Vec<String> = log
        .iter()
        .map(|one| {
            format!(
                "{} {}/{}",
                one.kind,
                one.id.service,
                one.id.version.as_integer()
            )
        })
        .collect();
    assert_eq!(
        shown,
        ["apply core/20240101000001", "failure core/20240101000002"]
    );
    let [apply, failure] = &log[..] else {
        panic!("two entries: {log:?}");
    };
    assert!(apply.took.is_some() && apply.message.is_none(), "{apply:?}");
    assert!(apply.at.ends_with('Z') && apply.at.len() == 24, "{apply:?}");
    let message = failure.message.as_deref().unwrap_or_default();
    assert!(message.contains("division by zero"), "{failure:?}");
    let newest = Migrator::new(good).log(&client, 1).await.expect("it reads");
    assert_eq!(newest, std::slice::from_ref(failure));
    assert!(apply.at <= failure.at);
}
