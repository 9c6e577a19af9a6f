//! Roles and databases with special privileges or settings.

use migrator_runtime::{Error, ErrorKind, Left, Migrator, Part, Report, Selection};

use super::support::{Database, core, done, fault, registry, within};

#[tokio::test]
async fn a_serializable_default_changes_nothing() {
    for level in ["serializable", "repeatable read"] {
        let database = Database::new().await;
        database
            .set(&format!("default_transaction_isolation = '{level}'"))
            .await;
        let registry = core(&[
            "CREATE TABLE a ();",
            "-- migrator: no-transaction\nCREATE TABLE b ();",
        ]);
        database.up(registry).await.expect(level);
        let report = database.down(registry).await.expect(level);
        assert_eq!(report.done.len(), 2);
    }
}

#[tokio::test]
async fn a_roles_timeouts_do_not_reach_the_lock() {
    let database = Database::new().await;
    database
        .set("idle_in_transaction_session_timeout = '1ms'")
        .await;
    database.set("statement_timeout = '20s'").await;
    let scripts = ["SELECT pg_sleep(0.05);", "SELECT pg_sleep(0.05);"];
    let report = database.up(core(&scripts)).await.expect("the lock is kept");
    assert_eq!(done(&report), ["core/1", "core/2"]);
}

#[tokio::test]
async fn a_role_that_may_not_read_the_history_gets_an_error_that_says_so() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1;"])).await.expect("it runs");
    let (limited, _) = database.as_new_role().await;
    let error = limited
        .up(core(&["SELECT 1;"]))
        .await
        .expect_err("it may not");
    assert_eq!(error.to_string(), "reading the history failed");
    let ErrorKind::History { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(why, "permission denied for schema migrator");
}

#[tokio::test]
async fn the_tables_are_owned_by_the_role_that_the_sessions_start_with() {
    let database = Database::new().await;
    let (_, role) = database.as_new_role().await;
    database
        .run(&format!("CREATE SCHEMA migrator AUTHORIZATION {role}"))
        .await;
    database.set(&format!("role = '{role}'")).await;
    database
        .up(core(&["RESET ROLE; SET ROLE pg_monitor;", "SELECT 1;"]))
        .await
        .expect("it runs");
    let owner = "SELECT DISTINCT relowner::regrole FROM pg_class \
                 WHERE relnamespace = 'migrator'::regnamespace AND relkind = 'r'";
    assert_eq!(database.value(owner).await, role);
    assert_eq!(
        database
            .value("SELECT DISTINCT role FROM migrator.event")
            .await,
        role
    );
}

/// A history that another role created, and a role that lacks a privilege.
async fn limited_by(grants: &str) -> (Database, Database) {
    let database = Database::new().await;
    database
        .up(core(&["CREATE TABLE public.a ();"]))
        .await
        .expect("it runs");
    let (limited, role) = database.as_new_role().await;
    let grants = grants.replace("TO app", &format!("TO {role}"));
    database
        .run(&format!("GRANT ALL ON SCHEMA public TO {role}; {grants}"))
        .await;
    (database, limited)
}

/// Returns the error of a role without a privilege, and asserts that nothing was done.
async fn forbidden(database: &Database, outcome: Result<Report, Error>) -> (String, Error) {
    let error = outcome.expect_err("it may not");
    assert!(error.report.done.is_empty());
    assert_eq!(database.recorded().await, ["core/1"]);
    let made = "SELECT count(*) FROM pg_class WHERE relname = 'b'";
    assert_eq!(database.value(made).await, "0");
    let (why, sqlstate) = if let ErrorKind::Script(fault) = &*error.kind {
        (fault.message.clone(), fault.sqlstate.as_deref())
    } else if let ErrorKind::History { why, sqlstate, .. } = &*error.kind {
        (why.clone(), sqlstate.as_deref())
    } else {
        panic!("{error:?}")
    };
    assert_eq!(sqlstate, Some("42501"));
    (why, error)
}

const TWO: [&str; 2] = ["CREATE TABLE public.a ();", "CREATE TABLE public.b ();"];

const READS: &str = "GRANT USAGE ON SCHEMA migrator TO app;\
                     GRANT SELECT ON ALL TABLES IN SCHEMA migrator TO app;";

#[tokio::test]
async fn a_role_that_may_only_read_the_history_applies_nothing() {
    let (database, limited) = limited_by(READS).await;
    let client = limited.client().await;
    let status = Migrator::new(core(&TWO));
    let status = within("status", status.status(&client, &Selection::All)).await;
    assert!(!status.expect("it may read").is_current());
    let again = limited.up(core(&TWO[..1])).await.expect("nothing pending");
    assert!(again.done.is_empty());
    let (why, error) = forbidden(&database, limited.up(core(&TWO)).await).await;
    assert_eq!(why, "permission denied for table core_history");
    assert_eq!(error.code().to_string(), "M0505");
    assert!(error.to_string().contains("could not be recorded: "));
    assert!(error.help().contains("own"), "{}", error.help());
    let (why, error) = forbidden(&database, limited.down(core(&TWO)).await).await;
    // The script itself does nothing.
    assert_eq!(why, "permission denied for table core_history");
    assert_eq!(fault(Err(error)).part, Part::Record);
}

