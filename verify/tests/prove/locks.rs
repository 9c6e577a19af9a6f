//! The locks that a migration takes on tables that were there before it.

use migrator_model::{Blocks, LockMode};
use migrator_runtime::Selection;
use migrator_verify::{Afterwards, Lock, Subject, prove};

use crate::support::{client, registry, url};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is a table of inputs")]
async fn the_strongest_lock_on_each_existing_table_is_reported() {
    let registry = registry(&[
        (
            "shop",
            1,
            "CREATE SCHEMA shop; CREATE TABLE shop.a (x int); CREATE TABLE shop.b (x int); \
             CREATE TABLE shop.c (x int); CREATE TABLE shop.\"Odd one\" (x int); \
             CREATE MATERIALIZED VIEW shop.m AS SELECT x FROM shop.c;",
            "DROP SCHEMA shop CASCADE;",
        ),
        (
            "shop",
            2,
            "SELECT * FROM shop.a; ALTER TABLE shop.a ADD y int; CREATE TABLE shop.d (x int); \
             ALTER TABLE shop.d ADD y int; CREATE INDEX ON shop.b (x); INSERT INTO shop.c VALUES (1); \
             ALTER TABLE shop.\"Odd one\" ALTER x SET STATISTICS 10; REFRESH MATERIALIZED VIEW shop.m;",
            "ALTER TABLE shop.a DROP y; DROP TABLE shop.d; DROP INDEX shop.b_x_idx; DELETE FROM shop.c; \
             ALTER TABLE shop.\"Odd one\" ALTER x SET STATISTICS -1;",
        ),
        (
            "shop",
            3,
            "DROP TABLE shop.a;",
            "CREATE TABLE shop.a (x int, y int);",
        ),
        (
            "shop",
            4,
            "-- migrator: no-transaction\nALTER TABLE shop.b ADD y int;",
            "ALTER TABLE shop.b DROP y;",
        ),
    ]);
    let mut client = client(&url().await).await;
    let subject = Subject::of(Selection::All);
    let proof = prove(&mut client, registry, &subject, Afterwards::Abandon, |_| {}).await;
    proof.ended.expect("a proof is made");
    let proved = proof.proved;
    let lock = |table: &str, mode| Lock {
        table: table.to_owned(),
        mode,
    };
    let locks = |index: usize| proved[index].locks.clone();
    assert_eq!(locks(0), Some(Vec::new()));
    assert_eq!(
        locks(1),
        Some(vec![
            lock("materialised view shop.m", LockMode::AccessExclusive),
            lock("table shop.\"Odd one\"", LockMode::ShareUpdateExclusive),
            lock("table shop.a", LockMode::AccessExclusive),
            lock("table shop.b", LockMode::Share),
            lock("table shop.c", LockMode::RowExclusive),
        ])
    );
    assert_eq!(
        locks(2),
        Some(vec![lock("table shop.a", LockMode::AccessExclusive)]),
        "a table that the script drops has a name all the same"
    );
    assert_eq!(locks(3), None, "outside a transaction nobody knows");
    let blocks = |mode: LockMode| mode.blocks();
    assert_eq!(blocks(LockMode::Share), Blocks::Writes);
    assert_eq!(blocks(LockMode::AccessExclusive), Blocks::ReadsAndWrites);
    assert_eq!(blocks(LockMode::ShareUpdateExclusive), Blocks::Nobody);
}
