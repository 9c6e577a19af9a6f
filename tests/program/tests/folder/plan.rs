//! `plan`, `up --expect-plan` and `--approved-by`; what `down` removes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::folder;
use crate::support::{BINARY, clear, database, execute, on, output, query};

const MANIFEST: &str = "tiers = [\"Base\", \"Product\"]\n\n\
    [services.core]\ntier = \"Base\"\ndirectory = \"core\"\n\n\
    [services.shop]\ntier = \"Product\"\ndirectory = \"shop\"\ndepends_on = [\"core\"]\n";

pub(super) const SETTINGS: &str = "core/20240101120000_0a1b2c3d_create_settings";
pub(super) const REGION: &str = "core/20240102120000_1a1b2c3d_drop_region";
pub(super) const ORDERS: &str = "shop/20240103120000_2a1b2c3d_create_orders";

pub(super) const CREATE_SETTINGS: &str =
    "CREATE SCHEMA core;\nCREATE TABLE core.settings (id bigint PRIMARY KEY, region text);\n";
const DROP_REGION: &str = "-- migrator: allow M0221 because no program reads the column\n\
    ALTER TABLE core.settings DROP COLUMN region;\n";

pub(super) fn write(folder: &Path, stem: &str, up: &str, down: &str) {
    for (direction, sql) in [("up", up), ("down", down)] {
        let file = folder.join(format!("database/migrations/{stem}.{direction}.sql"));
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folders are made");
        fs::write(file, sql).expect("it can be written");
    }
}

/// A checkout with three migrations of two services.
pub(super) fn checkout() -> TempDir {
    let checkout = folder();
    let at = checkout.path();
    let down = "DROP TABLE core.settings;\nDROP SCHEMA core;\n";
    write(at, SETTINGS, CREATE_SETTINGS, down);
    let down = "ALTER TABLE core.settings ADD COLUMN region text;\n";
    write(at, REGION, DROP_REGION, down);
    let up = "CREATE SCHEMA shop;\nCREATE TABLE shop.orders (id bigint PRIMARY KEY);\n";
    write(
        at,
        ORDERS,
        up,
        "DROP TABLE shop.orders;\nDROP SCHEMA shop;\n",
    );
    fs::write(at.join("database/services.toml"), MANIFEST).expect("it can be written");
    checkout
}

fn json(mut command: Command) -> Value {
    let output = command.output().expect("the binary runs");
    serde_json::from_slice(&output.stdout).expect("a document")
}

#[test]
fn a_plan_shows_legs_locks_and_destructive_steps() {
    let (url, checkout) = (database(), checkout());
    let run = |arguments: &[&str]| output(&mut on(&url, checkout.path(), arguments));
    run(&["up", "--service=core", "--steps=1"]);
    let planned = run(&["plan", "--service=all"]);
    let lines = format!(
        "exit: 0\n----- stdout -----\n\
         Base\n  \
         leg 1: core\n    \
         would be applied {REGION}  destructive\n        \
         core.settings: ACCESS EXCLUSIVE lock, blocks reads and writes, drops `region`\n\
         Product\n  \
         leg 2: shop, after leg 1\n    \
         would be applied {ORDERS}\n\
         2 migrations would be applied on postgresql://"
    );
    assert!(planned.starts_with(&lines), "{planned}");
    assert_eq!(planned, run(&["up", "--service=all", "--dry-run"]));

    let arguments = ["plan", "--service=all", "--output=json"];
    let document = json(on(&url, checkout.path(), &arguments));
    assert_eq!(document["legs"][1]["tier"], "Product", "{document}");
    assert_eq!(document["legs"][1]["after"][0], 1, "{document}");
    let first = &document["plan"][0];
    assert_eq!(first["leg"], 1, "{document}");
    assert_eq!(first["destructive"], true, "{document}");
    assert_eq!(first["tables"][0]["lock"], "ACCESS EXCLUSIVE", "{document}");
    assert_eq!(document["plan"][1]["destructive"], false, "{document}");
    let hash = document["hash"].as_str().expect("a text");
    assert!(planned.contains(&format!(
        "hash of this plan: {hash} (see `--expect-plan`)\n"
    )));
    assert!(first.get("sql").is_none(), "{document}");

    let scripts = run(&["plan", "--service=all", "--sql"]);
    let first = format!("drops `region`\n\n{DROP_REGION}\n");
    assert!(scripts.contains(&first), "{scripts}");
    let alone = run(&["up", "--service=all", "--sql"]);
    assert!(alone.starts_with("exit: 2\n"), "{alone}");
}

