//! Which pending migrations are in a live database.

use migrator_localpg::Throwaway;
use migrator_model::Registry;
use migrator_runtime::{Migrator, Selection, Settings};
use migrator_verify::{ThrowawayServer, detect};

use super::support::{Live, Script, registry};

/// What each pending migration shows, a line each: its name, the result, and what is missing.
async fn detected(live: &Live, registry: &'static Registry) -> Vec<String> {
    let scratch = Throwaway::start().expect("a server");
    let url = scratch.create_database().await.expect("a database");
    let settings = Settings::parse(&url).expect("the URL is valid");
    let server = ThrowawayServer::new(settings, scratch.log());
    let migrator = Migrator::new(registry);
    let found = detect(&live.client().await, &migrator, &server, &Selection::All).await;
    let found = found.expect("the migrations can be replayed");
    let lines = found.into_iter().map(|(id, evidence)| {
        let missing = evidence.missing.iter().map(ToString::to_string);
        let missing: Vec<String> = missing.collect();
        format!("{} {} {missing:?}", id.name, evidence.presence.as_str())
    });
    lines.collect()
}

/// The up scripts of a service, as migrations.
fn tree(ups: &[&str]) -> &'static Registry {
    let numbered = ups.iter().zip(1..);
    let scripts: Vec<Script<'_>> = numbered
        .map(|(up, number)| ("shop", number, *up, "SELECT 1;"))
        .collect();
    registry(&scripts)
}

const TABLE: &str = "CREATE SCHEMA shop; CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY \
                     PRIMARY KEY, note text DEFAULT 'none', state varchar(9) CHECK (state IN ('a', 'b')));";
const INDEX: &str = "CREATE INDEX orders_note ON shop.orders (note); \
                     COMMENT ON TABLE shop.orders IS 'orders';";
const SEED: &str = "INSERT INTO shop.orders (note) VALUES ('x');";

#[tokio::test]
async fn each_result_is_told_apart() {
    let live = Live::new().await;
    live.run(TABLE).await;
    live.run("CREATE INDEX orders_note ON shop.orders (note)")
        .await;
    let view = "CREATE VIEW shop.notes AS SELECT note FROM shop.orders;";
    let found = detected(&live, tree(&[TABLE, INDEX, SEED, view])).await;
    let expected = [
        "m1 all []",
        "m2 part [\"table shop.orders: another comment\"]",
        "m3 unknown []",
        "m4 none [\"view shop.notes is missing\"]",
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn an_object_that_was_dropped_by_hand_is_named() {
    let live = Live::new().await;
    live.run(TABLE).await;
    live.run("ALTER TABLE shop.orders DROP COLUMN note").await;
    let found = detected(&live, tree(&[TABLE])).await;
    assert_eq!(found, ["m1 part [\"column shop.orders.note is missing\"]"]);
}

#[tokio::test]
async fn an_empty_database_has_none() {
    let live = Live::new().await;
    let found = detected(&live, tree(&[TABLE, INDEX])).await;
    let expected = [
        "m1 none [\"schema shop is missing\", \"table shop.orders is missing\"]",
        "m2 none [\"table shop.orders is missing\"]",
    ];
    assert_eq!(found, expected);
}

/// The second migration changes what the first one makes, and the third drops a part of it.
#[tokio::test]
async fn later_pending_migrations_are_taken_into_account() {
    let second = "ALTER TABLE shop.orders ALTER note SET DEFAULT 'some', ADD extra int;";
    let third =
        "ALTER TABLE shop.orders DROP COLUMN extra; ALTER TABLE shop.orders RENAME TO sold;";
    let tree = tree(&[TABLE, second, third]);
    // What the third one renames or drops shows nothing of the second one.
    let results = [
        ["none", "unknown", "none"],
        ["all", "none", "none"],
        ["all", "all", "none"],
        ["all", "unknown", "all"],
    ];
    for (applied, expected) in results.into_iter().enumerate() {
        let live = Live::new().await;
        for script in [TABLE, second, third].iter().take(applied) {
            live.run(script).await;
        }
        let found = detected(&live, tree).await;
        let words = found.iter().map(|line| line.split(' ').nth(1));
        let words: Vec<&str> = words.flatten().collect();
        assert_eq!(words, expected, "{applied}: {found:?}");
    }
}

#[tokio::test]
async fn recorded_migrations_are_left_out() {
    let live = Live::new().await;
    live.up(tree(&[TABLE])).await;
    live.run(INDEX).await;
    let found = detected(&live, tree(&[TABLE, INDEX])).await;
    assert_eq!(found, ["m2 all []"]);
}

#[tokio::test]
async fn a_definition_that_a_restore_prints_otherwise_is_the_same() {
    let live = Live::new().await;
    live.run(TABLE).await;
    live.run(
        "ALTER TABLE shop.orders DROP CONSTRAINT orders_state_check, ADD CONSTRAINT \
         orders_state_check CHECK (((state)::text = ANY ((ARRAY['a'::character varying, \
         'b'::character varying])::text[])))",
    )
    .await;
    assert_eq!(detected(&live, tree(&[TABLE])).await, ["m1 all []"]);
}

#[tokio::test]
async fn a_script_that_fails_on_the_temporary_server_is_unknown() {
    let live = Live::new().await;
    let needs_rows =
        "CREATE SCHEMA shop; SELECT 1 / (SELECT count(*) FROM pg_class WHERE relname = 'x');";
    let later = "CREATE TABLE public.later (id int);";
    live.run(later).await;
    let found = detected(&live, tree(&[needs_rows, later])).await;
    assert_eq!(found, ["m1 unknown []", "m2 all []"]);
}
