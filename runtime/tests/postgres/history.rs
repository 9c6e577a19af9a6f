//! What a run records in the history, and how the history is read.

use migrator_runtime::{Direction, ErrorKind, Migrator, Options, Policy, Selection, State, Target};
use refinery_core::{Runner, traits::r#async::AsyncMigrate as _};

use super::support::{Database, Script, core, done, registry, stem, telling, version, within};

const TWO: [Script<'static>; 3] = [
    ("core", 1, "CREATE TABLE a (id int);", "DROP TABLE a;"),
    ("core", 2, "CREATE TABLE b (id int);", "DROP TABLE b;"),
    (
        "tenant",
        3,
        "-- migrator: requires core/20240101000002\nCREATE TABLE c (id int);",
        "DROP TABLE c;",
    ),
];

const TABLES: &str = "SELECT relname FROM pg_class \
                      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1";

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
            migration.checksum, migration.up.fingerprint
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
        .map(|m| (m.version.as_integer(), m.history_name(), m.checksum))
        .collect();
    assert_eq!(theirs, ours);
    // refinery's runner finds nothing to do and no difference.
    let migrations: Vec<_> = registry
        .migrations_of("core")
        .map(|m| {
            let name = format!("V{}__{}", m.version.as_integer(), m.history_name());
            refinery_core::Migration::unapplied(&name, &m.up.sql()).expect("it is well named")
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
async fn the_history_can_lie_in_any_schema() {
    for schema in [
        "other",
        "Ünder \"score\"; DROP TABLE a; --",
        "it's $m$ $mm",
        "SELECT",
        "a.b",
    ] {
        let database = Database::new().await;
        let registry = registry(&TWO);
        let options = Options::default().schema(schema.to_owned());
        let migrator = || Migrator::with_options(registry, options.clone());
        let report = database
            .up_with(migrator(), Target::all())
            .await
            .expect(schema);
        assert_eq!(report.done.len(), 3);
        let again = database
            .up_with(migrator(), Target::all())
            .await
            .expect(schema);
        assert!(again.done.is_empty(), "{schema}");
        let quoted = schema.replace('"', "\"\"");
        let count = format!("SELECT count(*) FROM \"{quoted}\".history");
        assert_eq!(database.value(&count).await, "3");
        database
            .down_with(migrator(), Target::all())
            .await
            .expect(schema);
        assert_eq!(database.value(&count).await, "0");
    }
}

#[tokio::test]
async fn a_history_of_another_format_is_refused_and_left_alone() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1;"])).await.expect("it runs");
    for (format, shown) in [
        (
            "UPDATE migrator.format SET format = 3, needs = '0.9.0'",
            "the history has format 3, which needs migrator 0.9.0; this binary knows formats up \
             to 2",
        ),
        (
            "DELETE FROM migrator.format",
            "the history does not say its format: its table `format` must have one row",
        ),
    ] {
        database.run(format).await;
        let error = database
            .up(core(&["SELECT 1;", "SELECT 2;"]))
            .await
            .expect_err(format);
        assert_eq!(error.code().to_string(), "M0504");
        assert_eq!(error.to_string(), shown);
        assert_eq!(database.recorded().await, ["core/1"]);
    }
}

#[tokio::test]
async fn a_row_changed_by_hand_is_named() {
    for change in [
        "ALTER TABLE migrator.history DROP CONSTRAINT history_dirty_check; \
         UPDATE migrator.core_history SET dirty = 'sideways'",
        "UPDATE migrator.core_history SET fingerprint = 'x'",
        "UPDATE migrator.core_history SET requires = '{core}'",
        "INSERT INTO migrator.history SELECT * FROM migrator.core_history",
    ] {
        let database = Database::new().await;
        database.up(core(&["SELECT 1;"])).await.expect("it runs");
        database.run(change).await;
        let error = database.up(core(&["SELECT 1;"])).await.expect_err(change);
        assert_eq!(error.code().to_string(), "M0505", "{change}");
        assert_eq!(error.to_string(), "reading the history failed");
        let ErrorKind::History { why, .. } = &*error.kind else {
            panic!("{error:?}")
        };
        assert!(why.contains("c000001a_m1"), "{why}");
    }
}

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
    let mut other = core(&["SELECT 1;"]).clone();
    let services: Vec<_> = other
        .services
        .iter()
        .filter(|s| s.name != "lonely")
        .cloned()
        .collect();
    other.services = services.into();
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

#[tokio::test]
async fn neither_a_plan_nor_a_status_writes_anything() {
    let database = Database::new().await;
    // Any write would fail.
    database.set("default_transaction_read_only = on").await;
    let registry = registry(&TWO);
    let client = database.client().await;
    let migrator = Migrator::new(registry);
    for direction in [Direction::Up, Direction::Down] {
        let plan = migrator.plan(&client, direction, &Target::all()).await;
        plan.expect("a plan");
    }
    let status = migrator
        .status(&client, &Selection::All)
        .await
        .expect("a status");
    assert!(!status.is_current());
    let schema = "SELECT count(*) FROM pg_namespace WHERE nspname = 'migrator'";
    assert_eq!(database.value(schema).await, "0");
}

#[tokio::test]
async fn with_nothing_pending_a_run_writes_nothing_and_takes_no_lock() {
    let database = Database::new().await;
    let registry = registry(&TWO);
    let (limited, role) = database.as_new_role().await;
    database
        .run(&format!(
            "CREATE SCHEMA migrator AUTHORIZATION {role}; GRANT ALL ON SCHEMA public TO {role}"
        ))
        .await;
    limited.up(registry).await.expect("it runs");
    // No second connection can be opened, so that no lock can be taken. Any write would fail.
    database
        .run(&format!("ALTER ROLE {role} CONNECTION LIMIT 1"))
        .await;
    database.set("default_transaction_read_only = on").await;
    let sessions = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}'");
    database.until(&sessions, "0").await;
    let (migrator, told) = telling(registry, Options::default());
    let report = limited
        .up_with(migrator, Target::all())
        .await
        .expect("nothing is to be done");
    assert!(report.done.is_empty());
    assert_eq!(*told.all.lock().expect("nobody panics"), ["planned 0"]);
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

#[tokio::test]
async fn a_schema_made_beforehand_is_used() {
    let database = Database::new().await;
    let (limited, role) = database.as_new_role().await;
    let error = limited
        .up(core(&["SELECT 1;"]))
        .await
        .expect_err("it may not make a schema");
    assert_eq!(error.code().to_string(), "M0505");
    assert_eq!(error.to_string(), "creating the history's tables failed");
    let ErrorKind::History { why, .. } = &*error.kind else {
        panic!("{error:?}")
    };
    assert!(why.starts_with("permission denied for database"), "{why}");
    assert!(error.help().contains("CREATE"), "{}", error.help());
    database
        .run(&format!(
            "CREATE SCHEMA migrator AUTHORIZATION {role}; COMMENT ON SCHEMA migrator IS 'ours'"
        ))
        .await;
    limited.up(core(&["SELECT 1;"])).await.expect("it runs");
    let comment = "SELECT obj_description('migrator'::regnamespace)";
    assert_eq!(database.value(comment).await, "ours");
    assert_eq!(
        database.value("SELECT role FROM migrator.event").await,
        role
    );
    assert!(stem("core", 1).ends_with("c000001a_m1"));
}
