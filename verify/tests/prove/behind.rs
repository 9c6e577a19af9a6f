//! What becomes of the migrations behind one that could not be applied.

use migrator_verify::Pass;

use crate::support::{Script, Tried, registry, try_all};

/// Tries migrations of `shop` behind one that makes the schema and one that fails; those are
/// numbered 1 and 2.
async fn behind(failing: &str, later: &[(&str, &str, &str)]) -> Vec<Tried> {
    let mut scripts: Vec<Script<'_>> = vec![
        (
            "shop",
            1,
            "CREATE SCHEMA shop; CREATE TABLE shop.base (id int PRIMARY KEY);",
            "DROP SCHEMA shop CASCADE;",
        ),
        ("shop", 2, failing, "SELECT 1;"),
    ];
    let numbered = (3..).zip(later);
    scripts.extend(numbered.map(|(number, (service, up, down))| (*service, number, *up, *down)));
    let order: Vec<(String, i64)> = scripts.iter().map(|s| (s.0.to_owned(), s.1)).collect();
    let registry = registry(&scripts);
    let mut tried = try_all(registry, None).await;
    // In the order of the numbers, not of the plan.
    let mut sorted = Vec::new();
    for (service, number) in order {
        let is_it = |m: migrator_model::Migration<'_>| {
            m.service == service && m.version == crate::support::version(number)
        };
        let at = registry.migrations().position(is_it).expect("it is there");
        sorted.push(std::mem::replace(&mut tried[at], Tried::Sound));
    }
    assert!(
        matches!(sorted[1], Tried::Failed(Pass::Up, _)),
        "{sorted:?}"
    );
    sorted.split_off(2)
}

fn skipped() -> Tried {
    Tried::Skipped("shop/20240101000002_a0000002_m2".to_owned())
}

const FAILING: &str = "CREATE TABLE shop.t (x int, made_by nowhere.kind);";

#[tokio::test]
async fn what_does_not_need_a_failed_migration_is_verified() {
    let tried = behind(
        FAILING,
        &[
            ("shop", "CREATE TABLE shop.u ();", "DROP TABLE shop.u;"),
            (
                "shop",
                "ALTER TABLE shop.u ADD y int;",
                "ALTER TABLE shop.u DROP y;",
            ),
            ("stock", "CREATE SCHEMA stock;", "DROP SCHEMA stock;"),
            ("lonely", "CREATE SCHEMA lonely;", "DROP SCHEMA lonely;"),
        ],
    )
    .await;
    assert_eq!(tried, [const { Tried::Sound }; 4]);
}

#[tokio::test]
async fn a_migration_that_needs_a_failed_one_is_skipped_also_in_other_services() {
    let tried = behind(
        FAILING,
        &[
            (
                "shop",
                "ALTER TABLE shop.t ADD y int;",
                "ALTER TABLE shop.t DROP y;",
            ),
            (
                "shop",
                "CREATE VIEW shop.v AS SELECT x FROM shop.t;",
                "DROP VIEW shop.v;",
            ),
            // Of the view above, which was skipped itself.
            (
                "shop",
                "CREATE VIEW shop.w AS SELECT x FROM shop.v;",
                "DROP VIEW shop.w;",
            ),
            ("shop", "INSERT INTO shop.\"t\" VALUES (1);", "SELECT 1;"),
            (
                "stock",
                "CREATE TABLE public.a (b shop.t);",
                "DROP TABLE public.a;",
            ),
            (
                "lonely",
                "-- migrator: requires shop/20240101000003\nSELECT 1;",
                "SELECT 1;",
            ),
            (
                "shop",
                "DO $$ BEGIN EXECUTE 'COMMENT ON TABLE shop.' || 't' || ' IS ''x'' '; END $$;",
                "SELECT 1;",
            ),
        ],
    )
    .await;
    assert_eq!(tried, vec![skipped(); 7]);
}