#[tokio::test]
async fn a_role_that_may_not_write_events_applies_nothing() {
    let grants = format!("{READS} GRANT ALL ON migrator.core_history TO app;");
    let (database, limited) = limited_by(&grants).await;
    let (why, error) = forbidden(&database, limited.up(core(&TWO)).await).await;
    assert_eq!(why, "permission denied for table event");
    assert_eq!(fault(Err(error)).left, Left::Nothing);
}

#[tokio::test]
async fn a_role_that_does_not_own_the_history_creates_no_table_in_it() {
    let grants = "GRANT ALL ON SCHEMA migrator TO app;\
                  GRANT ALL ON ALL TABLES IN SCHEMA migrator TO app;";
    let (database, limited) = limited_by(grants).await;
    let report = limited.up(core(&["CREATE TABLE public.a ();", "SELECT 2;"]));
    assert_eq!(done(&report.await.expect("it may write")), ["core/2"]);
    database
        .run("DELETE FROM migrator.core_history WHERE version % 10 = 2")
        .await;
    let further = registry(&[
        ("core", 1, "CREATE TABLE public.a ();", "SELECT 1;"),
        ("tenant", 3, "CREATE TABLE public.b ();", "SELECT 1;"),
    ]);
    let (why, error) = forbidden(&database, limited.up(further).await).await;
    assert_eq!(why, "must be owner of table history");
    assert_eq!(error.code().to_string(), "M0505");
    assert_eq!(error.to_string(), "creating the history's tables failed");
}

#[tokio::test]
async fn a_script_that_the_role_may_not_run_leaves_nothing() {
    let (database, limited) = limited_by("").await;
    let (_, name) = database.url.rsplit_once('/').expect("a name");
    database
        .run(&format!(
            "DROP SCHEMA migrator CASCADE; GRANT CREATE ON DATABASE {name} TO role_of_{name}; \
             CREATE SCHEMA shop"
        ))
        .await;
    for mode in ["", "-- migrator: no-transaction\n"] {
        let script = format!("{mode}CREATE TABLE shop.b ();");
        let outcome = limited.up(core(&["SELECT 1;", &script])).await;
        let error = outcome.expect_err("it may not");
        assert_eq!(error.code().to_string(), "M0501");
        let help = error.help();
        let fault = fault(Err(error));
        assert_eq!(fault.message, "permission denied for schema shop");
        assert_eq!(fault.sqlstate.as_deref(), Some("42501"));
        assert_eq!(fault.part, Part::Script);
        if fault.left == Left::Nothing {
            assert!(help.contains("grant the role"), "{help}");
            assert_eq!(database.recorded().await, ["core/1"]);
        }
    }
}

/// A role that can only log in, but is a member of a role with all privileges.
async fn member(database: &Database) -> (Database, String, String) {
    let (member, login) = database.as_new_role().await;
    let owner = format!("{login}_owner");
    let (_, name) = database.url.rsplit_once('/').expect("a name");
    database
        .run(&format!(
            "CREATE ROLE {owner}; GRANT {owner} TO {login}; \
             GRANT CREATE ON DATABASE {name} TO {owner}"
        ))
        .await;
    (member, login, owner)
}

/// Asserts that everything works as `owner`, who owns all new objects.
async fn works_as(owner: &str, member: &Database, database: &Database) {
    let registry = core(&[
        "CREATE SCHEMA shop; CREATE TABLE shop.a ();",
        "-- migrator: no-transaction\nCREATE TABLE shop.b ();",
        "RESET ROLE; CREATE TABLE shop.c ();",
    ]);
    let report = member.up(registry).await.expect("the other role may");
    assert_eq!(report.done.len(), 3);
    let owners = "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ' ') FROM pg_class \
                   WHERE relnamespace IN ('shop'::regnamespace, 'migrator'::regnamespace)";
    assert_eq!(database.value(owners).await, owner);
    let roles = "SELECT string_agg(DISTINCT role, ' ') FROM migrator.event";
    assert_eq!(database.value(roles).await, owner);
    let migrator = Migrator::new(registry);
    let client = member.client().await;
    let status = migrator
        .status(&client, &Selection::All)
        .await
        .expect("it is read");
    assert!(status.is_current(), "{status:?}");
    client.close().await;
    let report = member.down(registry).await.expect("it is reverted");
    assert_eq!(report.done.len(), 3);
}

#[tokio::test]
async fn a_default_role_of_a_login_owns_the_new_objects() {
    let database = Database::new().await;
    let (member, login, owner) = member(&database).await;
    database
        .run(&format!("ALTER ROLE {login} SET role = '{owner}'"))
        .await;
    works_as(&owner, &member, &database).await;
}

#[tokio::test]
async fn a_role_from_the_options_owns_the_new_objects() {
    let database = Database::new().await;
    let (member, _, owner) = member(&database).await;
    let url = format!("{}?options=-c%20role%3D{owner}", member.url);
    works_as(&owner, &Database::at(url), &database).await;
}
