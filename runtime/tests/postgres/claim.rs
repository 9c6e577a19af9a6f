//! Records migrations that do not run, in one transaction with the caller's statements.

use migrator_runtime::model::{Code, Subject};
use migrator_runtime::plan::{Conflict, Remedy};
use migrator_runtime::{Alongside, Claim, Error, Migrator, Origin, Registry, Report};

use super::support::{Database, registry, version};

fn three() -> &'static Registry {
    registry(&[
        ("core", 1, "CREATE TABLE a ()", "DROP TABLE a"),
        ("core", 2, "CREATE TABLE b ()", "DROP TABLE b"),
        ("tenant", 3, "CREATE TABLE c ()", "DROP TABLE c"),
    ])
}

fn claims(registry: &'static Registry) -> Vec<Claim> {
    let claims = registry.migrations().map(|migration| Claim {
        migration,
        origin: Origin::Adopted,
        applied_on: (migration.version == version(1)).then(|| "2020-02-02T02:02:02Z".to_owned()),
    });
    claims.collect()
}

async fn record(
    database: &Database,
    registry: &'static Registry,
    alongside: &Alongside,
) -> Result<Report, Error> {
    let mut client = database.client().await;
    let mut migrator = Migrator::new(registry);
    let claims = claims(registry);
    migrator.record(&mut client, &claims, alongside).await
}

fn busy() -> Conflict {
    Conflict {
        code: Code::M1007,
        subject: Subject::Object("table `old`".to_owned()),
        message: "the other tool is at work".to_owned(),
        remedy: Remedy::Advice("wait for it".to_owned()),
    }
}

#[tokio::test]
async fn claims_are_recorded_with_their_origin_and_time() {
    let database = Database::new().await;
    let registry = three();
    database
        .run("CREATE TABLE a (); CREATE TABLE b (); CREATE TABLE c ()")
        .await;
    let after = Alongside::default().after("COMMENT ON TABLE a IS 'taken over'");
    let report = record(&database, registry, &after).await.expect("recorded");
    assert_eq!(report.recorded.len(), 3);
    let recorded = ["core/1", "core/2", "tenant/3"];
    assert_eq!(database.recorded().await, recorded);
    assert_eq!(
        database.events().await,
        ["adopt core/1", "adopt core/2", "adopt tenant/3"]
    );
    let times = "SELECT origin, applied_on = '2020-02-02T02:02:02Z' FROM migrator.history \
                 ORDER BY version";
    assert_eq!(
        database.rows(times).await,
        ["adopted|t", "adopted|f", "adopted|f"]
    );
    let comment = "SELECT obj_description('a'::regclass)";
    assert_eq!(database.value(comment).await, "taken over");
    let up = database.up(registry).await.expect("it is current");
    assert!(up.done.is_empty());
    let again = record(&database, registry, &after).await.expect("the same");
    assert!(again.recorded.is_empty());
    let down = database.down(registry).await.expect("it can be reverted");
    assert!(!down.done.is_empty());
}

#[tokio::test]
async fn a_refused_check_leaves_nothing() {
    let database = Database::new().await;
    for statement in ["SELECT 1 / 0", "LOCK TABLE old IN EXCLUSIVE MODE NOWAIT"] {
        let session = database.session().await;
        database.run("CREATE TABLE IF NOT EXISTS old ()").await;
        let lock = "BEGIN; LOCK TABLE old IN ROW EXCLUSIVE MODE";
        session.batch_execute(lock).await.expect("it is locked");
        let alongside = Alongside::default()
            .check("SELECT 1", busy())
            .check(statement, busy());
        let error = record(&database, three(), &alongside).await;
        let error = error.expect_err("the check fails");
        assert_eq!(error.conflicts(), [busy()], "{error:?}");
        assert_eq!(database.recorded().await, Vec::<String>::new());
        session.batch_execute("ROLLBACK").await.expect("it ends");
    }
}

#[tokio::test]
async fn a_failed_statement_leaves_nothing() {
    let database = Database::new().await;
    let alongside = Alongside::default().after("COMMENT ON TABLE nowhere IS 'x'");
    let error = record(&database, three(), &alongside).await;
    let error = error.expect_err("there is no such table");
    assert_eq!(error.code(), Code::M0505);
    assert!(error.to_string().contains("recording the migrations"));
    assert_eq!(database.recorded().await, Vec::<String>::new());
    assert_eq!(database.events().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_entry_that_cannot_be_written_is_named() {
    let database = Database::new().await;
    let registry = three();
    database.up(registry).await.expect("it runs");
    database.down(registry).await.expect("it is reverted");
    database
        .run(
            "DELETE FROM migrator.history; \
             CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
               IF NEW.version = 20240101000002 THEN RAISE EXCEPTION 'not this one'; END IF; \
             RETURN NEW; END $$; \
             CREATE TRIGGER refuse BEFORE INSERT ON migrator.core_history \
             FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        .await;
    let error = record(&database, registry, &Alongside::default()).await;
    let error = error.expect_err("the trigger refuses");
    let text = error.to_string();
    assert!(
        text.contains("_m2` could not be recorded: not this one"),
        "{text}"
    );
    assert_eq!(database.recorded().await, Vec::<String>::new());
}
