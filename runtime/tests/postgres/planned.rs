//! Plans that a person has seen: what a plan refuses, and what a run refuses after the plan.

use std::num::NonZeroUsize;

use migrator_runtime::plan::{Plan, plan_hash};
use migrator_runtime::{Direction, Error, Migrator, Options, Registry, Report, Target};

use super::support::{AT_GATE, Database, Gate, done, registry, with_events, within};

fn two() -> &'static Registry {
    registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
    ])
}

fn newest() -> Target {
    Target::service("core").steps(NonZeroUsize::MIN)
}

async fn plan(database: &Database, registry: &'static Registry) -> Result<Plan<'static>, Error> {
    let client = database.client().await;
    let target = Target::service("core");
    let migrator = Migrator::new(registry);
    migrator.plan(&client, Direction::Down, &target).await
}

/// Plans to revert the newest migration, lets another change happen, and reverts.
async fn reverted_after(
    database: &Database,
    other: impl Future<Output = ()>,
) -> Result<Report, Error> {
    let mut client = database.client().await;
    let mut migrator = Migrator::new(two());
    let plan = migrator.plan(&client, Direction::Down, &newest()).await;
    let plan = plan.expect("it can be reverted");
    other.await;
    let run = migrator.down_as_planned(&mut client, newest(), &plan);
    within("down", run).await
}

#[tokio::test]
async fn a_plan_that_was_shown_is_carried_out() {
    let database = Database::new().await;
    database.up(two()).await.expect("it runs");
    let report = reverted_after(&database, async {}).await.expect("it runs");
    assert_eq!(done(&report), ["core/2"]);
}

#[tokio::test]
async fn a_plan_that_was_shown_is_refused_after_another_run() {
    let later = registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
        ("core", 3, "CREATE TABLE c ();", "DROP TABLE c;"),
    ]);
    let all: &[&str] = &["core/1", "core/2", "core/3"];
    for (other, recorded) in [(Direction::Down, &["core/1"][..]), (Direction::Up, all)] {
        let database = Database::new().await;
        database.up(two()).await.expect("it runs");
        let outcome = Box::pin(reverted_after(&database, async {
            let run = match other {
                Direction::Down => database.down_with(Migrator::new(two()), newest()).await,
                Direction::Up => database.up(later).await,
            };
            run.expect("the other run works");
        }));
        let error = outcome.await.expect_err("the plan is another now");
        assert_eq!(error.code().to_string(), "M0401", "{error:?}");
        let text = error.to_string();
        assert!(text.contains("after this plan was shown"), "{text}");
        assert!(error.help().contains("review the new plan"));
        assert!(error.report.done.is_empty());
        assert_eq!(database.recorded().await, recorded);
    }
}

#[tokio::test]
async fn a_plan_of_what_another_run_has_reverted_is_refused() {
    let database = Database::new().await;
    let one = registry(&[("core", 1, "CREATE TABLE a ();", "DROP TABLE a;")]);
    database.up(one).await.expect("it runs");
    let outcome = Box::pin(reverted_after(&database, async {
        database.down(one).await.expect("the other run works");
    }));
    let error = outcome.await.expect_err("nothing is left to revert");
    assert!(error.to_string().contains("after this plan was shown"));
}

