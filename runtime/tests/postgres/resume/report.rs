//! What plan and status say about an interrupted migration.

use migrator_runtime::plan::Start;
use migrator_runtime::{Client, Direction, Migrator, Selection, State, Status, Target};

use super::{BUILD, half_way, table, writer};
use crate::support::{core, within};

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
