//! Scripts outside a transaction that were interrupted and are resumed.

use std::time::Duration;

use migrator_runtime::plan::Remedy;
use migrator_runtime::plan::Start;
use migrator_runtime::{
    Client, Direction, Error, Left, Migrator, Options, Report, Selection, State, Status, Target,
};
use tokio::task::JoinHandle;

use super::support::{
    Database, Script, Told, core, done, fault, registry, telling, version, within,
};

const BUILD: &str = "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON a (id);";
const VALID: &str = "SELECT string_agg(indisvalid::text, ' ') FROM pg_index \
                     JOIN pg_class c ON c.oid = indexrelid WHERE c.relname = 'i'";
/// The number of sessions that wait for other transactions.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                       AND datname = current_database() AND query LIKE '%CONCURRENTLY%'";

/// A transaction that has written to `a`. Every concurrent index operation on `a` waits for it.
async fn writer(database: &Database) -> tokio_postgres::Client {
    let session = database.session().await;
    let write = "BEGIN; INSERT INTO a VALUES (1)";
    session.batch_execute(write).await.expect("a is there");
    session
}

async fn table() -> Database {
    let database = Database::new().await;
    database.run("CREATE TABLE a (id int, other int)").await;
    database
}

type Running = JoinHandle<Result<Report, Error>>;

/// Starts a run and waits until the server is in the middle of its statement.
async fn half_way(database: &Database, mut migrator: Migrator, direction: Direction) -> Running {
    let running = tokio::spawn({
        let database = database.clone();
        async move {
            let mut client = database.client().await;
            match direction {
                Direction::Up => migrator.up(&mut client, Target::all()).await,
                Direction::Down => migrator.down(&mut client, Target::all()).await,
            }
        }
    });
    database.until(WAITING, "1").await;
    running
}

/// As [`half_way`] with `up`, and then the client dies.
async fn dead_half_way(database: &Database, migrator: Migrator) {
    let waits = database.until(WAITING, "1");
    database.dying(migrator, waits).await;
}

/// Ends the run's session at the server, and returns the run's error.
async fn terminated(database: &Database, running: Running) -> Left {
    database
        .run(&format!(
            "SELECT pg_terminate_backend(pid) FROM ({}) w",
            WAITING.replace("count(*)", "pid")
        ))
        .await;
    fault(within("the run", running).await.expect("no panic")).left
}

fn resumed(told: &Told) -> Vec<String> {
    let all = told.all.lock().expect("nobody panics");
    let all = all
        .iter()
        .filter_map(|event| event.strip_prefix("resumed "));
    all.map(str::to_owned).collect()
}

/// Resumes the script, and returns what the run found.
async fn taken_up(
    database: &Database,
    registry: &'static migrator_runtime::Registry,
) -> Vec<String> {
    let (migrator, told) = telling(registry, Options::default());
    let report = database.up_with(migrator, Target::all()).await;
    assert_eq!(done(&report.expect("it is taken up")), ["core/1"]);
    assert_eq!(database.recorded().await, ["core/1"]);
    resumed(&told)
}

#[tokio::test]
async fn an_index_left_invalid_is_dropped_and_built_again() {
    let database = table().await;
    let registry = core(&[BUILD]);
    let writer = writer(&database).await;
    let running = half_way(&database, Migrator::new(registry), Direction::Up).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    assert_eq!(database.value(VALID).await, "false");
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
    writer.batch_execute("COMMIT").await.expect("it commits");

    assert_eq!(
        taken_up(&database, registry).await,
        ["the index `i` was left invalid: it is dropped and built again"]
    );
    assert_eq!(database.value(VALID).await, "true");
    assert_eq!(database.events().await, ["resume core/1", "apply core/1"]);
    assert_eq!(
        database
            .value("SELECT message FROM migrator.event WHERE kind = 'resume'")
            .await,
        "the index `i` was left invalid: it is dropped and built again"
    );
    assert!(
        database
            .up(registry)
            .await
            .expect("nothing")
            .done
            .is_empty()
    );
}

