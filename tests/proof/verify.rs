//! `verify`: sound trees, faults, and wrong calls.

use std::fs;

use serde_json::Value;
use tempfile::tempdir;

use super::{ORDERS, TOTAL, document, tree, verify};
use crate::support::{database, execute, migrator, output, query};

#[test]
fn the_platforms_own_migrations_are_verified() {
    let folder = tempdir().expect("a folder is made");
    let output = output(migrator(&["verify", "-q"]).current_dir(folder.path()));
    assert!(output.starts_with("exit: 0\n"), "{output}");
    assert_eq!(
        output
            .lines()
            .filter(|line| line.starts_with("verified "))
            .count(),
        77,
        "{output}"
    );
    assert!(output.contains("\n77 migrations verified in "), "{output}");
}

#[test]
fn a_sound_tree_is_verified_and_its_locks_are_reported() {
    let folder = tree(&[ORDERS, TOTAL]);
    assert_output!(&mut verify(folder.path(), &[]));
    assert_output!(&mut verify(
        folder.path(),
        &["--service=shop", "--since=20240102120000", "-q"]
    ));
}

#[test]
fn only_the_up_script_of_an_irreversible_migration_is_verified() {
    let lower = (
        "20240102120000_1a1b2c3d_lower_notes",
        "UPDATE shop.orders SET note = lower(note);\n",
        "-- migrator: irreversible because the notes are lost as they were\n",
    );
    let total = ("20240103120000_2a1b2c3d_add_total", TOTAL.1, TOTAL.2);
    let folder = tree(&[ORDERS, lower, total]);
    assert_output!(&mut verify(folder.path(), &[]));
    let output = document(&mut verify(folder.path(), &["--output=json"]));
    assert_eq!(output["migrations"][1]["verdict"], "irreversible");
    assert_eq!(
        output["migrations"][1]["irreversible"],
        "the notes are lost as they were"
    );
    assert_eq!(output["migrations"][1]["milliseconds"]["down"], Value::Null);
    assert_eq!(output["migrations"][2]["verdict"], "sound");
    // An up script that fails is still a fault.
    let broken = (lower.0, "UPDATE shop.orders SET nota = '';\n", lower.2);
    let folder = tree(&[ORDERS, broken]);
    let output = document(&mut verify(folder.path(), &["--output=json"]));
    assert_eq!(output["exit"], 1);
    assert_eq!(output["migrations"][1]["verdict"], "failed");
    // A given database is empty afterwards.
    let url = database();
    let folder = tree(&[ORDERS, lower]);
    let lent = self::output(&mut verify(
        folder.path(),
        &[&format!("--database-url={url}")],
    ));
    assert!(lent.starts_with("exit: 0\n"), "{lent}");
    assert!(query(&url, "SELECT 'x' FROM pg_namespace WHERE nspname = 'shop'").is_empty());
}

/// A tree with one sound migration and one for each fault.
const FAULTY: [(&str, &str, &str); 6] = [
    ORDERS,
    (
        "20240102120000_1a1b2c3d_add_total",
        TOTAL.1,
        "ALTER TABLE shop.orders ADD COLUMN IF NOT EXISTS odd int;\nDROP INDEX shop.orders_total_idx;\n",
    ),
    (
        "20240103120000_2a1b2c3d_fill",
        "INSERT INTO shop.orders VALUES (1, 'a');\nCREATE UNIQUE INDEX orders_id_idx ON shop.orders (id);\n",
        "DROP INDEX shop.orders_id_idx;\n",
    ),
    (
        "20240104120000_3a1b2c3d_change_note",
        "ALTER TABLE shop.orders ALTER COLUMN note SET DEFAULT 'x';\n",
        "ALTER TABLE shop.orders ALTER COLUMN nota DROP DEFAULT;\n",
    ),
    (
        "20240105120000_4a1b2c3d_break",
        "ALTER TABLE shop.ordres ADD COLUMN x int;\n",
        "ALTER TABLE shop.orders DROP COLUMN x;\n",
    ),
    (
        "20240106120000_5a1b2c3d_behind",
        "UPDATE shop.orders SET x = 1;\n",
        "SELECT 1;\n",
    ),
];

