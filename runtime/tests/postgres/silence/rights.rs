//! A wait for rights, and errors that no wait can mend.

use std::time::Duration;

use migrator_runtime::{
    DatabaseState, ErrorKind, Migrator, Settings, Target, connect_code, connect_within,
};
use tokio::net::TcpListener;

use crate::support::{Database, core, within};

#[tokio::test]
async fn a_role_without_rights_waits_until_it_has_them() {
    let database = Database::new().await;
    let registry = core(&["CREATE TABLE a ();"]);
    let (limited, role) = database.as_new_role().await;
    database.up(registry).await.expect("it runs");
    let (migrator, target) = (Migrator::new(registry), Target::all());
    let mut client = limited.client().await;
    let wait = migrator.wait_until_current(&mut client, &target, Duration::ZERO);
    let error = within("a wait", wait).await.expect_err("it may not read");
    let ErrorKind::History { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert!(
        why.starts_with("permission denied for schema migrator"),
        "{why}"
    );
    let wait = migrator.wait_until_current(&mut client, &target, Duration::MAX);
    let grant = async {
        let asked = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}' \
             AND query LIKE '/* migrator reads its history */%'"
        );
        database.until(&asked, "1").await;
        let grants = format!(
            "GRANT USAGE ON SCHEMA migrator TO {role};\
             GRANT SELECT ON migrator.format, migrator.history TO {role};"
        );
        database.run(&grants).await;
    };
    let (found, ()) = within("both", async { tokio::join!(wait, grant) }).await;
    assert_eq!(found.expect("it may read"), DatabaseState::Current);
}

#[tokio::test]
async fn connecting_waits_only_for_errors_that_may_pass() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = port.local_addr().expect("an address");
    drop(port);
    let url = format!("postgresql://postgres@{address}/postgres");
    let settings = Settings::parse(&url).expect("a URL");
    let error = within("no wait", connect_within(settings, Duration::ZERO)).await;
    let error = error.expect_err("nobody listens");
    assert_eq!(connect_code(&error).to_string(), "M0902");
    let database = Database::new().await;
    let (server, _) = database.url.rsplit_once('/').expect("a name");
    let settings = Settings::parse(&format!("{server}/nowhere")).expect("a URL");
    let error = within("no wait", connect_within(settings, Duration::MAX)).await;
    let error = error.expect_err("there is no database");
    assert_eq!(connect_code(&error).to_string(), "M0903");
}

#[tokio::test]
async fn default_privileges_let_a_role_read_the_history_from_the_start() {
    let schemas = "ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT USAGE ON SCHEMAS TO app;\
                   ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO app;";
    let alone = "CREATE SCHEMA migrator AUTHORIZATION postgres;\
                 GRANT USAGE ON SCHEMA migrator TO app;\
                 ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA migrator \
                 GRANT SELECT ON TABLES TO app;";
    for grants in [schemas, alone] {
        let database = Database::new().await;
        let registry = core(&["CREATE TABLE a ();"]);
        let (limited, role) = database.as_new_role().await;
        let grants = grants.replace("TO app", &format!("TO {role}"));
        database.run(&grants).await;
        let (migrator, target) = (Migrator::new(registry), Target::all());
        let client = limited.client().await;
        let before = migrator.state(&client, &target).await;
        assert_eq!(before.expect("a state"), DatabaseState::Behind(1));
        database.up(registry).await.expect("it runs");
        let after = migrator.state(&client, &target).await;
        assert_eq!(after.expect("a state"), DatabaseState::Current);
    }
}
