//! A look at a history that has exactly the migrations of the registry: the server compares
//! digests and sends no entries.

use std::time::Duration;

use migrator_runtime::{DatabaseState, Error, Migrator, Options, Registry, Target};

use super::support::{Database, Proxy, Script, core, registry, within};

const SCRIPTS: [Script<'static>; 4] = [
    ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
    ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
    ("core", 3, "CREATE TABLE c ();", "DROP TABLE c;"),
    ("tenant", 4, "CREATE TABLE d ();", "DROP TABLE d;"),
];

async fn state(database: &Database, registry: &'static Registry) -> Result<DatabaseState, Error> {
    let client = database.client().await;
    let migrator = Migrator::new(registry);
    within("a state", migrator.state(&client, &Target::all())).await
}

async fn waiting_briefly(database: &Database, registry: &'static Registry) -> Option<String> {
    let options = Options::default().lock_timeout(Duration::from_millis(300));
    let migrator = Migrator::with_options(registry, options);
    let outcome = database.up_with(migrator, Target::all()).await;
    outcome.err().map(|error| error.code().to_string())
}

/// An unknown origin makes every read of the entries fail, and is not part of the digest.
#[tokio::test]
async fn with_nothing_to_do_no_entry_is_read() {
    let database = Database::new().await;
    let whole = registry(&SCRIPTS);
    database.up(whole).await.expect("it runs");
    database
        .run("UPDATE migrator.history SET origin = 'none'")
        .await;
    let report = database.up(whole).await.expect("nothing is read");
    assert!(report.done.is_empty());
    let state_of = state(&database, whole).await;
    assert_eq!(state_of.expect("nothing is read"), DatabaseState::Current);
    let mut client = database.client().await;
    let migrator = Migrator::new(whole);
    let target = Target::all();
    let wait = migrator.wait_until_current(&mut client, &target, Duration::ZERO);
    let waited = within("a wait", wait).await.expect("nothing is read");
    assert_eq!(waited, DatabaseState::Current);
    let tenant = Target::service("tenant");
    let own = database.up_with(Migrator::new(whole), tenant).await;
    assert!(own.expect("nothing is read").done.is_empty());
    let without = Migrator::new(registry(&SCRIPTS[..3]));
    let core = database.up_with(without, Target::service("core")).await;
    assert!(
        core.expect("the other service does not count")
            .done
            .is_empty()
    );
    let more = [
        SCRIPTS[0],
        SCRIPTS[1],
        SCRIPTS[2],
        ("core", 5, "CREATE TABLE e ();", "DROP TABLE e;"),
    ];
    let refused = database.up(registry(&more)).await;
    let refused = refused.expect_err("the entries are read");
    assert_eq!(refused.code().to_string(), "M0505");
}

