//! Tests that other tests start as separate processes.

use migrator_runtime::Error;
use migrator_runtime::testing::{TestDatabase, database};

use crate::registries::{FAILING, GATED, SMALL};
use crate::support::{stage, stay};

#[migrator_runtime::test(SMALL)]
#[ignore = "a part in other tests"]
async fn passes(db: TestDatabase) {
    assert!(db.name().starts_with("migrator_test_"));
}

#[migrator_runtime::test(SMALL)]
#[ignore = "a part in other tests"]
async fn panics(db: TestDatabase) {
    let client = db.client().await.unwrap();
    assert!(
        stage().is_none() || client.target().is_empty(),
        "as it should"
    );
}

#[migrator_runtime::test(SMALL)]
#[ignore = "a part in other tests"]
async fn fails(db: TestDatabase) -> Result<(), String> {
    match stage() {
        Some(_) => Err(format!("{} is not enough", db.name())),
        None => Ok(()),
    }
}

/// A session that stays open, in a transaction with a lock.
#[migrator_runtime::test(SMALL)]
#[ignore = "a part in other tests"]
async fn leaves_a_session(db: TestDatabase) -> Result<(), Error> {
    let client = db.client().await?;
    let sql = "BEGIN; CREATE TABLE public.open (); SELECT pg_advisory_lock(1)";
    client.postgres().batch_execute(sql).await.unwrap();
    std::mem::forget(client);
    Ok(())
}

#[migrator_runtime::test(SMALL)]
#[ignore = "a part in other tests"]
async fn stays(db: TestDatabase) {
    if stage().is_some() {
        stay(&db);
    }
}

#[tokio::test]
#[ignore = "a part in other tests"]
async fn stays_with_a_function() {
    if stage().is_some() {
        stay(&database(&SMALL).await.unwrap());
    }
}

#[tokio::test]
#[ignore = "a part in other tests"]
async fn passes_with_a_function() {
    database(&SMALL).await.unwrap();
}

#[migrator_runtime::test(GATED)]
#[ignore = "a part in other tests"]
async fn passes_through_the_gate(db: TestDatabase) -> Result<(), Error> {
    let client = db.client().await?;
    let sql = "SELECT FROM through";
    client.postgres().batch_execute(sql).await.unwrap();
    Ok(())
}

#[migrator_runtime::test(FAILING)]
#[ignore = "a part in other tests"]
async fn cannot_be_migrated(_db: TestDatabase) {
    // If somebody runs all ignored tests, this test fails, as it should.
}

#[migrator_runtime::test(SMALL)]
#[ignore = "a part in other tests"]
#[should_panic(expected = "as it should")]
async fn panics_as_expected(_db: TestDatabase) {
    panic!("as it should");
}