#[test]
fn all_faults_are_reported_with_their_objects_and_scripts() {
    let folder = tree(&FAULTY);
    assert_output!(&mut verify(folder.path(), &[]));
    let document = document(&mut verify(folder.path(), &["--output=json"]));
    assert_eq!(document["exit"], 1);
    let migrations = document["migrations"].as_array().expect("a list");
    let verdicts: Vec<&str> = migrations
        .iter()
        .filter_map(|m| m["verdict"].as_str())
        .collect();
    assert_eq!(
        verdicts,
        [
            "sound",
            "not undone",
            "failed",
            "failed",
            "failed",
            "skipped"
        ]
    );
    let passes: Vec<Option<&str>> = migrations.iter().map(|m| m["pass"].as_str()).collect();
    assert_eq!(
        passes,
        [
            None,
            Some("down"),
            Some("up again"),
            Some("down"),
            Some("up"),
            None
        ]
    );
    assert_eq!(migrations[1]["differences"][0]["kind"], "column");
    assert_eq!(migrations[1]["locks"][0]["blocks"], "reads and writes");
    assert!(migrations[0]["milliseconds"]["up_again"].is_number());
    assert_eq!(document["errors"].as_array().map(Vec::len), Some(4));
    let notes = document["errors"][0]["notes"].as_array().expect("a list");
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert_eq!(notes[1]["word"], "left behind");
    assert_eq!(notes[1]["text"], "column shop.orders.total");
}

#[test]
fn a_given_database_must_be_empty_and_stays_empty() {
    let folder = tree(&[
        ORDERS,
        (
            "20240102120000_1a1b2c3d_leave",
            "CREATE TABLE shop.left ();\n",
            "SELECT 1;\n",
        ),
    ]);
    let url = database();
    let option = format!("--database-url={url}");
    assert_output!(&mut verify(folder.path(), &[&option]));
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname = 'shop'";
    assert_eq!(query(&url, schemas), [""; 0]);
    execute(
        &url,
        "CREATE TABLE public.used (); CREATE VIEW public.seen AS SELECT 1",
    );
    assert_output!(&mut verify(folder.path(), &[&option]));
    // The environment may name a live database, so `verify` ignores it.
    let mut command = verify(
        folder.path(),
        &["-q", "--since=20240101120000", "--service=shop"],
    );
    let output = output(command.env("DATABASE_URL", &url));
    assert!(output.contains("2 migrations"), "{output}");
}

#[test]
fn since_applies_the_earlier_migrations_once() {
    // Other runs of this test must not find the data.
    let comment = format!("{}{}", ORDERS.1, this_run());
    let earlier = (ORDERS.0, comment.as_str(), ORDERS.2);
    let faulty = (
        TOTAL.0,
        "ALTER TABLE shop.orders ADD total int;\n",
        "SELECT 1;\n",
    );
    let later = (
        "20240103120000_2a1b2c3d_create_items",
        "CREATE TABLE shop.items (id int);\n",
        "DROP TABLE shop.items;\n",
    );
    let kept = "the earlier migrations are applied already, in a database that another run kept";
    for (scripts, is_kept, code) in [
        (&[earlier, later][..], false, 0),
        (&[earlier, later], true, 0),
        (&[earlier, faulty, later], true, 1),
    ] {
        let folder = tree(scripts);
        let mut command = verify(folder.path(), &["--since=20240102000000"]);
        let output = command.output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert_eq!(stderr.contains(kept), is_kept, "{stderr}");
        let result = String::from_utf8_lossy(&output.stdout);
        assert!(!result.contains("create_orders"), "{result}");
        assert!(
            result.contains("verified shop/20240103120000_2a1b2c3d_create_items"),
            "{result}"
        );
        assert_eq!(
            stderr.contains("column shop.orders.total"),
            code == 1,
            "{stderr}"
        );
    }
}

/// A comment that no other run of the test has.
fn this_run() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("the clock is right").as_nanos();
    format!("-- {}-{now}\n", std::process::id())
}

#[test]
fn wrong_calls_of_verify_say_what_is_wrong() {
    let folder = tree(&[ORDERS]);
    assert_output!(&mut verify(folder.path(), &["--service=shap"]));
    assert_output!(&mut verify(folder.path(), &["--service=nothing_like_it"]));
    assert_output!(&mut verify(folder.path(), &["--since=20990101000000"]));
    assert_output!(&mut verify(folder.path(), &["--since=yesterday"]));
    fs::remove_file(
        folder.path().join(
            "database/migrations/shop_service/20240101120000_0a1b2c3d_create_orders.down.sql",
        ),
    )
    .expect("it was there");
    assert_output!(&mut verify(folder.path(), &[]));
    let none = tempdir().expect("a folder is made");
    assert_output!(&mut verify(none.path(), &[]));
}

#[test]
fn an_option_that_only_the_server_knows_is_noted_once() {
    let keeps = "UPDATE pg_attribute SET attoptions = ARRAY['inner=' || txid_current()]
        WHERE attrelid = 'shop.orders'::regclass AND attnum > 0;\n";
    let folder = tree(&[(
        ORDERS.0,
        &format!("{}{keeps}", ORDERS.1),
        "DROP TABLE shop.orders;\nDROP SCHEMA shop;\n",
    )]);
    let output = output(&mut verify(folder.path(), &[]));
    assert!(output.starts_with("exit: 0\n"), "{output}");
    let note = "note: not compared, as the option is unknown: `inner` of columns\n";
    assert_eq!(output.matches("unknown").count(), 1, "{output}");
    assert!(output.contains(note), "{output}");
}