#[tokio::test]
async fn a_statement_that_the_server_finishes_after_the_client_died_is_kept() {
    let database = table().await;
    let registry = core(&[BUILD]);
    let writer = writer(&database).await;
    dead_half_way(&database, Migrator::new(registry)).await;

    let (migrator, mut told) = telling(registry, Options::default());
    let second = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    assert!(told.next("still").await.contains("(pid "));
    assert_eq!(database.value(VALID).await, "false", "nobody touched it");
    writer.batch_execute("COMMIT").await.expect("it commits");
    let report = within("the second", second).await.expect("no panic");
    assert_eq!(done(&report.expect("it is finished")), ["core/1"]);
    assert_eq!(
        resumed(&told),
        ["the index `i` is there and valid: it is not built again"]
    );
    assert_eq!(database.value(VALID).await, "true");
}

#[tokio::test]
async fn a_statement_of_another_role_is_found_by_its_lock() {
    let database = table().await;
    let registry = core(&[BUILD]);
    let (mut other, role) = database.as_new_role().await;
    let name = "?application_name=deploy";
    let first = Database::at(database.url.clone() + name);
    other.url += name;
    database
        .run(&format!(
            "ALTER TABLE a OWNER TO {role}; GRANT CREATE ON SCHEMA public TO {role}"
        ))
        .await;
    let writer = writer(&database).await;
    dead_half_way(&first, Migrator::new(registry)).await;
    database
        .run(&format!(
            "GRANT USAGE ON SCHEMA migrator TO {role}; \
             GRANT ALL ON ALL TABLES IN SCHEMA migrator TO {role}"
        ))
        .await;
    let (migrator, mut told) = telling(registry, Options::default());
    let second = tokio::spawn(async move { other.up_with(migrator, Target::all()).await });
    assert!(told.next("still").await.contains("`deploy`"));
    writer.batch_execute("COMMIT").await.expect("it commits");
    let report = within("the second", second).await.expect("no panic");
    assert_eq!(done(&report.expect("it is finished")), ["core/1"]);
    assert_eq!(
        resumed(&told),
        ["the index `i` is there and valid: it is not built again"]
    );
}

#[tokio::test]
async fn a_run_waits_for_an_old_statement_as_long_as_for_a_lock() {
    let database = table().await;
    let registry = core(&[BUILD]);
    let writer = writer(&database).await;
    dead_half_way(&database, Migrator::new(registry)).await;
    // Not zero: the server must first notice that the dead run's lock has ended.
    let lock_wait = Duration::from_secs(2);
    let options = Options::default().lock_wait(lock_wait);
    let migrator = Migrator::with_options(registry, options);
    let error = database.up_with(migrator, Target::all()).await;
    let error = error.expect_err("the server is at it");
    assert_eq!(error.code().to_string(), "M0515");
    assert!(
        error.to_string().contains("still executes this statement"),
        "{error}"
    );
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
    writer.batch_execute("ROLLBACK").await.expect("it ends");
    taken_up(&database, registry).await;
}