#[test]
fn up_runs_only_the_plan_that_is_expected() {
    let (url, checkout) = (database(), checkout());
    let at = checkout.path();
    let run = |arguments: &[&str]| output(&mut on(&url, at, arguments));
    let hash = || {
        let document = json(on(&url, at, &["plan", "--service=all", "--output=json"]));
        let hash = document["hash"].as_str().expect("a text").to_owned();
        format!("--expect-plan={hash}")
    };
    let seen = hash();
    let refused = |seen: &str, now: &str| {
        for command in [&["up"][..], &["plan"]] {
            let refused = run(&[command, &["--service=all", seen]].concat());
            assert!(refused.starts_with("exit: 3\n"), "{refused}");
            let message = format!("have changed since this plan was made: {now}");
            assert!(refused.contains("error[M0401]"), "{refused}");
            assert!(refused.contains(&message), "{refused}");
            let help = "run `migrator plan` with the same options, review the new plan, and give";
            assert!(refused.contains(help), "{refused}");
        }
    };

    // Somebody edits a down script, which the plan does not run.
    write(at, SETTINGS, CREATE_SETTINGS, "DROP SCHEMA core CASCADE;\n");
    refused(&seen, "the plan is `");
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname IN ('core', 'migrator')";
    assert!(query(&url, schemas).is_empty());

    // Another run applies a part of the plan.
    let seen = hash();
    run(&["up", "--service=core", "--steps=1"]);
    refused(&seen, "the plan is `");
    assert_eq!(
        query(&url, "SELECT name::text FROM migrator.history").len(),
        1
    );

    let seen = hash();
    let applied = run(&["up", "--service=all", &seen, "--approved-by=release board"]);
    assert!(applied.starts_with("exit: 0\n"), "{applied}");
    let events = query(
        &url,
        "SELECT concat_ws(' ', kind, message) FROM migrator.event ORDER BY id",
    );
    let approved = "apply approved by release board";
    assert_eq!(events, ["apply", approved, approved]);
    // The run that was approved is over.
    refused(&seen, "nothing is pending now");
    let usage = run(&["up", "--service=all", "--expect-plan=12"]);
    assert!(usage.starts_with("exit: 2\n"), "{usage}");
    assert!(usage.contains("32 hexadecimal digits"), "{usage}");
}

#[test]
fn prepared_records_and_reverts_name_who_approved_them() {
    let (url, checkout) = (database(), checkout());
    for number in 4..12 {
        let stem = format!("shop/202401{number:02}120000_{number:08x}_nothing");
        write(checkout.path(), &stem, "SELECT 1;\n", "SELECT 1;\n");
    }
    let by = "--approved-by=o'clock";
    for call in [&["up"][..], &["down", "--all", "--yes"]] {
        let call = [call, &["--service=all", by]].concat();
        let ran = output(&mut on(&url, checkout.path(), &call));
        assert!(ran.starts_with("exit: 0\n"), "{ran}");
    }
    let sum = "SELECT concat_ws(' ', kind, count(*), message) FROM migrator.event \
               GROUP BY kind, message ORDER BY 1";
    let expected = [
        "apply 11 approved by o'clock",
        "revert 11 approved by o'clock",
    ];
    assert_eq!(query(&url, sum), expected);
}

#[test]
fn down_shows_what_it_removes_before_it_asks() {
    let (url, checkout) = (database(), checkout());
    let at = checkout.path();
    output(&mut on(&url, at, &["up", "--service=all"]));
    execute(
        &url,
        "INSERT INTO shop.orders SELECT generate_series(1, 40); ANALYZE shop.orders",
    );
    let removed = "would remove table shop.orders with about 40 rows";
    let arguments = ["down", "--service=shop", "--dry-run"];
    let planned = output(&mut on(&url, at, &arguments));
    let lines = format!(
        "would be reverted {ORDERS}  destructive\n    \
         shop.orders: ACCESS EXCLUSIVE lock, blocks reads and writes, drops the table\n\
         {removed}\n1 migration would be"
    );
    assert!(planned.contains(&lines), "{planned}");
    let document = json(on(&url, at, &[&arguments[..], &["--output=json"]].concat()));
    assert_eq!(document["lost"][0]["rows"], 40, "{document}");
    let table = &document["plan"][0]["tables"][0];
    assert_eq!(table["lock"], "ACCESS EXCLUSIVE", "{document}");

    let mut terminal = Command::new("sh");
    let line = format!(
        "echo n | script --quiet --return --command '{BINARY} down --service=shop' /dev/null"
    );
    terminal.args(["-c", &line]).current_dir(at);
    terminal.stdin(Stdio::null());
    clear(&mut terminal);
    terminal.env("DATABASE_URL", &url).env("NO_COLOR", "1");
    let asked = output(&mut terminal);
    assert!(asked.contains(removed), "{asked}");
    assert!(
        asked.contains("revert 1 destructive migration on "),
        "{asked}"
    );
    assert!(asked.contains("nothing was reverted"), "{asked}");
    assert_eq!(query(&url, "SELECT id::text FROM shop.orders").len(), 40);
}
