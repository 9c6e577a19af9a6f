//! An effect that no script can undo is reported, but it is not a fault.

use crate::support::{Tried, registry, try_all};

/// Migrations of one service, each with its notes; an empty text if it is sound.
async fn assert_told(scripts: &[(&str, &str, &[&str])]) {
    let numbered: Vec<_> = scripts
        .iter()
        .zip(1..)
        .map(|((up, down, _), number)| ("shop", number, *up, *down))
        .collect();
    let expected: Vec<Tried> = scripts
        .iter()
        .map(|(_, _, notes)| match notes.is_empty() {
            true => Tried::Sound,
            false => Tried::Noted(notes.iter().map(|note| (*note).to_owned()).collect()),
        })
        .collect();
    assert_eq!(try_all(registry(&numbered), None).await, expected);
}

#[tokio::test]
async fn a_columns_place_alone_is_no_fault() {
    assert_told(&[
        (
            "CREATE SCHEMA shop; CREATE TABLE shop.t (a int, b int, c int, d int, e int)",
            "DROP SCHEMA shop CASCADE",
            &[],
        ),
        (
            "ALTER TABLE shop.t DROP b",
            "ALTER TABLE shop.t ADD b int",
            &["column shop.t.b: position is 5, was 2"],
        ),
        // Two columns that were dropped come again in another order.
        (
            "ALTER TABLE shop.t DROP a, DROP d, ADD x int",
            "ALTER TABLE shop.t DROP x, ADD d int, ADD a int",
            &["column shop.t.a: position is 4, was 1"],
        ),
        // What depends on a column is made again with it.
        (
            "CREATE VIEW shop.v AS SELECT c, e FROM shop.t WHERE c > 0;
            CREATE INDEX t_c ON shop.t (c); ALTER TABLE shop.t ADD CONSTRAINT k CHECK (c > 0);
            CREATE STATISTICS shop.s ON c, e FROM shop.t",
            "DROP VIEW shop.v; DROP STATISTICS shop.s; DROP INDEX shop.t_c;
            ALTER TABLE shop.t DROP CONSTRAINT k",
            &[],
        ),
        (
            "DROP VIEW shop.v; ALTER TABLE shop.t DROP c",
            "ALTER TABLE shop.t ADD c int CONSTRAINT k CHECK (c > 0);
            CREATE INDEX t_c ON shop.t (c); CREATE STATISTICS shop.s ON c, e FROM shop.t;
            CREATE VIEW shop.v AS SELECT c, e FROM shop.t WHERE c > 0",
            &["column shop.t.c: position is 3, was 1"],
        ),
        (
            "CREATE TYPE shop.k AS (a int, b int, c int)",
            "DROP TYPE shop.k",
            &[],
        ),
        (
            "ALTER TYPE shop.k DROP ATTRIBUTE a",
            "ALTER TYPE shop.k ADD ATTRIBUTE a int",
            &["attribute shop.k.a: position is 3, was 1"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_enum_value_that_postgres_cannot_remove_is_no_fault() {
    assert_told(&[
        (
            "CREATE SCHEMA shop; CREATE TYPE shop.e AS ENUM ('a', 'b')",
            "DROP SCHEMA shop CASCADE",
            &[],
        ),
        (
            "ALTER TYPE shop.e ADD VALUE 'c'",
            "SELECT 1 -- it cannot be removed",
            &["type shop.e: labels is 'a', 'b', 'c', was 'a', 'b'"],
        ),
        (
            "ALTER TYPE shop.e ADD VALUE IF NOT EXISTS 'it''s, first' BEFORE 'a';
            ALTER TYPE shop.e ADD VALUE IF NOT EXISTS 'second' AFTER 'b'",
            "SELECT 1",
            &["type shop.e: labels is 'it''s, first', 'a', 'b', 'second', 'c', was 'a', 'b', 'c'"],
        ),
        // The failed second run is made good: what follows has its table.
        (
            "CREATE TABLE shop.t (e shop.e); ALTER TYPE shop.e ADD VALUE 'z'",
            "DROP TABLE shop.t",
            &[
                "type shop.e: labels is 'it''s, first', 'a', 'b', 'second', 'c', 'z', \
                 was 'it''s, first', 'a', 'b', 'second', 'c'",
            ],
        ),
        (
            "ALTER TABLE shop.t ADD x int",
            "ALTER TABLE shop.t DROP x",
            &[],
        ),
    ])
    .await;
}

#[tokio::test]
async fn other_changes_of_an_enum_and_of_a_column_are_faults() {
    let faults = [
        ("ALTER TYPE shop.e RENAME VALUE 'b' TO 'c'", "SELECT 1"),
        (
            "ALTER TABLE shop.t DROP e; DROP TYPE shop.e",
            "CREATE TYPE shop.e AS ENUM ('a'); ALTER TABLE shop.t ADD e shop.e",
        ),
        (
            "ALTER TABLE shop.t DROP e; DROP TYPE shop.e",
            "CREATE TYPE shop.e AS ENUM ('b', 'a', 'c'); ALTER TABLE shop.t ADD e shop.e",
        ),
        (
            "ALTER TABLE shop.t DROP a",
            "ALTER TABLE shop.t ADD a bigint",
        ),
        ("ALTER TABLE shop.t DROP a", "SELECT 1"),
        (
            "ALTER TYPE shop.e ADD VALUE IF NOT EXISTS 'c'; CREATE TABLE shop.u (a int)",
            "SELECT 1",
        ),
    ];
    for (up, down) in faults {
        let given = "CREATE SCHEMA shop; CREATE TYPE shop.e AS ENUM ('a', 'b');
            CREATE TABLE shop.t (a int, b int, e shop.e)";
        let given = ("shop", 1, given, "DROP SCHEMA shop CASCADE");
        let tried = try_all(registry(&[given, ("shop", 2, up, down)]), None).await;
        let last = tried.last();
        assert!(matches!(last, Some(Tried::NotUndone(_))), "{up}: {last:?}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is a table of inputs")]
async fn the_columns_of_a_view_follow_those_of_its_table() {
    let views = "CREATE VIEW shop.v AS SELECT * FROM shop.t WHERE a > 0;
        CREATE VIEW shop.w AS SELECT t.*, 'a, b' AS c FROM shop.t;
        CREATE VIEW shop.x AS SELECT * FROM (SELECT * FROM shop.v) s;
        CREATE MATERIALIZED VIEW shop.m AS SELECT * FROM shop.x;
        CREATE FUNCTION shop.f() RETURNS SETOF shop.t LANGUAGE sql AS 'SELECT * FROM shop.t';
        CREATE TABLE shop.l (LIKE shop.t)";
    let drop = "DROP TABLE shop.l; DROP FUNCTION shop.f(); DROP MATERIALIZED VIEW shop.m;
        DROP VIEW shop.x; DROP VIEW shop.w; DROP VIEW shop.v";
    let moved = [
        "column shop.l.a: position is 2, was 1",
        "column shop.m.a: position is 2, was 1",
        "column shop.t.a: position is 2, was 1",
        "column shop.v.a: position is 2, was 1",
        "column shop.w.b: position is 1, was 2",
        "column shop.x.a: position is 2, was 1",
    ];
    let numbered = [
        (
            "shop",
            1,
            "CREATE SCHEMA shop; CREATE TABLE shop.t (a int, b int)",
            "DROP SCHEMA shop CASCADE",
        ),
        ("shop", 2, views, drop),
        (
            "shop",
            3,
            &format!("{drop}; ALTER TABLE shop.t DROP a"),
            &format!("ALTER TABLE shop.t ADD a int; {views}"),
        ),
        // The script could have named the columns in their order.
        (
            "shop",
            4,
            "CREATE TABLE shop.u (a int, b int); CREATE VIEW shop.y AS SELECT a, b FROM shop.u",
            "DROP VIEW shop.y; DROP TABLE shop.u",
        ),
        (
            "shop",
            5,
            "DROP VIEW shop.y",
            "CREATE VIEW shop.y AS SELECT b, a FROM shop.u",
        ),
        // The column moved, and the view is another one.
        (
            "shop",
            6,
            "CREATE VIEW shop.z AS SELECT a, b AS c FROM shop.u",
            "DROP VIEW shop.z",
        ),
        (
            "shop",
            7,
            "DROP VIEW shop.z; ALTER TABLE shop.u DROP a",
            "ALTER TABLE shop.u ADD a int; CREATE VIEW shop.z AS SELECT b AS a, a AS c FROM shop.u",
        ),
    ];
    let tried = try_all(registry(&numbered), None).await;
    let Tried::Noted(notes) = &tried[2] else {
        panic!("{tried:#?}");
    };
    for note in moved {
        assert!(notes.iter().any(|line| line == note), "{note}: {notes:#?}");
    }
    for view in [
        "view shop.v",
        "view shop.w",
        "view shop.x",
        "materialised view shop.m",
    ] {
        let start = format!("{view}: definition");
        let is_noted = notes.iter().any(|line| line.starts_with(&start));
        assert!(is_noted, "{view}: {notes:#?}");
    }
    for (at, view) in [(4, "view shop.y"), (6, "view shop.z")] {
        let Tried::NotUndone(found) = &tried[at] else {
            panic!("{tried:#?}");
        };
        assert!(
            found.iter().any(|line| line.starts_with(view)),
            "{found:#?}"
        );
    }
}