#[tokio::test]
async fn a_plan_that_changes_while_the_run_waits_for_its_lock_is_refused() {
    let database = Database::new().await;
    let registry = registry(&[
        ("core", 1, "SELECT 1;", "SELECT 1;"),
        ("core", 2, "SELECT 1;", AT_GATE),
    ]);
    database.up(registry).await.expect("it runs");
    let gate = Gate::closed(&database).await;
    let other = database.down_with(Migrator::new(registry), newest());
    let planned = async {
        gate.reached().await;
        let (mut migrator, mut events) = with_events(registry, Options::default());
        let mut client = database.client().await;
        let plan = migrator.plan(&client, Direction::Down, &newest()).await;
        let plan = plan.expect("the other run has not committed");
        let run = migrator.down_as_planned(&mut client, newest(), &plan);
        let open = async {
            events.next("waiting").await;
            gate.open().await;
        };
        tokio::join!(run, open).0
    };
    let both = Box::pin(async { tokio::join!(other, planned) });
    let (other, planned) = within("both runs", both).await;
    assert_eq!(done(&other.expect("it runs")), ["core/2"]);
    let error = planned.expect_err("the history has changed");
    assert!(error.to_string().contains("after this plan was shown"));
    assert_eq!(database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn a_plan_with_another_hash_is_refused_under_the_lock() {
    let database = Database::new().await;
    let registry = registry(&[
        ("core", 1, AT_GATE, "SELECT 1;"),
        ("core", 2, "SELECT 1;", "SELECT 1;"),
    ]);
    let gate = Gate::closed(&database).await;
    let other = database.up_with(Migrator::new(registry), newest());
    let target = || Target::service("core");
    let approved = async {
        gate.reached().await;
        let (mut migrator, mut events) = with_events(registry, Options::default());
        let mut client = database.client().await;
        let plan = migrator.plan(&client, Direction::Up, &target()).await;
        let hash = plan_hash(&plan.expect("the other run has not committed"));
        let run = migrator.up_as_approved(&mut client, target(), &hash);
        let open = async {
            events.next("waiting").await;
            gate.open().await;
        };
        tokio::join!(run, open).0
    };
    let both = Box::pin(async { tokio::join!(other, approved) });
    let (other, approved) = within("both runs", both).await;
    assert_eq!(done(&other.expect("it runs")), ["core/1"]);
    let error = approved.expect_err("the history has changed");
    assert_eq!(error.code().to_string(), "M0401", "{error:?}");
    let message = "have changed since this plan was made";
    assert!(error.to_string().contains(message), "{error}");
    assert!(error.help().contains("review the new plan"));
    assert_eq!(database.recorded().await, ["core/1"]);

    let mut client = database.client().await;
    let mut migrator = Migrator::new(registry);
    let plan = migrator.plan(&client, Direction::Up, &target()).await;
    let hash = plan_hash(&plan.expect("it can be applied"));
    let report = migrator.up_as_approved(&mut client, target(), &hash).await;
    assert_eq!(done(&report.expect("it is approved")), ["core/2"]);
    let nothing = migrator.up_as_approved(&mut client, target(), &hash).await;
    let error = nothing.expect_err("the plan is done");
    assert_eq!(error.code().to_string(), "M0401", "{error:?}");
    let nothing = plan_hash(&Plan::default());
    let report = migrator
        .up_as_approved(&mut client, target(), &nothing)
        .await;
    assert!(report.expect("nothing is expected").done.is_empty());
}

#[tokio::test]
async fn a_plan_refuses_an_altered_entry_as_the_run_does() {
    let database = Database::new().await;
    database.up(two()).await.expect("it runs");
    let alter = "UPDATE migrator.core_history SET up_script = 'SELECT 2;' WHERE version % 10 = 2";
    database.run(alter).await;
    // A binary that lacks both migrations would execute the recorded scripts.
    let none = registry(&[]);
    let planned = plan(&database, none).await.expect_err("one is altered");
    let run = database.down_with(Migrator::new(none), Target::service("core"));
    let run = run.await.expect_err("one is altered");
    assert_eq!(planned.code().to_string(), "M0527");
    assert_eq!(planned.to_string(), run.to_string());
    assert_eq!(planned.help(), run.help());
}

#[tokio::test]
async fn a_plan_refuses_a_recorded_script_that_the_run_would_not_send() {
    let database = Database::new().await;
    database.up(two()).await.expect("it runs");
    for (script, message) in [
        ("DROP TABLE b; COMMIT;", "ends the transaction"),
        (
            "-- migrator: no-transcation\nDROP TABLE b;",
            "no-transcation",
        ),
    ] {
        let alter = format!(
            "UPDATE migrator.core_history SET down_script = '{script}' WHERE version % 10 = 2"
        );
        database.run(&alter).await;
        let planned = plan(&database, registry(&[])).await.expect_err(script);
        let run = database.down_with(Migrator::new(registry(&[])), Target::service("core"));
        let run = run.await.expect_err(script);
        assert!(planned.to_string().contains(message), "{planned}");
        assert_eq!(planned.to_string(), run.to_string());
        assert_eq!(planned.code(), run.code());
    }
}

#[tokio::test]
async fn a_role_that_only_reads_can_plan_a_revert_by_recorded_scripts() {
    let database = Database::new().await;
    // Two services may have the same version.
    let both = registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
        ("tenant", 2, "SELECT 2;", "SELECT 2;"),
    ]);
    database.up(both).await.expect("it runs");
    let (reader, role) = database.as_new_role().await;
    let grants = format!(
        "GRANT USAGE ON SCHEMA migrator TO {role}; \
         GRANT SELECT ON migrator.format, migrator.history TO {role}"
    );
    database.run(&grants).await;
    let client = reader.client().await;
    let target = Target::services(["core".to_owned(), "tenant".to_owned()]);
    let migrator = Migrator::new(registry(&[]));
    let plan = migrator.plan(&client, Direction::Down, &target).await;
    assert_eq!(plan.expect("it may read").steps.len(), 3);
}
