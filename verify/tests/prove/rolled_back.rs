//! A fault leaves the database as the first up script left it, rows too.

use migrator_verify::Pass;

use crate::support::{Tried, registry, try_all};

const SCHEMA: (&str, i64, &str, &str) = (
    "shop",
    1,
    "CREATE SCHEMA shop; CREATE TABLE shop.kinds (id int PRIMARY KEY); \
     INSERT INTO shop.kinds VALUES (1), (2);",
    "DROP SCHEMA shop CASCADE;",
);

/// Fails unless the rows of the migrations before it are there.
const NEEDS_ROWS: &str = "DO $$ BEGIN \
    IF (SELECT count(*) FROM shop.kinds) <> 2 THEN RAISE 'the rows are gone'; END IF; END $$;";

#[tokio::test]
async fn a_down_script_at_fault_takes_no_rows_with_it() {
    for (up, down) in [
        (
            "ALTER TABLE shop.kinds ADD x int;",
            "DELETE FROM shop.kinds;",
        ),
        (
            "ALTER TABLE shop.kinds ADD x int;",
            "TRUNCATE shop.kinds; SELECT 1 / 0;",
        ),
        ("CREATE TABLE shop.t ();", "DROP TABLE shop.kinds;"),
        (
            "UPDATE shop.kinds SET id = id;",
            "DROP TABLE shop.kinds CASCADE;",
        ),
        ("CREATE TABLE shop.t ();", "DROP SCHEMA shop CASCADE;"),
        (
            "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON shop.kinds (id);",
            "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY shop.j;",
        ),
        (
            "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON shop.kinds (id);",
            "DROP TABLE shop.kinds;",
        ),
    ] {
        let registry = registry(&[
            SCHEMA,
            ("shop", 2, up, down),
            ("shop", 3, NEEDS_ROWS, "SELECT 1;"),
        ]);
        let tried = try_all(registry, None).await;
        assert!(
            matches!(tried[1], Tried::NotUndone(_) | Tried::Failed(Pass::Down, _)),
            "{down}: {tried:?}"
        );
        assert_eq!(tried[2], Tried::Sound, "{down}");
    }
}

#[tokio::test]
async fn a_second_up_script_at_fault_leaves_the_rows_of_the_first() {
    let tried = try_all(
        registry(&[
            SCHEMA,
            // Its rows are in the way of themselves.
            ("shop", 2, "INSERT INTO shop.kinds VALUES (3);", "SELECT 1;"),
            // It finds no rows the second time.
            (
                "shop",
                3,
                "DO $$ BEGIN IF NOT EXISTS (SELECT FROM shop.kinds) THEN RAISE 'no rows'; \
                 END IF; END $$;",
                "DELETE FROM shop.kinds;",
            ),
            (
                "shop",
                4,
                "DO $$ BEGIN IF (SELECT count(*) FROM shop.kinds) <> 3 THEN RAISE 'other rows'; \
                 END IF; END $$;",
                "SELECT 1;",
            ),
        ]),
        None,
    )
    .await;
    assert!(
        matches!(tried[1], Tried::Failed(Pass::Again, _)),
        "{tried:?}"
    );
    assert_eq!(tried[2], Tried::Failed(Pass::Again, "no rows".to_owned()));
    assert_eq!(tried[3], Tried::Sound);
}

#[tokio::test]
async fn a_script_that_needs_its_own_transaction_gets_it() {
    let deferred = "CREATE TABLE shop.a (id int PRIMARY KEY); \
        CREATE TABLE shop.b (a int REFERENCES shop.a DEFERRABLE INITIALLY DEFERRED);";
    let tried = try_all(
        registry(&[
            SCHEMA,
            ("shop", 2, deferred, "DROP TABLE shop.b; DROP TABLE shop.a;"),
            // The down script leaves checks to the end of its transaction, and the up script
            // alters the table.
            (
                "shop",
                3,
                "ALTER TABLE shop.b ADD x int;",
                "ALTER TABLE shop.b DROP x; INSERT INTO shop.a VALUES (1) ON CONFLICT DO NOTHING; \
                 INSERT INTO shop.b VALUES (1);",
            ),
            // Only the first statement of a transaction can choose its isolation.
            (
                "shop",
                4,
                "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; CREATE TABLE shop.c ();",
                "DROP TABLE shop.c;",
            ),
            // A deferred check that fails is the down script's fault.
            (
                "shop",
                5,
                "ALTER TABLE shop.b ADD y int;",
                "ALTER TABLE shop.b DROP y; INSERT INTO shop.b VALUES (77);",
            ),
            ("shop", 6, "CREATE TABLE shop.d ();", "DROP TABLE shop.d;"),
        ]),
        None,
    )
    .await;
    let check = "insert or update on table \"b\" violates foreign key constraint \"b_a_fkey\"";
    assert_eq!(tried[..4], [const { Tried::Sound }; 4]);
    assert_eq!(tried[4], Tried::Failed(Pass::Down, check.to_owned()));
    assert_eq!(tried[5], Tried::Sound);
}

#[tokio::test]
async fn a_value_that_the_second_up_script_adds_to_an_enum_is_not_used_too_early() {
    let tried = try_all(
        registry(&[
            SCHEMA,
            (
                "shop",
                2,
                "CREATE TYPE shop.mood AS ENUM ('glad'); CREATE TABLE shop.m (x shop.mood);",
                "DROP TABLE shop.m; DROP TYPE shop.mood;",
            ),
            // The old type is put back, and a new one is made of it again.
            (
                "shop",
                3,
                "ALTER TYPE shop.mood ADD VALUE 'sad';",
                "ALTER TABLE shop.m ALTER x TYPE text; DROP TYPE shop.mood; \
                 CREATE TYPE shop.mood AS ENUM ('glad'); \
                 ALTER TABLE shop.m ALTER x TYPE shop.mood USING x::shop.mood;",
            ),
            (
                "shop",
                4,
                "INSERT INTO shop.m VALUES ('sad');",
                "DELETE FROM shop.m;",
            ),
        ]),
        None,
    )
    .await;
    assert_eq!(tried, [const { Tried::Sound }; 4]);
}
