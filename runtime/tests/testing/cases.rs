//! What a test with the attribute may look like.

use std::process::{ExitCode, Termination};

use migrator_runtime::model::Registry;
use migrator_runtime::testing::TestDatabase;
use migrator_runtime::{Error, Migrator, Settings, Target, connect};

use crate::registries::{REGISTRY, SMALL};
use crate::support::{ask, client};

/// The test may take a reference.
static REFERENCE: &Registry = &SMALL;

/// The crate may have another name.
mod ours {
    pub(crate) use migrator_runtime as runtime;
}

#[migrator_runtime::test(REGISTRY)]
async fn everything_is_applied(db: TestDatabase) -> Result<(), Error> {
    let mut client = db.client().await?;
    let report = Migrator::new(&REGISTRY)
        .up(&mut client, Target::all())
        .await?;
    assert!(report.done.is_empty());
    let applied = "SELECT count(*) FROM migrator.history";
    let applied = ask(client.postgres(), applied).await;
    assert_eq!(applied, [REGISTRY.len().to_string()]);
    Ok(())
}

#[migrator_runtime::test(REGISTRY, services = ["tenant"])]
async fn only_the_needed_services_are_migrated(db: TestDatabase) -> Result<(), Error> {
    let client = db.client().await?;
    let services = "SELECT DISTINCT tableoid::regclass::text FROM migrator.history ORDER BY 1";
    let services = ask(client.postgres(), services).await;
    // A migration of tenant requires one of auth.
    let expected = ["auth", "core", "tenant"].map(|name| format!("migrator.{name}_history"));
    assert_eq!(services, expected);
    Ok(())
}

#[migrator_runtime::test(crate::cases::REFERENCE, crate = ours::runtime)]
async fn the_url_and_the_settings_lead_to_the_database(db: TestDatabase) -> Result<(), Error> {
    let name = [db.name().to_owned()];
    let current = "SELECT current_database()";
    assert_eq!(ask(&client(db.url()).await, current).await, name);
    let settings = Settings::parse(db.url())?;
    for settings in [settings, db.settings().clone()] {
        let client = connect(settings).await?;
        assert_eq!(ask(client.postgres(), current).await, name);
    }
    Ok(())
}

#[migrator_runtime::test(SMALL)]
#[should_panic(expected = "the answer is 42")]
async fn a_panic_can_be_expected(db: TestDatabase) {
    let client = db.client().await.unwrap();
    let answer = ask(client.postgres(), "SELECT 42").await;
    panic!("the answer is {}", answer.concat());
}

#[migrator_runtime::test(SMALL)]
#[cfg(any())]
async fn a_test_can_be_left_out(db: TestDatabase) {
    this_does_not_exist(db);
}

#[migrator_runtime::test(SMALL)]
pub(crate) async fn any_termination_is_a_result(mut db: TestDatabase) -> impl Termination {
    let taken = std::mem::replace(
        &mut db,
        migrator_runtime::testing::database(&SMALL).await.unwrap(),
    );
    assert_ne!(taken.name(), db.name());
    ExitCode::SUCCESS
}
