//! A database that publishes every table. Postgres then refuses to update or delete rows of a
//! table without a key.

use migrator_localpg::{Programs, Throwaway};
use migrator_runtime::{Migrator, Outcome};

use super::support::{Database, core, done, registry, within};

#[tokio::test]
async fn a_run_and_a_repair_write_despite_a_publication_of_all_tables() {
    let programs = Programs::find(None).expect("Postgres is installed");
    let settings = [("wal_level", "logical")];
    let server = Throwaway::start_with_settings(programs, &settings).expect("a server");
    let url = server.create_database().await.expect("a database");
    let database = Database::at(url);
    let publish = "CREATE PUBLICATION everything FOR ALL TABLES; \
                   CREATE TABLE keyless (x int); INSERT INTO keyless VALUES (1)";
    database.run(publish).await;
    let session = database.session().await;
    let refused = session.batch_execute("DELETE FROM keyless").await;
    let refused = refused.expect_err("it has no key");
    let message = refused.as_db_error().expect("the server says so");
    assert!(message.message().contains("replica identity"), "{message}");

    // Inserts entries, marks them dirty and clean.
    let indexes = registry(&[
        ("core", 1, "CREATE TABLE t (x int);", "DROP TABLE t;"),
        (
            "core",
            2,
            "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (x);",
            "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY i;",
        ),
    ]);
    let report = database.up(indexes).await.expect("it runs");
    assert_eq!(done(&report), ["core/1", "core/2"]);

    // Updates an entry in a repair.
    let edited = registry(&[
        (
            "core",
            1,
            "CREATE TABLE t (x int); SELECT 1;",
            "DROP TABLE t;",
        ),
        (
            "core",
            2,
            "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (x);",
            "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY i;",
        ),
    ]);
    let mut client = database.client().await;
    let mut migrator = Migrator::new(edited);
    let edits = within("edits", migrator.edits(&client, "core", None)).await;
    let edits = edits.expect("they are read");
    assert_eq!(edits.len(), 1);
    let accepted = within("accept", migrator.accept(&mut client, &edits)).await;
    accepted.expect("it is recorded");

    // Deletes entries, outside a transaction and in one.
    let report = database.down(edited).await.expect("it runs");
    assert_eq!(done(&report), ["core/2", "core/1"]);

    let broken = core(&["-- migrator: no-transaction\nSELECT 1;\nSELECT 1 / 0;"]);
    for (outcome, recorded) in [
        (Outcome::Reverted, &[][..]),
        (Outcome::Applied, &["core/1"][..]),
    ] {
        database.up(broken).await.expect_err("it fails");
        database
            .repair(broken, 1, outcome)
            .await
            .expect("it is dirty");
        assert_eq!(database.recorded().await, recorded);
    }
}
