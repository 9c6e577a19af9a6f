//! Snapshots that read only what a script changed. `try_all` also compares them with whole ones.

use std::thread;

use migrator_runtime::Selection;
use migrator_verify::{Afterwards, Subject, prove};

use crate::support::{Tried, client, registry, try_all, url};

const TABLE: &str = "CREATE SCHEMA shop; CREATE SEQUENCE shop.numbers; CREATE DOMAIN shop.price AS numeric; \
     CREATE TABLE shop.orders (id integer PRIMARY KEY, note varchar(20)); \
     CREATE FUNCTION shop.give() RETURNS void LANGUAGE plpgsql AS \
     $$BEGIN EXECUTE 'gr' || 'ant select (note) on shop.orders to public'; END$$;";

#[tokio::test]
async fn changes_that_lock_nothing_are_found() {
    let made = ("shop", 1, TABLE, "DROP SCHEMA shop CASCADE;");
    for (up, found) in [
        (
            "SELECT shop.give();",
            "column shop.orders.note: privileges is public: SELECT, was not set",
        ),
        (
            "GRANT SELECT ON shop.orders TO public;",
            "table shop.orders: privileges is public: SELECT, was not set",
        ),
        (
            "SET track_counts = off; GRANT UPDATE ON shop.orders TO public;",
            "table shop.orders: privileges is public: UPDATE, was not set",
        ),
        (
            "ALTER DOMAIN shop.price ADD CONSTRAINT positive CHECK (VALUE > 0);",
            "left behind: constraint positive on shop.price",
        ),
        (
            "ALTER FUNCTION shop.give() COST 7;",
            "function shop.give(): cost is 7, was 100",
        ),
        (
            "DO $$BEGIN CREATE TABLE shop.inner_one (); EXCEPTION WHEN OTHERS THEN NULL; END$$;",
            "left behind: table shop.inner_one",
        ),
        (
            "ALTER SEQUENCE shop.numbers OWNED BY shop.orders.id;",
            "sequence shop.numbers: owned by is shop.orders.id, was not set",
        ),
    ] {
        let scripts = [made, ("shop", 2, up, "SELECT 1;")];
        let tried = try_all(registry(&scripts), None).await;
        let found = Tried::NotUndone(vec![found.to_owned()]);
        assert_eq!(tried, [Tried::Sound, found], "{up}");
    }
}

#[tokio::test]
async fn a_view_that_shows_a_new_column_of_its_table_is_read_again() {
    let made = "CREATE SCHEMA shop; CREATE TABLE shop.a (id integer, x integer); \
        CREATE TABLE shop.b (id integer, y integer); \
        CREATE VIEW shop.v AS SELECT id, x, y FROM shop.a JOIN shop.b USING (id);";
    let scripts = [
        ("shop", 1, made, "DROP SCHEMA shop CASCADE;"),
        (
            "shop",
            2,
            "ALTER TABLE shop.a ADD y integer; ALTER TABLE shop.b ADD x integer;",
            "ALTER TABLE shop.a DROP y; ALTER TABLE shop.b DROP x;",
        ),
        (
            "shop",
            3,
            "ALTER TABLE shop.a RENAME x TO z;",
            "ALTER TABLE shop.a RENAME z TO x;",
        ),
        (
            "shop",
            4,
            "ALTER TABLE shop.b ADD PRIMARY KEY (id); ALTER TABLE shop.a ADD FOREIGN KEY (id) REFERENCES shop.b;",
            "ALTER TABLE shop.a DROP CONSTRAINT a_id_fkey; ALTER TABLE shop.b DROP CONSTRAINT b_pkey; \
             ALTER TABLE shop.b ALTER id DROP NOT NULL;",
        ),
    ];
    let tried = try_all(registry(&scripts), None).await;
    assert_eq!(tried, [const { Tried::Sound }; 4]);
}

#[tokio::test]
async fn what_was_missed_is_told_and_everything_since_is_proved_again() {
    let scripts = [
        ("shop", 1, TABLE, "DROP SCHEMA shop CASCADE;"),
        (
            "shop",
            2,
            "CREATE TABLE shop.more ();",
            "DROP TABLE shop.more;",
        ),
        (
            "shop",
            3,
            "CREATE TABLE shop.last ();",
            "DROP TABLE shop.last;",
        ),
    ];
    let registry = registry(&scripts);
    let url = url().await;
    let mut session = client(&url).await;
    let subject = Subject::of(Selection::All);
    let mut reported = Vec::new();
    // Another session changes what only its own transaction's locks show.
    let proof = prove(
        &mut session,
        registry,
        &subject,
        Afterwards::Abandon,
        |proved| {
            reported.push(proved.migration.version);
            if reported.len() == 2 {
                let url = url.clone();
                let other = thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build();
                    runtime.expect("a runtime").block_on(async {
                        let other = client(&url).await;
                        let sql = "ALTER SEQUENCE shop.numbers OWNED BY shop.orders.id";
                        other.postgres().batch_execute(sql).await
                    })
                });
                other.join().expect("no panic").expect("the change is made");
            }
        },
    )
    .await;
    proof.ended.expect("a proof is made");
    let missed: Vec<String> = proof.missed.iter().map(ToString::to_string).collect();
    let expected = "sequence shop.numbers: owned by is shop.orders.id, was not set";
    assert_eq!(missed, [expected]);
    assert_eq!(reported.len(), 6);
    assert_eq!(proof.proved.len(), 3);
    assert!(proof.proved.iter().all(|proved| proved.verdict.is_sound()));
}