#[tokio::test]
async fn a_statement_that_had_not_begun_is_sent() {
    let database = table().await;
    let registry = core(&[BUILD]);
    let lock = database.session().await;
    lock.batch_execute("BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
        .await
        .expect("nobody else is there");
    let running = half_way(&database, Migrator::new(registry), Direction::Up).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    lock.batch_execute("COMMIT").await.expect("it ends");
    assert_eq!(database.value(VALID).await, "NULL");
    assert!(taken_up(&database, registry).await.is_empty());
    assert_eq!(database.value(VALID).await, "true");
}

#[tokio::test]
async fn a_unique_index_fails_with_the_same_error_until_its_rows_are_unique() {
    let database = table().await;
    database.run("INSERT INTO a VALUES (7), (7)").await;
    let script = BUILD.replace("INDEX", "UNIQUE INDEX");
    let registry = core(&[&script]);
    let mut said = Vec::new();
    for _ in 0..3 {
        let fault = database.fault(registry).await;
        assert_eq!(fault.left, Left::Resumable);
        assert_eq!(fault.sqlstate.as_deref(), Some("23505"));
        said.push((
            fault.message,
            fault.detail,
            fault.position.map(|at| at.line),
        ));
        assert_eq!(database.value(VALID).await, "false");
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    database.run("DELETE FROM a").await;
    taken_up(&database, registry).await;
    assert_eq!(database.value(VALID).await, "true");
}

#[tokio::test]
async fn a_different_index_of_the_same_name_is_not_touched() {
    let database = table().await;
    let registry = core(&[BUILD]);
    database.run("CREATE INDEX i ON a (other)").await;
    assert_eq!(
        database.fault(registry).await.sqlstate.as_deref(),
        Some("42P07")
    );
    for _ in 0..2 {
        let error = database.up(registry).await.expect_err("it is another");
        assert_eq!(error.code().to_string(), "M0514");
        assert!(
            error.to_string().ends_with(
                "there is an index `i` already, with another definition than the script's"
            ),
            "{error}"
        );
        assert_eq!(database.recorded().await, ["core/1 dirty up"]);
    }
    assert_eq!(
        database
            .value("SELECT pg_get_indexdef('i'::regclass)")
            .await,
        "CREATE INDEX i ON public.a USING btree (other)"
    );
    database.run("DROP INDEX i; CREATE TABLE i ()").await;
    let error = database.up(registry).await.expect_err("it is a table");
    assert_eq!(error.code().to_string(), "M0514");
    database.run("DROP TABLE i").await;
    taken_up(&database, registry).await;
}

/// Whether a run accepts an existing index as the script's.
async fn is_taken(there: &str, script: &str) -> bool {
    let database = Database::new().await;
    database
        .run(
            "CREATE SCHEMA shop; \
             CREATE TABLE shop.\"Or ders\" (id int, name text, tags text[], \"a b\" text COLLATE \"C\"); \
             ALTER TABLE shop.\"Or ders\" DROP COLUMN tags; ALTER TABLE shop.\"Or ders\" ADD tags text[]; \
             CREATE FUNCTION shop.f(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1'",
        )
        .await;
    database
        .run(&format!("SET search_path = shop; {there}"))
        .await;
    let script = format!("-- migrator: no-transaction\nSET search_path = shop;\n{script}");
    let registry = core(&[&script]);
    database
        .up(registry)
        .await
        .expect_err("it is there already");
    match database.up(registry).await {
        Ok(report) => done(&report) == ["core/1"],
        Err(error) => {
            assert_eq!(error.code().to_string(), "M0514", "{error}");
            false
        }
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is a table of inputs")]
async fn an_index_is_compared_by_its_properties_and_not_by_its_text() {
    for (there, script) in [
        (
            "CREATE INDEX i ON \"Or ders\" (id)",
            "CREATE INDEX CONCURRENTLY i ON shop.\"Or ders\" USING btree (id ASC NULLS LAST)",
        ),
        (
            "CREATE UNIQUE INDEX i ON \"Or ders\" (lower(name), id DESC) INCLUDE (\"a b\") \
             WITH (fillfactor = 70) WHERE id > 0 AND name <> ''",
            "CREATE UNIQUE INDEX CONCURRENTLY I ON \"Or ders\" ((LOWER(\"Or ders\".name)), id desc) \
             INCLUDE (\"a b\") WITH (fillfactor=70) WHERE (id>0) /* . */ AND name != '';",
        ),
        (
            "CREATE INDEX i ON \"Or ders\" (f(name) text_pattern_ops)",
            "CREATE INDEX CONCURRENTLY i ON ONLY \"Or ders\" (shop.f(name) text_pattern_ops)",
        ),
        (
            "CREATE INDEX i ON \"Or ders\" USING gin (tags)",
            "CREATE INDEX i ON \"Or ders\" USING gin (tags)",
        ),
    ] {
        assert!(is_taken(there, script).await, "{script}");
    }
    for (there, script) in [
        ("(id)", "UNIQUE INDEX CONCURRENTLY i ON \"Or ders\" (id)"),
        ("(id)", "INDEX CONCURRENTLY i ON \"Or ders\" (id DESC)"),
        ("(id)", "INDEX CONCURRENTLY i ON \"Or ders\" (id, name)"),
        (
            "(id)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (id) INCLUDE (name)",
        ),
        (
            "(id, name)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (id) INCLUDE (name)",
        ),
        (
            "(id)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (id) WHERE id > 0",
        ),
        (
            "(id) WHERE id > 1",
            "INDEX CONCURRENTLY i ON \"Or ders\" (id) WHERE id > 0",
        ),
        (
            "(id)",
            "INDEX CONCURRENTLY i ON \"Or ders\" USING hash (id)",
        ),
        (
            "(name)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (name COLLATE \"C\")",
        ),
        (
            "(name)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (name text_pattern_ops)",
        ),
        ("(name)", "INDEX CONCURRENTLY i ON \"Or ders\" (f(name))"),
        (
            "(id)",
            "INDEX CONCURRENTLY i ON \"Or ders\" (id) WITH (fillfactor = 50)",
        ),
    ] {
        let there = format!("CREATE INDEX i ON \"Or ders\" {there}");
        assert!(
            !is_taken(&there, &format!("CREATE {script}")).await,
            "{script}"
        );
    }
}

/// A migration that creates the index and drops it.
fn both_ways(up: &str, down: &str) -> &'static migrator_runtime::Registry {
    let scripts: [Script<'_>; 1] = [("core", 1, up, down)];
    registry(&scripts)
}

#[tokio::test]
async fn an_index_left_half_dropped_is_dropped_by_the_next_down() {
    let database = table().await;
    let registry = both_ways(
        BUILD,
        "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY public.i;",
    );
    database.up(registry).await.expect("it runs");
    let writer = writer(&database).await;
    let running = half_way(&database, Migrator::new(registry), Direction::Down).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    assert_eq!(database.recorded().await, ["core/1 dirty down"]);
    assert_eq!(database.value(VALID).await, "false");
    writer.batch_execute("COMMIT").await.expect("it commits");
    let report = database.down(registry).await.expect("it is taken up");
    assert_eq!(done(&report), ["core/1"]);
    assert_eq!(database.value(VALID).await, "NULL");
    assert!(database.recorded().await.is_empty());
}

#[tokio::test]
async fn an_interrupted_revert_is_finished_by_up_and_applied_again() {
    let database = table().await;
    let down = "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY public.i;";
    let registry = both_ways(BUILD, down);
    database.up(registry).await.expect("it runs");
    let blocking = writer(&database).await;
    let running = half_way(&database, Migrator::new(registry), Direction::Down).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    blocking.batch_execute("COMMIT").await.expect("it commits");
    let report = database.up(registry).await.expect("it is taken up");
    let steps: Vec<_> = report.done.iter().map(|done| done.direction).collect();
    assert_eq!(steps, [Direction::Down, Direction::Up]);
    assert_eq!(database.recorded().await, ["core/1"]);
    assert_eq!(database.value(VALID).await, "true");
    let events = ["apply", "revert", "apply"];
    assert_eq!(
        database.events().await,
        events.map(|kind| format!("{kind} core/1"))
    );
    // The same while the server still executes the statement of the dead run.
    let blocking = writer(&database).await;
    let waits = database.until(WAITING, "1");
    let asleep = database.asleep(Migrator::new(registry), Direction::Down, waits);
    let asleep = asleep.await;
    database.end_locks().await;
    let (migrator, mut told) = telling(registry, Options::default());
    let up = tokio::spawn({
        let database = database.clone();
        async move { database.up_with(migrator, Target::all()).await }
    });
    told.next("still").await;
    blocking.batch_execute("COMMIT").await.expect("it commits");
    let report = within("the run", up).await.expect("no panic");
    assert_eq!(done(&report.expect("it is taken up")), ["core/1", "core/1"]);
    assert_eq!(database.recorded().await, ["core/1"]);
    assert_eq!(database.value(VALID).await, "true");
    assert!(asleep.wake().await.is_err());
    assert_eq!(database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn down_names_the_command_that_resumes_an_interrupted_up() {
    let database = table().await;
    let down = "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY i;";
    let registry = registry(&[
        ("core", 1, BUILD, down),
        ("core", 2, "SELECT 1;", "SELECT 1;"),
    ]);
    let blocking = writer(&database).await;
    let running = half_way(&database, Migrator::new(registry), Direction::Up).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    blocking.batch_execute("COMMIT").await.expect("it commits");
    let error = database.down(registry).await.expect_err("it is dirty");
    assert_eq!(error.code().to_string(), "M0404");
    let remedy = Remedy::RepairDirty {
        id: registry.migrations[0].id(),
        direction: Direction::Up,
        resumable: true,
    };
    assert_eq!(error.conflicts()[0].remedy, remedy);
    let target = Target::service("core").to(version(1));
    let report = database.up_with(Migrator::new(registry), target).await;
    assert_eq!(done(&report.expect("it is taken up")), ["core/1"]);
    let report = database.down(registry).await.expect("it runs");
    assert_eq!(done(&report), ["core/1"]);
    assert_eq!(database.value(VALID).await, "NULL");
}

#[tokio::test]
async fn a_dropped_index_is_not_dropped_again() {
    let database = table().await;
    let registry = both_ways(
        BUILD,
        "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY i;",
    );
    database.up(registry).await.expect("it runs");
    database
        .run("UPDATE migrator.core_history SET dirty = 'down'; DROP INDEX i")
        .await;
    let (migrator, told) = telling(registry, Options::default());
    let report = database.down_with(migrator, Target::all()).await;
    assert_eq!(done(&report.expect("it is taken up")), ["core/1"]);
    assert_eq!(
        resumed(&told),
        ["the index `i` is gone: it is not dropped again"]
    );
    assert!(database.recorded().await.is_empty());
}

#[tokio::test]
async fn an_index_that_never_existed_does_not_count_as_dropped() {
    let database = table().await;
    let registry = core(&["-- migrator: no-transaction\nDROP INDEX CONCURRENTLY typo;"]);
    for _ in 0..3 {
        let fault = database.fault(registry).await;
        assert_eq!(fault.sqlstate.as_deref(), Some("42704"), "{fault}");
    }
    assert_eq!(database.recorded().await, ["core/1 dirty up"]);
}

#[tokio::test]
async fn invalid_indexes_of_a_reindex_are_dropped() {
    let database = table().await;
    database.run("CREATE INDEX i ON a (id)").await;
    let registry = core(&["-- migrator: no-transaction\nREINDEX INDEX CONCURRENTLY i;"]);
    let writer = writer(&database).await;
    let running = half_way(&database, Migrator::new(registry), Direction::Up).await;
    assert_eq!(terminated(&database, running).await, Left::Resumable);
    writer.batch_execute("COMMIT").await.expect("it commits");
    let indexes = "SELECT relname, indisvalid FROM pg_index JOIN pg_class c ON c.oid = indexrelid \
                   WHERE indrelid = 'a'::regclass ORDER BY 1";
    assert_eq!(database.rows(indexes).await, ["i|t", "i_ccnew|f"]);
    // A foreign index with a similar name is left alone.
    database.run("CREATE INDEX i_ccnew1 ON a (id)").await;
    assert_eq!(
        taken_up(&database, registry).await,
        ["REINDEX has left `i_ccnew`: dropped, and done again"]
    );
    assert_eq!(database.rows(indexes).await, ["i|t", "i_ccnew1|t"]);
}

#[tokio::test]
async fn a_script_resumes_at_its_first_unfinished_statement() {
    let database = table().await;
    database
        .run("CREATE TYPE mood AS ENUM ('sad'); INSERT INTO a VALUES (1), (1)")
        .await;
    let script = "-- migrator: no-transaction\n\
                  SET search_path = public;\n\
                  ALTER TYPE mood ADD VALUE 'o''k' BEFORE 'sad';\n\
                  CREATE INDEX CONCURRENTLY j ON a (other);\n\
                  COMMENT ON INDEX j IS 'why';\n\
                  CREATE UNIQUE INDEX CONCURRENTLY i ON a (id);\n\
                  ANALYZE a;";
    let registry = core(&[script]);
    assert_eq!(database.fault(registry).await.left, Left::Resumable);
    let built = database.value("SELECT 'j'::regclass::oid").await;
    database.run("DELETE FROM a").await;
    assert_eq!(
        taken_up(&database, registry).await,
        [
            "the value `o'k` is there: it is not added again",
            "the index `j` is there and valid: it is not built again",
            "the index `i` was left invalid: it is dropped and built again",
        ]
    );
    assert_eq!(database.value("SELECT 'j'::regclass::oid").await, built);
    assert_eq!(
        database.value("SELECT enum_range(NULL::mood)").await,
        "{o'k,sad}"
    );
}

#[tokio::test]
async fn only_the_script_that_was_interrupted_is_resumed() {
    let database = table().await;
    database.run("INSERT INTO a VALUES (7), (7)").await;
    let script = BUILD.replace("INDEX", "UNIQUE INDEX");
    database.fault(core(&[&script])).await;
    let edited = core(&[&script.replace("(id)", "(other)")]);
    let error = database.up(edited).await.expect_err("it is another script");
    assert_eq!(error.code().to_string(), "M0404");
    let remedy = &error.conflicts()[0].remedy;
    let cannot = |remedy: &Remedy| {
        matches!(
            remedy,
            Remedy::RepairDirty {
                resumable: false,
                ..
            }
        )
    };
    assert!(cannot(remedy), "{remedy:?}");
    assert_eq!(database.value(VALID).await, "false", "nobody touched it");
    database.run("DELETE FROM a").await;
    let cosmetic = script.replace("ON a", "\n  ON a -- what\n");
    taken_up(&database, core(&[&cosmetic])).await;
}

#[tokio::test]
async fn a_statement_that_the_catalog_does_not_show_stays_dirty() {
    for script in [
        "CREATE INDEX CONCURRENTLY ON a (id); SELECT nothing;",
        "CREATE INDEX CONCURRENTLY i ON a (id); INSERT INTO a VALUES ('x');",
    ] {
        let database = table().await;
        let registry = core(&[&format!("-- migrator: no-transaction\n{script}")]);
        assert_eq!(database.fault(registry).await.left, Left::Dirty);
        let error = database.up(registry).await.expect_err("it is dirty");
        assert_eq!(error.code().to_string(), "M0404");
    }
}

async fn status(client: &Client, registry: &'static migrator_runtime::Registry) -> Status {
    let migrator = Migrator::new(registry);
    let status = migrator.status(client, &Selection::All).await;
    status.expect("a status")
}

#[tokio::test]
async fn plan_and_status_say_that_the_next_run_resumes_the_migration() {
    let database = table().await;
    database.run("INSERT INTO a VALUES (7), (7)").await;
    let script = BUILD.replace("INDEX", "UNIQUE INDEX");
    let registry = core(&[&script, "SELECT 1;"]);
    database.fault(registry).await;
    let client = database.client().await;
    let status = status(&client, registry).await;
    let migration = &status.services[0].migrations[0];
    assert_eq!(migration.state, State::Dirty(Direction::Up));
    assert!(migration.is_resumable);
    let migrator = Migrator::new(registry);
    let plan = migrator.plan(&client, Direction::Up, &Target::all()).await;
    let plan = plan.expect("it is no refusal");
    let starts: Vec<_> = plan.steps.iter().map(|step| step.start).collect();
    assert_eq!(starts, [Start::Resumed, Start::Afresh]);
    assert!(
        plan.notes[0].contains("this run resumes it"),
        "{:?}",
        plan.notes
    );
    let plan = migrator
        .plan(&client, Direction::Down, &Target::all())
        .await;
    assert_eq!(plan.expect_err("a refusal").code().to_string(), "M0404");
}

#[tokio::test]
async fn plan_and_status_show_a_migration_in_progress_as_such() {
    let database = table().await;
    let registry = core(&[BUILD]);
    let writer = writer(&database).await;
    let running = half_way(&database, Migrator::new(registry), Direction::Up).await;
    let client = database.client().await;
    let status = status(&client, registry).await;
    let migration = &status.services[0].migrations[0];
    assert_eq!(migration.state, State::AtWork(Direction::Up));
    assert!(!migration.is_resumable);
    let migrator = Migrator::new(registry);
    let plan = migrator.plan(&client, Direction::Up, &Target::all()).await;
    let plan = plan.expect("it is no refusal");
    assert!(plan.steps.is_empty());
    assert!(
        plan.notes[0].ends_with("is being applied by another run"),
        "{:?}",
        plan.notes
    );
    writer.batch_execute("COMMIT").await.expect("it commits");
    within("the run", running)
        .await
        .expect("no panic")
        .expect("it runs");
}
