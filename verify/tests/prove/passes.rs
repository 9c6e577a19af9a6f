//! What becomes of a migration in its three passes, and of those behind it.

use migrator_runtime::Selection;
use migrator_verify::{Afterwards, Pass, Subject, prove};

use crate::support::{Tried, client, registry, try_all, try_on, url, version};

#[tokio::test]
async fn sound_migrations_are_verified_and_timed() {
    let registry = registry(&[
        ("shop", 1, "CREATE SCHEMA shop;", "DROP SCHEMA shop;"),
        (
            "shop",
            2,
            "CREATE TABLE shop.t (x int);",
            "DROP TABLE shop.t;",
        ),
    ]);
    let mut client = client(&url().await).await;
    let subject = Subject::of(Selection::All);
    let mut reported = Vec::new();
    let proof = prove(
        &mut client,
        registry,
        &subject,
        Afterwards::Abandon,
        |proved| {
            reported.push(proved.migration.version);
        },
    )
    .await;
    proof.ended.expect("a proof is made");
    let proved = proof.proved;
    assert_eq!(reported, [version(1), version(2)]);
    for one in &proved {
        assert!(one.verdict.is_sound());
        assert!(one.up.is_some() && one.down.is_some() && one.again.is_some());
    }
}

#[tokio::test]
async fn an_up_script_that_does_something_else_a_second_time_is_found() {
    let random = "DO $$ BEGIN EXECUTE 'CREATE TABLE shop.t' || \
                  replace(gen_random_uuid()::text, '-', '') || ' ()'; END $$;";
    let drop = "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables \
                WHERE schemaname = 'shop' LOOP EXECUTE 'DROP TABLE shop.' || t; END LOOP; END $$;";
    let tried = try_all(
        registry(&[
            ("shop", 1, "CREATE SCHEMA shop;", "DROP SCHEMA shop;"),
            ("shop", 2, random, drop),
            (
                "shop",
                3,
                "CREATE TABLE shop.last ();",
                "DROP TABLE shop.last;",
            ),
        ]),
        None,
    )
    .await;
    let Tried::NotRepeated(lines) = &tried[1] else {
        panic!("{tried:?}")
    };
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(tried[2], Tried::Sound);
}

#[tokio::test]
async fn a_failed_down_script_stops_nothing_behind_it() {
    let tried = try_all(
        registry(&[
            ("shop", 1, "CREATE SCHEMA shop;", "DROP SCHEMA shop;"),
            ("shop", 2, "CREATE TABLE shop.t ();", "DROP TABLE shop.u;"),
            (
                "shop",
                3,
                "ALTER TABLE shop.t ADD x int;",
                "ALTER TABLE shop.t DROP x;",
            ),
        ]),
        None,
    )
    .await;
    let failed = Tried::Failed(Pass::Down, "table \"u\" does not exist".to_owned());
    assert_eq!(tried, [Tried::Sound, failed, Tried::Sound]);
}

#[tokio::test]
async fn rows_that_are_left_behind_fail_the_second_up_script() {
    let tried = try_all(
        registry(&[
            (
                "shop",
                1,
                "CREATE SCHEMA shop; CREATE TABLE shop.t (x int PRIMARY KEY);",
                "DROP SCHEMA shop CASCADE;",
            ),
            ("shop", 2, "INSERT INTO shop.t VALUES (1);", "SELECT 1;"),
            (
                "shop",
                3,
                "ALTER TABLE shop.t ADD y int;",
                "ALTER TABLE shop.t DROP y;",
            ),
        ]),
        None,
    )
    .await;
    let duplicate = "duplicate key value violates unique constraint \"t_pkey\"";
    let failed = Tried::Failed(Pass::Again, duplicate.to_owned());
    assert_eq!(tried, [Tried::Sound, failed, Tried::Sound]);
}

#[tokio::test]
async fn a_script_outside_a_transaction_is_verified_too() {
    let tried = try_all(
        registry(&[
            (
                "shop",
                1,
                "CREATE SCHEMA shop; CREATE TABLE shop.t (x int);",
                "DROP SCHEMA shop CASCADE;",
            ),
            (
                "shop",
                2,
                "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY t_x_idx ON shop.t (x);",
                "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY shop.t_x_idx;",
            ),
            (
                "shop",
                3,
                "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY t_y_idx ON shop.t (x);",
                "SELECT 1;",
            ),
        ]),
        None,
    )
    .await;
    let left = Tried::NotUndone(vec!["left behind: index shop.t_y_idx".to_owned()]);
    assert_eq!(tried, [Tried::Sound, Tried::Sound, left]);
}