#[tokio::test]
async fn every_change_of_an_entry_is_noticed() {
    let database = Database::new().await;
    let whole = registry(&SCRIPTS);
    database.up(whole).await.expect("it runs");
    database
        .run("CREATE TABLE saved AS SELECT * FROM migrator.core_history")
        .await;
    for change in [
        "DELETE FROM migrator.core_history WHERE version = 20240101000002",
        "DELETE FROM migrator.core_history WHERE version = 20240101000003",
        "DELETE FROM migrator.core_history",
        "UPDATE migrator.core_history SET checksum = '1', fingerprint = NULL \
           WHERE version = 20240101000001",
        "UPDATE migrator.core_history SET checksum = '', fingerprint = ''",
        "UPDATE migrator.core_history SET checksum = concat('0', checksum), fingerprint = NULL",
        "UPDATE migrator.core_history SET fingerprint = 'x' WHERE version = 20240101000003",
        "UPDATE migrator.core_history SET requires = '{core}' WHERE version = 20240101000003",
        "UPDATE migrator.core_history SET name = concat(name, 'x')",
        "UPDATE migrator.core_history SET name = upper(name) WHERE version = 20240101000002",
        "UPDATE migrator.core_history SET version = version + 10",
        "UPDATE migrator.core_history SET version = 7 WHERE version = 20240101000003",
        "UPDATE migrator.core_history SET dirty = 'up' WHERE version = 20240101000003",
        "UPDATE migrator.core_history SET dirty = 'down'",
        "UPDATE migrator.core_history h SET checksum = s.checksum, fingerprint = s.fingerprint \
           FROM saved s WHERE s.version + h.version = 20240101000001 + 20240101000002",
        "UPDATE migrator.core_history h SET name = s.name FROM saved s \
           WHERE s.version + h.version = 20240101000001 + 20240101000002",
        "INSERT INTO migrator.core_history (version, name, applied_on, checksum) \
           VALUES (20240101000009, '0a1b2c3d_x', '2026-01-01T00:00:00Z', '1')",
        "INSERT INTO migrator.tenant_history (version, name, applied_on, checksum) \
           VALUES (20240101000001, '0a1b2c3d_x', '2026-01-01T00:00:00Z', '1')",
        "INSERT INTO migrator.history SELECT * FROM saved LIMIT 1",
    ] {
        database.run(change).await;
        let changed = state(&database, whole).await;
        let is_current = changed.is_ok_and(|state| state == DatabaseState::Current);
        assert!(!is_current, "{change}");
        let report = database.up(whole).await;
        let is_done = report.is_ok_and(|report| report.done.is_empty());
        assert!(!is_done, "{change}");
        database
            .run(
                "DELETE FROM ONLY migrator.history; DELETE FROM migrator.core_history; \
                 INSERT INTO migrator.core_history SELECT * FROM saved; \
                 DELETE FROM migrator.tenant_history WHERE version = 20240101000001; \
                 DROP TABLE IF EXISTS a, b, c",
            )
            .await;
        let restored = state(&database, whole).await.expect("it is read");
        assert_eq!(restored, DatabaseState::Current, "{change}");
    }
}

const NOTED: &str = "\
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
    CREATE TRIGGER noted BEFORE INSERT ON migrator.event FOR EACH ROW EXECUTE FUNCTION noted()";

/// The client may send 10 packets, some 14 kB, before the server has acknowledged one.
#[tokio::test]
async fn a_look_is_one_message_that_fits_into_the_first_window_of_a_connection() {
    let database = Database::new().await;
    let whole = registry(&SCRIPTS);
    database.up(whole).await.expect("it runs");
    let proxy = Proxy::before(&database).await;
    for (connection, change, messages) in [(0, "SELECT 1", 1), (1, NOTED, 2)] {
        database.run(change).await;
        let mut client = proxy.client().await;
        let mut migrator = Migrator::new(whole);
        let up = migrator.up(&mut client, Target::all());
        let report = within("a run", up).await.expect("it is trusted");
        assert!(report.done.is_empty());
        let queries = proxy.queries(connection);
        let reads = |query: &&String| query.contains("migrator reads its history");
        let looks: Vec<&String> = queries.iter().filter(reads).collect();
        assert_eq!(looks.len(), messages, "{change}");
        assert!(looks[0].len() < 10_000, "{}", looks[0].len());
    }
}

/// The long query of the guard reads `pg_trigger`; the check for the usual case does not.
#[tokio::test]
async fn a_usual_history_is_trusted_without_the_long_query() {
    let database = Database::new().await;
    let core = core(&["CREATE TABLE a ();"]);
    database.up(core).await.expect("it runs");
    database
        .run(
            "CREATE ROLE reader_of_digests; \
              GRANT USAGE ON SCHEMA migrator TO reader_of_digests; \
              GRANT SELECT ON migrator.format, migrator.history TO reader_of_digests; \
              CREATE VIEW seen AS SELECT * FROM migrator.history",
        )
        .await;
    let session = database.session().await;
    let lock = "BEGIN; LOCK TABLE pg_trigger IN ACCESS EXCLUSIVE MODE";
    session.batch_execute(lock).await.expect("a lock");
    let unlocked = waiting_briefly(&database, core).await;
    assert_eq!(unlocked, None);
    session.batch_execute("ROLLBACK").await.expect("no lock");
    database.run(NOTED).await;
    assert_eq!(waiting_briefly(&database, core).await, None);
    session.batch_execute(lock).await.expect("a lock");
    let locked = waiting_briefly(&database, core).await;
    assert_eq!(locked.as_deref(), Some("M0505"));
    session.batch_execute("ROLLBACK").await.expect("no lock");
    database
        .run("DROP OWNED BY reader_of_digests; DROP ROLE reader_of_digests")
        .await;
}
