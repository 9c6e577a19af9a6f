//! The event log as data.

use migrator_runtime::history::{EventKind, LogEntry, LogFilter};
use migrator_runtime::{Migrator, Selection};
use tokio::sync::Notify;

use super::support::{Database, registry};

#[tokio::test]
async fn the_log_has_applies_and_failures_in_their_order() {
    let database = Database::new().await;
    let client = database.client().await;
    let good = registry(&[("core", 1, "CREATE TABLE a ();", "DROP TABLE a;")]);
    let empty = Migrator::new(good)
        .log(&client, &LogFilter::default())
        .await;
    assert_eq!(empty.expect("it reads"), [] as [LogEntry; 0]);
    database.up(good).await.expect("it runs");
    let broken = registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "SELECT 1 / 0;", "SELECT 1;"),
    ]);
    database.up(broken).await.expect_err("it fails");
    let log = Migrator::new(good)
        .log(&client, &LogFilter::default())
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
    let newest = LogFilter {
        newest: Some(1),
        ..LogFilter::default()
    };
    let newest = Migrator::new(good)
        .log(&client, &newest)
        .await
        .expect("it reads");
    assert_eq!(newest, std::slice::from_ref(failure));
    assert!(apply.at <= failure.at);
}

/// Adds this number of events to the log: an apply of `core` and a failure of `auth` by turns, a second
/// apart, up to the year 2020.
async fn add_events(database: &Database, number: u32) {
    database
        .run(&format!(
            "INSERT INTO migrator.event \
               (kind, service, version, name, at, message, application, migrator_version) \
             SELECT CASE n % 2 WHEN 0 THEN 'apply' ELSE 'failure' END, \
               CASE n % 2 WHEN 0 THEN 'core' ELSE 'auth' END, 20240101000000 + n, 'a1b2c3d4_x', \
               timestamptz '2020-01-01 00:00:00Z' - ({number} - n) * interval '1 second', \
               repeat('x', 100), 'test', '0' \
             FROM generate_series(1, {number}) n"
        ))
        .await;
}

fn versions(log: &[LogEntry]) -> Vec<i64> {
    let versions = log.iter().map(|one| one.id.version.as_integer());
    versions
        .map(|version| version - 20_240_101_000_000)
        .collect()
}

#[tokio::test]
async fn the_server_selects_the_entries_of_the_log() {
    let database = Database::new().await;
    let client = database.client().await;
    let good = registry(&[("core", 1, "CREATE TABLE a ();", "DROP TABLE a;")]);
    database.up(good).await.expect("it runs");
    database.run("TRUNCATE migrator.event").await;
    add_events(&database, 10).await;
    let migrator = Migrator::new(good);
    let read = async |filter: LogFilter| {
        let log = migrator.log(&client, &filter).await;
        versions(&log.expect("it reads"))
    };
    let all = LogFilter::default;
    let auth = Selection::Named(vec!["auth".to_owned()]);
    let quoted = Selection::Named(vec!["auth\\' OR '{},true".to_owned(), "core".to_owned()]);
    let since = Some("2019-12-31T23:59:58.000Z".to_owned());
    assert_eq!(read(all()).await, (1..=10).collect::<Vec<_>>());
    let services = auth.clone();
    assert_eq!(read(LogFilter { services, ..all() }).await, [1, 3, 5, 7, 9]);
    let services = quoted;
    assert_eq!(
        read(LogFilter { services, ..all() }).await,
        [2, 4, 6, 8, 10]
    );
    let kinds = vec![EventKind::Apply, EventKind::Repair];
    assert_eq!(read(LogFilter { kinds, ..all() }).await, [2, 4, 6, 8, 10]);
    assert_eq!(read(LogFilter { since, ..all() }).await, [8, 9, 10]);
    let newest = Some(2);
    assert_eq!(read(LogFilter { newest, ..all() }).await, [9, 10]);
    let newest_of_auth = LogFilter {
        services: auth,
        newest,
        ..all()
    };
    assert_eq!(read(newest_of_auth).await, [7, 9]);
    let wrong = LogFilter {
        since: Some("no time".to_owned()),
        ..all()
    };
    let error = migrator.log(&client, &wrong).await.expect_err("no time");
    assert_eq!(error.code().to_string(), "M0505", "{error}");
    // The session has no transaction left.
    assert_eq!(
        read(LogFilter {
            newest: Some(1),
            ..all()
        })
        .await,
        [10]
    );
}

#[tokio::test]
async fn a_long_log_is_read_entry_by_entry() {
    let database = Database::new().await;
    let client = database.client().await;
    let good = registry(&[("core", 1, "CREATE TABLE a ();", "DROP TABLE a;")]);
    database.up(good).await.expect("it runs");
    database.run("TRUNCATE migrator.event").await;
    add_events(&database, 100_000).await;
    let mut read = 0;
    let migrator = Migrator::new(good);
    let all = LogFilter::default();
    let reading = migrator.each_logged(&client, &all, |entry| {
        read += 1;
        assert_eq!(versions(&[entry]), [read]);
    });
    reading.await.expect("it reads");
    assert_eq!(read, 100_000);
}

#[tokio::test]
async fn a_dropped_reading_of_the_log_leaves_no_transaction() {
    let database = Database::new().await;
    let client = database.client().await;
    let good = registry(&[("core", 1, "CREATE TABLE a ();", "DROP TABLE a;")]);
    database.up(good).await.expect("it runs");
    add_events(&database, 100_000).await;
    let migrator = Migrator::new(good);
    let (all, begun) = (LogFilter::default(), Notify::new());
    let reading = migrator.each_logged(&client, &all, |_| begun.notify_one());
    // The answer is too long to arrive at once.
    tokio::select! {
        ended = reading => panic!("all of the log was read: {ended:?}"),
        () = begun.notified() => {}
    }
    let open = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid() AND xact_start IS NOT NULL";
    database.until(open, "0").await;
}
