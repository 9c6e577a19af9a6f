//! What a run records, and for whom.

use migrator_runtime::{Migrator, Options, Target};
use refinery_core::Runner;
use refinery_core::traits::r#async::AsyncMigrate as _;

use super::{TABLES, TWO};
use crate::support::{Database, core, done, registry, version, within};

#[tokio::test]
async fn up_down_and_up_again() {
    let database = Database::new().await;
    let registry = registry(&TWO);
    for _ in 0..2 {
        let report = database.up(registry).await.expect("it runs");
        assert_eq!(done(&report), ["core/1", "core/2", "tenant/3"]);
        assert_eq!(database.rows(TABLES).await, ["a", "b", "c"]);
        let report = database.down(registry).await.expect("it runs");
        assert_eq!(done(&report), ["tenant/3", "core/2", "core/1"]);
        assert!(database.rows(TABLES).await.is_empty());
        assert!(database.recorded().await.is_empty());
    }
}

#[tokio::test]
async fn an_entry_has_the_documented_columns() {
    let database = Database::new().await;
    let registry = registry(&TWO);
    database.up(registry).await.expect("it runs");
    let migration = registry
        .migration("tenant", version(3))
        .expect("it is there");
    assert_eq!(
        database
            .value(
                "SELECT version, name, checksum, fingerprint, dirty, requires, depends_on, \
                   up_script, down_script FROM migrator.tenant_history"
            )
            .await,
        format!(
            "20240101000003|e000003a_m3|{}|{:016x}|NULL|{{core/20240101000002}}|{{core}}|\
             -- migrator: requires core/20240101000002\nCREATE TABLE c (id int);|DROP TABLE c;",
            migration.checksum,
            migration.up().fingerprint
        )
    );
    assert_eq!(
        database
            .value(
                "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' \
                   ORDER BY attnum) FROM pg_attribute \
                 WHERE attrelid = 'migrator.tenant_history'::regclass AND attnum BETWEEN 1 AND 4"
            )
            .await,
        "version bigint, name character varying(255), applied_on character varying(255), \
         checksum character varying(255)"
    );
    let age = "SELECT abs(extract(epoch FROM now() - applied_on::timestamptz)) < 600 \
               FROM migrator.tenant_history";
    assert_eq!(database.value(age).await, "t");
}

#[tokio::test]
async fn refinery_reads_the_history_of_a_service() {
    let database = Database::new().await;
    let registry = registry(&TWO);
    database.up(registry).await.expect("it runs");
    let mut session = database.session().await;
    let theirs = session
        .get_applied_migrations("migrator.core_history")
        .await
        .expect("refinery reads it");
    let theirs: Vec<_> = theirs
        .iter()
        .map(|m| (m.version(), m.name().to_owned(), m.checksum()))
        .collect();
    let ours: Vec<_> = registry
        .migrations_of("core")
        .map(|m| {
            (
                m.version.as_integer(),
                m.history_name().to_owned(),
                m.checksum,
            )
        })
        .collect();
    assert_eq!(theirs, ours);
    // refinery's runner finds nothing to do and no difference.
    let migrations: Vec<_> = registry
        .migrations_of("core")
        .map(|m| {
            let name = format!("V{}__{}", m.version.as_integer(), m.history_name());
            refinery_core::Migration::unapplied(&name, &m.up().sql()).expect("it is well named")
        })
        .collect();
    let report = Runner::new(&migrations)
        .set_migration_table_name("migrator.core_history")
        .run_async(&mut session)
        .await
        .expect("nothing differs");
    assert!(report.applied_migrations().is_empty());
}

#[tokio::test]
async fn every_apply_revert_and_failure_is_an_event() {
    let database = Database::new().await;
    let options = Options::default().application("the test".to_owned());
    let registry = registry(&[
        ("core", 1, "CREATE TABLE a (id int);", "DROP TABLE a;"),
        ("core", 2, "SELECT 1/0;", "SELECT 1;"),
    ]);
    let migrator = || Migrator::with_options(registry, options.clone());
    let error = database
        .up_with(migrator(), Target::all())
        .await
        .expect_err("it fails");
    assert_eq!(done(&error.report), ["core/1"]);
    database
        .down_with(migrator(), Target::all())
        .await
        .expect("it runs");
    let events = database
        .rows(
            "SELECT kind, service, version, name, message, application, role, \
               migrator_version, milliseconds >= 0 AND milliseconds < 60000, \
               abs(extract(epoch FROM now() - at)) < 600, pid > 0 \
             FROM migrator.event ORDER BY id",
        )
        .await;
    let event = |kind: &str, number: i64, message: &str| {
        format!(
            "{kind}|core|{}|c{number:06}a_m{number}|{message}|the test|postgres|{}|t|t|t",
            version(number),
            env!("CARGO_PKG_VERSION")
        )
    };
    assert_eq!(
        events,
        [
            event("apply", 1, "NULL"),
            event("failure", 2, "division by zero"),
            event("revert", 1, "NULL"),
        ]
    );
    let checksums = "SELECT count(*) FROM migrator.event WHERE checksum ~ '^[0-9]+$'";
    assert_eq!(database.value(checksums).await, "3");
}

#[tokio::test]
async fn the_users_application_name_is_kept() {
    let database = Database::new().await;
    let named = Database::at(format!("{}?application_name=shop", database.url));
    named.up(core(&["SELECT 1;"])).await.expect("it runs");
    let application = "SELECT application FROM migrator.event";
    assert_eq!(database.value(application).await, "shop");
}

#[tokio::test]
async fn migrations_before_a_failure_remain_applied_and_are_reported() {
    let database = Database::new().await;
    let scripts = [
        "CREATE TABLE a ();",
        "CREATE TABLE b (); CREATE TABLE a ();",
        "SELECT 1;",
    ];
    let error = database.up(core(&scripts)).await.expect_err("it fails");
    assert_eq!(done(&error.report), ["core/1"]);
    assert_eq!(error.code().to_string(), "M0501");
    assert_eq!(
        database.rows(TABLES).await,
        ["a"],
        "nothing of the second is left"
    );
    assert_eq!(database.recorded().await, ["core/1"]);
    assert_eq!(database.events().await, ["apply core/1", "failure core/2"]);
}

#[tokio::test]
async fn after_a_failure_the_client_can_be_used() {
    let database = Database::new().await;
    let mut client = database.client().await;
    let mut migrator = Migrator::new(core(&["SELECT 1/0;"]));
    for _ in 0..3 {
        let run = migrator.up(&mut client, Target::all());
        within("up", run).await.expect_err("it fails");
    }
    let rows = client.postgres().simple_query("SELECT 1").await;
    rows.expect("no transaction is left open");
}

#[tokio::test]
async fn the_last_commit_of_a_run_is_synchronous_and_the_others_are_not() {
    let database = Database::new().await;
    // The trigger runs in the COMMIT of each script.
    database
        .run(
            "CREATE TABLE seen (id int GENERATED ALWAYS AS IDENTITY, setting text);
             CREATE TABLE mark ();
             CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               INSERT INTO public.seen (setting) VALUES (current_setting('synchronous_commit'));
               RETURN NEW; END $$;
             CREATE CONSTRAINT TRIGGER see AFTER INSERT ON mark
               DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see();",
        )
        .await;
    let scripts = ["INSERT INTO mark DEFAULT VALUES;"; 3];
    database.set("synchronous_commit = local").await;
    database.up(core(&scripts)).await.expect("it runs");
    let seen = "SELECT setting FROM seen ORDER BY id";
    assert_eq!(database.rows(seen).await, ["off", "off", "local"]);
}
