//! Histories that a run cannot upgrade or read.

use migrator_runtime::history::Origin;
use migrator_runtime::{ErrorKind, Migrator};

use super::{FIRST, FORMATS, format_1};
use crate::support::{Database, core};

#[tokio::test]
async fn a_role_that_does_not_own_the_tables_gets_an_error_that_says_so() {
    let database = format_1().await;
    let (limited, role) = database.as_new_role().await;
    database
        .run(&format!(
            "GRANT USAGE ON SCHEMA migrator TO {role}; \
             GRANT ALL ON ALL TABLES IN SCHEMA migrator TO {role}"
        ))
        .await;
    let error = limited.up(core(&[FIRST, "SELECT 2;"])).await;
    let error = error.expect_err("it is not the owner");
    assert_eq!(error.code().to_string(), "M0505");
    let ErrorKind::History { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(why, "must be owner of table format");
    assert!(error.help().contains("needs the role that owns them"));
    assert_eq!(database.value(FORMATS).await, "1");
}

#[tokio::test]
async fn a_newer_format_is_reported_before_its_additional_columns() {
    let newer = "UPDATE migrator.format SET format = 3, needs = '0.9.0'; \
                 ALTER TABLE migrator.history ADD CHECK (version > 0)";
    for (change, code) in [
        (newer, "M0504"),
        // This version knows the format, but lacks the check.
        (
            "ALTER TABLE migrator.history ADD CHECK (version > 0)",
            "M0526",
        ),
        // The format itself cannot be trusted.
        (
            "UPDATE migrator.format SET format = 3; \
             ALTER TABLE migrator.format ADD CHECK (format > 0)",
            "M0526",
        ),
    ] {
        let database = Database::new().await;
        database.up(core(&[FIRST])).await.expect("it runs");
        database.run(change).await;
        let outcome = database.up(core(&[FIRST, "SELECT 2;"])).await;
        let error = outcome.expect_err(change);
        assert_eq!(error.code().to_string(), code, "{change}");
        assert_eq!(database.recorded().await, ["core/1"]);
    }
}

#[tokio::test]
async fn an_origin_that_no_version_writes_is_malformed() {
    let database = Database::new().await;
    database.up(core(&[FIRST])).await.expect("it runs");
    let client = database.client().await;
    let migrator = Migrator::new(core(&[FIRST]));
    for (word, origin) in [
        ("baseline", Origin::Baseline),
        ("adopted", Origin::Adopted),
        ("applied", Origin::Applied),
    ] {
        let change = format!("UPDATE migrator.core_history SET origin = '{word}'");
        database.run(&change).await;
        let history = migrator.history(&client).await.expect("a history");
        assert!(history.entries().all(|entry| entry.origin == origin));
    }
    let change = "UPDATE migrator.core_history SET origin = 'found'";
    database.run(change).await;
    let error = migrator.history(&client).await.expect_err("it is unknown");
    assert_eq!(error.code().to_string(), "M0505");
}