#[tokio::test]
async fn any_kind_of_object_may_be_missing() {
    let failing = "ALTER TABLE shop.base ADD total int; \
        CREATE FUNCTION shop.sum(int) RETURNS int LANGUAGE sql AS 'SELECT $1'; \
        CREATE TYPE shop.mood AS ENUM ('glad'); CREATE SEQUENCE shop.numbers; \
        CREATE TABLE shop.serials (id serial PRIMARY KEY); \
        CREATE SCHEMA later; INSERT INTO shop.base (id) VALUES (1); SELECT 1 / 0;";
    let tried = behind(
        failing,
        &[
            ("shop", "UPDATE shop.base SET total = 0;", "SELECT 1;"),
            (
                "shop",
                "CREATE INDEX i ON shop.base (total);",
                "DROP INDEX shop.i;",
            ),
            ("shop", "SELECT shop.sum(1);", "SELECT 1;"),
            ("shop", "SELECT b.total FROM shop.base b;", "SELECT 1;"),
            (
                "shop",
                "CREATE TABLE public.m (x shop.mood);",
                "DROP TABLE public.m;",
            ),
            ("shop", "SELECT nextval('shop.numbers');", "SELECT 1;"),
            ("shop", "CREATE TABLE later.t ();", "DROP TABLE later.t;"),
            (
                "shop",
                "CREATE TABLE public.n (x shop.mood[]);",
                "DROP TABLE public.n;",
            ),
            (
                "shop",
                "ALTER SEQUENCE shop.serials_id_seq CYCLE;",
                "SELECT 1;",
            ),
            (
                "shop",
                "ALTER INDEX shop.serials_pkey RENAME TO serials_key;",
                "SELECT 1;",
            ),
            (
                "shop",
                "CREATE TABLE public.r (id int REFERENCES shop.base DEFAULT 1); \
                 INSERT INTO public.r DEFAULT VALUES;",
                "DROP TABLE public.r;",
            ),
        ],
    )
    .await;
    assert_eq!(tried, vec![skipped(); 11]);
}

#[tokio::test]
async fn a_later_fault_of_its_own_is_reported() {
    let tried = behind(
        FAILING,
        &[
            ("shop", "ALTER TABLE shop.typo ADD y int;", "SELECT 1;"),
            ("shop", "SELECT 1 / 0;", "SELECT 1;"),
            // What the failed script lacks itself is not what it would have made.
            (
                "shop",
                "CREATE TABLE nowhere.t ();",
                "DROP TABLE nowhere.t;",
            ),
            ("shop", "CREATE TABLE shop.left ();", "SELECT 1;"),
            ("shop", "SELECT nothing FROM shop.base;", "SELECT 1;"),
        ],
    )
    .await;
    let failed = |message: &str| Tried::Failed(Pass::Up, message.to_owned());
    assert_eq!(
        tried,
        [
            failed("relation \"shop.typo\" does not exist"),
            failed("division by zero"),
            failed("schema \"nowhere\" does not exist"),
            Tried::NotUndone(vec!["left behind: table shop.\"left\"".to_owned()]),
            failed("column \"nothing\" does not exist"),
        ]
    );
}

#[tokio::test]
async fn a_migration_that_cannot_be_undone_without_a_failed_one_is_skipped() {
    let tried = behind(
        FAILING,
        &[
            // The table is not there to be dropped, so the down script makes a new one.
            (
                "shop",
                "DROP TABLE IF EXISTS shop.t;",
                "CREATE TABLE shop.t (a int, b text);",
            ),
            (
                "shop",
                "ALTER TABLE IF EXISTS shop.t ADD z int;",
                "ALTER TABLE shop.t DROP z;",
            ),
        ],
    )
    .await;
    assert_eq!(tried, vec![skipped(); 2]);
}

#[tokio::test]
async fn each_is_skipped_behind_the_one_that_it_needs() {
    let tried = behind(
        FAILING,
        &[
            (
                "shop",
                "CREATE TABLE shop.s (y nowhere.kind);",
                "DROP TABLE shop.s;",
            ),
            ("shop", "DROP TABLE shop.s;", "CREATE TABLE shop.s ();"),
            ("shop", "DROP TABLE shop.t;", "CREATE TABLE shop.t ();"),
        ],
    )
    .await;
    let third = Tried::Skipped("shop/20240101000003_a0000003_m3".to_owned());
    assert!(matches!(tried[0], Tried::Failed(Pass::Up, _)));
    assert_eq!(tried[1..], [third, skipped()]);
}

#[tokio::test]
async fn objects_of_a_missing_extension_are_missing_too() {
    let tried = behind(
        "CREATE EXTENSION no_such_extension;",
        &[
            (
                "shop",
                "CREATE TABLE shop.p (at geometry);",
                "DROP TABLE shop.p;",
            ),
            ("shop", "CREATE TABLE shop.q ();", "DROP TABLE shop.q;"),
        ],
    )
    .await;
    assert_eq!(tried, [skipped(), Tried::Sound]);
}