#[tokio::test]
async fn a_script_that_leaves_its_session_another_does_not_affect_the_next() {
    let tried = try_all(
        registry(&[
            (
                "shop",
                1,
                "CREATE SCHEMA shop; SET search_path = shop; CREATE TEMP TABLE scratch (x int);",
                "DROP SCHEMA shop;",
            ),
            ("shop", 2, "CREATE TABLE t (x int);", "DROP TABLE t;"),
        ]),
        None,
    )
    .await;
    assert_eq!(tried, [Tried::Sound, Tried::Sound]);
}

#[tokio::test]
async fn a_script_may_make_a_role_that_its_down_script_drops() {
    let name = format!("made_{}", std::process::id());
    let tried = try_all(
        registry(&[
            (
                "shop",
                1,
                &format!("CREATE ROLE {name};"),
                &format!("DROP ROLE {name};"),
            ),
            ("shop", 2, "CREATE SCHEMA a;", "SELECT 1;"),
            ("shop", 3, "CREATE SCHEMA b;", "DROP SCHEMA b;"),
        ]),
        None,
    )
    .await;
    let left = Tried::NotUndone(vec!["left behind: schema a".to_owned()]);
    assert_eq!(tried, [Tried::Sound, left, Tried::Sound]);
}

#[tokio::test]
async fn only_what_is_asked_for_is_verified() {
    let registry = registry(&[
        ("shop", 1, "CREATE SCHEMA shop;", "SELECT 1;"),
        ("shop", 2, "CREATE TABLE shop.t ();", "DROP TABLE shop.t;"),
        ("stock", 3, "CREATE TABLE shop.s ();", "DROP TABLE shop.s;"),
        ("lonely", 4, "CREATE SCHEMA lonely;", "SELECT 1;"),
    ]);
    let mut client = client(&url().await).await;
    let stock = Subject::of(Selection::Named(vec!["stock".to_owned()]));
    let tried = try_on(&mut client, registry, &stock, Afterwards::Empty).await;
    assert_eq!(tried.expect("a proof is made"), [Tried::Sound]);
    let shop = Subject::of(Selection::Named(vec!["shop".to_owned()])).since(Some(version(2)));
    let tried = try_on(&mut client, registry, &shop, Afterwards::Empty).await;
    assert_eq!(tried.expect("the database was left empty"), [Tried::Sound]);
}

#[tokio::test]
async fn a_script_may_discard_the_prepared_statements_of_its_session() {
    let discard = "-- migrator: no-transaction\nDISCARD ALL;";
    let tried = try_all(
        registry(&[
            ("shop", 1, "CREATE SCHEMA shop;", "DROP SCHEMA shop;"),
            ("shop", 2, discard, discard),
            ("shop", 3, "CREATE TABLE shop.t ();", "DROP TABLE shop.t;"),
        ]),
        None,
    )
    .await;
    assert_eq!(tried, [Tried::Sound, Tried::Sound, Tried::Sound]);
}

#[tokio::test]
async fn a_script_that_ends_its_session_is_at_fault_and_the_proof_goes_on() {
    for mode in ["", "-- migrator: no-transaction\n"] {
        let kill = format!("{mode}SELECT pg_terminate_backend(pg_backend_pid());");
        let tried = try_all(
            registry(&[
                ("shop", 1, "CREATE SCHEMA shop;", "DROP SCHEMA shop;"),
                ("shop", 2, "CREATE TABLE shop.t ();", &kill),
                ("shop", 3, "CREATE TABLE shop.u ();", "DROP TABLE shop.u;"),
                ("lonely", 4, &kill, "SELECT 1;"),
            ]),
            None,
        )
        .await;
        let failed =
            |index: usize, pass| matches!(&tried[index], Tried::Failed(at, _) if *at == pass);
        assert!(failed(0, Pass::Up) || failed(3, Pass::Up), "{tried:?}");
        assert!(
            tried
                .iter()
                .any(|one| matches!(one, Tried::Failed(Pass::Down, _))),
            "{tried:?}"
        );
        let sound = tried.iter().filter(|one| **one == Tried::Sound).count();
        assert_eq!(sound, 2, "{tried:?}");
    }
}

#[tokio::test]
async fn a_role_that_is_left_behind_stops_nothing_behind_it() {
    let name = format!("kept_{}", std::process::id());
    let tried = try_all(
        registry(&[
            ("lonely", 1, "CREATE SCHEMA lonely;", "DROP SCHEMA lonely;"),
            ("shop", 2, &format!("CREATE ROLE {name};"), "SELECT 1;"),
            ("shop", 3, "CREATE SCHEMA shop;", "DROP SCHEMA shop;"),
            ("stock", 4, "CREATE SCHEMA stock;", "DROP SCHEMA stock;"),
        ]),
        None,
    )
    .await;
    assert_eq!(tried[0], Tried::Sound);
    let Tried::Failed(Pass::Again, message) = &tried[1] else {
        panic!("{tried:?}")
    };
    assert!(message.contains("already exists"), "{message}");
    assert_eq!(tried[2..], [Tried::Sound, Tried::Sound]);
}
