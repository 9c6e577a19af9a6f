//! The binary: exit code, standard output and standard error in one snapshot.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{block_on, clear, connect, database, execute, migrator, on, query, said};
use tempfile::{TempDir, tempdir};

fn folder() -> TempDir {
    tempdir().expect("a folder is made")
}

/// A checkout with a small tree of one service.
fn checkout() -> TempDir {
    let folder = folder();
    let tree = folder.path().join("database/migrations/shop_service");
    fs::create_dir_all(&tree).expect("the folders are made");
    let manifest =
        "tiers = [\"Only\"]\n\n[services.shop]\ntier = \"Only\"\ndirectory = \"shop_service\"\n";
    write(folder.path(), "database/services.toml", manifest);
    let stem = "database/migrations/shop_service/20240101120000_0a1b2c3d_create_orders";
    write(
        folder.path(),
        &format!("{stem}.up.sql"),
        "CREATE TABLE orders ();\n",
    );
    write(
        folder.path(),
        &format!("{stem}.down.sql"),
        "DROP TABLE orders;\n",
    );
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    fs::write(folder.join(path), text).expect(path);
}

fn document(command: &mut Command) -> Value {
    let output = command.output().expect("the binary runs");
    serde_json::from_slice(&output.stdout).expect("standard output is one JSON document")
}

#[test]
fn a_service_is_applied_and_then_nothing_is_pending() {
    let (url, folder) = (database(), folder());
    let up = ["up", "--service=core"];
    assert_said!(&mut on(&url, folder.path(), &up));
    assert_said!(&mut on(&url, folder.path(), &up));
}

#[test]
fn up_first_applies_the_services_that_a_service_depends_on() {
    let (url, folder) = (database(), folder());
    assert_said!(&mut on(
        &url,
        folder.path(),
        &["up", "--service=user", "--steps=1", "--dry-run", "-q"]
    ));
    let said = said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=user", "--steps=1"],
    ));
    assert!(said.contains("which the selected services need"), "{said}");
    assert_said!(&mut on(&url, folder.path(), &["status"]));
}

#[test]
fn a_dry_run_writes_nothing() {
    let (url, folder) = (database(), folder());
    assert_said!(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=2", "--dry-run"]
    ));
    let schemas = support::query(
        &url,
        "SELECT nspname::text FROM pg_namespace WHERE nspname IN ('core', 'migrator')",
    );
    assert!(schemas.is_empty());
}

#[test]
fn an_irreversible_migration_is_shown_and_not_reverted() {
    let (url, folder) = (database(), folder());
    let run = |arguments: &[&str]| said(&mut on(&url, folder.path(), arguments));
    run(&["up", "--service=core", "--steps=2"]);
    // Another binary has applied a migration that this one does not have.
    let (version, name, up) = (20_991_231_235_959, "deadbeef_erase", "SELECT 1;");
    let checksum = migrator_model::sql::checksum(name, version, up);
    execute(
        &url,
        &format!(
            "UPDATE migrator.core_history SET version = {version}, name = '{name}', \
             checksum = '{checksum}', up_script = '{up}', \
             down_script = '-- migrator: irreversible because the rows are gone' \
             WHERE version = (SELECT max(version) FROM migrator.core_history)"
        ),
    );
    for arguments in [
        &["down", "--service=core"][..],
        &["down", "--service=core", "--to=0", "--dry-run"],
        &["redo", "--service=core"],
    ] {
        let said = run(arguments);
        assert!(said.starts_with("exit: 3\n----- stdout -----\n"), "{said}");
        assert!(said.contains("error[M0408]"), "{said}");
        assert!(
            said.contains("cannot be reverted: the rows are gone"),
            "{said}"
        );
    }
    let status = run(&["status", "--service=core", "--migrations"]);
    assert!(
        status.contains("Z  irreversible: the rows are gone\n"),
        "{status}"
    );
    let status = run(&["status", "--service=core"]);
    assert!(
        status.contains("1 applied migration cannot be reverted"),
        "{status}"
    );
    let mut status = on(&url, folder.path(), &["status", "--output=json"]);
    let core = document(&mut status)["services"][0]["migrations"].clone();
    let migrations = core.as_array().expect("a list");
    let reasons = migrations.iter().map(|m| m["irreversible"].clone());
    assert!(
        reasons
            .into_iter()
            .any(|reason| reason == "the rows are gone")
    );
}

#[test]
fn the_newest_migration_is_reverted_unless_others_need_it() {
    let (url, folder) = (database(), folder());
    let run = |arguments: &[&str]| said(&mut on(&url, folder.path(), arguments));
    run(&["up", "--service=tenant"]);
    assert_said!(&mut on(&url, folder.path(), &["down", "--service=tenant"]));
    assert_said!(&mut on(
        &url,
        folder.path(),
        &["down", "--service=core", "--steps=2"]
    ));
    assert_said!(&mut on(
        &url,
        folder.path(),
        &["down", "--service=core", "--cascade", "--dry-run"]
    ));
    let refused = said(&mut on(&url, folder.path(), &["redo", "--service=core"]));
    let help = "revert all of them with `migrator down --service=core --cascade` (`--dry-run` \
                shows them), then run `migrator up`";
    assert!(
        refused.contains("error[M0405]") && refused.contains(help),
        "{refused}"
    );
    assert_said!(&mut on(&url, folder.path(), &["redo", "--service=tenant"]));
}

#[test]
fn a_redo_whose_apply_fails_says_that_the_revert_remains() {
    let (url, folder) = (database(), folder());
    said(&mut on(&url, folder.path(), &["up", "--service=tenant"]));
    execute(
        &url,
        "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'no index today'; END $$; \
         CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE INDEX') \
         EXECUTE FUNCTION public.refuse()",
    );
    let redo = said(&mut on(&url, folder.path(), &["redo", "--service=tenant"]));
    assert!(redo.contains("error[M0501]"), "{redo}");
    assert!(
        redo.contains("1 earlier migration remains reverted"),
        "{redo}"
    );
    let help = "fix it; then run `migrator up --service=tenant --to=20251118094406`: `redo` would \
                now revert an earlier migration";
    assert!(redo.contains(help), "{redo}");
    assert!(!redo.contains("run again"), "{redo}");
    execute(&url, "DROP EVENT TRIGGER refuse");
    let up = said(&mut on(&url, folder.path(), &["up", "--service=tenant"]));
    assert!(up.contains("1 migration of 1 service applied"), "{up}");
}

#[test]
fn pending_migrations_fail_a_check() {
    let (url, folder) = (database(), folder());
    assert_said!(&mut on(
        &url,
        folder.path(),
        &["status", "--service=core,tenant", "--check"]
    ));
    said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=8"],
    ));
    assert_said!(&mut on(
        &url,
        folder.path(),
        &["status", "--service=core", "--migrations"]
    ));
}

#[test]
fn a_failed_script_names_its_place_and_leaves_what_was_done() {
    let (url, folder) = (database(), folder());
    execute(&url, "CREATE SCHEMA tenant");
    said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=8"],
    ));
    assert_said!(&mut on(&url, folder.path(), &["up", "--service=tenant"]));
}

#[test]
fn a_changed_entry_is_refused() {
    let (url, folder) = (database(), folder());
    said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=2"],
    ));
    execute(
        &url,
        "UPDATE migrator.core_history SET checksum = '1', fingerprint = '0'",
    );
    assert_said!(&mut on(&url, folder.path(), &["up", "--service=core"]));
}

#[test]
fn repair_records_a_changed_script() {
    let (url, folder) = (database(), folder());
    said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=2"],
    ));
    execute(
        &url,
        "UPDATE migrator.core_history SET checksum = '1', fingerprint = '0', \
         up_script = replace(up_script, 'CREATE', E'-- as it was\\nCREATE') \
         WHERE version = 20240108091207",
    );
    let version = "--version=20240108091207";
    let repair = ["repair", "--service=core", version, "--accept-change"];
    assert_said!(&mut on(&url, folder.path(), &repair));
    assert_said!(&mut on(&url, folder.path(), &repair));
    let event = "SELECT kind || ': ' || regexp_replace(message, 'became \\d+', 'became …') \
                 FROM migrator.event ORDER BY id DESC LIMIT 1";
    assert_eq!(
        query(&url, event),
        ["accept: the edited scripts were recorded: checksum 1 became …"]
    );
    let up = said(&mut on(&url, folder.path(), &["up", "--service=core"]));
    assert!(up.starts_with("exit: 0"), "{up}");
    assert_said!(&mut on(
        &url,
        folder.path(),
        &[
            "repair",
            "--service=core",
            "--version=20200101000000",
            "--accept-change"
        ]
    ));
    assert_said!(&mut on(
        &url,
        folder.path(),
        &["repair", "--service=core", "--applied"]
    ));
}

#[test]
fn a_service_that_does_not_exist_is_a_usage_error() {
    let (url, folder) = (database(), folder());
    assert_said!(&mut on(&url, folder.path(), &["up", "--service=tennant"]));
    assert_said!(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--to=20240108091208"]
    ));
    assert_said!(&mut on(&url, folder.path(), &["up"]));
}

#[test]
fn a_repair_names_the_nearest_of_an_unknown_service() {
    let (url, folder) = (database(), folder());
    said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=1"],
    ));
    let version = "--version=20240108091207";
    for outcome in ["--applied", "--reverted"] {
        let repair = ["repair", "--service=tennant", version, outcome];
        let said = said(&mut on(&url, folder.path(), &repair));
        assert!(said.starts_with("exit: 2\n"), "{said}");
        assert!(said.contains("did you mean `tenant`"), "{said}");
    }
}

#[test]
fn a_command_without_a_database_and_a_tree_fails() {
    let folder = folder();
    assert_said!(migrator(&["up", "--service=all"]).current_dir(folder.path()));
}

#[test]
fn an_unreachable_server_ends_with_exit_code_5() {
    let folder = folder();
    let url = "postgresql://app:s3cr3t@127.0.0.1:1/shop";
    assert_said!(&mut on(url, folder.path(), &["status"]));
    let said = said(&mut on(
        "postgresql://app:s3cr3t@[/shop",
        folder.path(),
        &["status"],
    ));
    assert!(
        said.starts_with("exit: 2\n") && !said.contains("s3cr3t"),
        "{said}"
    );
}

#[test]
fn json_says_what_the_text_says() {
    let (url, folder) = (database(), folder());
    let up = document(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--output=json"],
    ));
    assert_eq!(up["exit"], 0);
    assert_eq!(up["done"].as_array().expect("a list").len(), 9);
    assert_eq!(up["done"][0]["service"], "core");
    assert_eq!(up["done"][0]["direction"], "up");
    let status = document(&mut on(&url, folder.path(), &["status", "--output=json"]));
    assert_eq!(status["services"][0]["state"], "current");
    let refused = document(&mut on(
        &url,
        folder.path(),
        &["up", "--service=nobody", "--output=json"],
    ));
    assert_eq!(refused["exit"], 2);
    assert_eq!(refused["errors"][0]["code"], "M0406");
    let plan = [
        "down",
        "--service=core",
        "--all",
        "--dry-run",
        "--output=json",
    ];
    let plan = document(&mut on(&url, folder.path(), &plan));
    assert_eq!(plan["plan"].as_array().expect("a list").len(), 9);
}

#[test]
fn a_flag_overrides_the_environment_and_the_environment_overrides_the_file() {
    let (url, folder) = (database(), folder());
    let nowhere = "postgresql://nobody@127.0.0.1:1/nowhere";
    write(folder.path(), ".env", &format!("DATABASE_URL={nowhere}\n"));
    let from_file = said(migrator(&["status"]).current_dir(folder.path()));
    assert!(from_file.starts_with("exit: 5\n"), "{from_file}");
    let from_environment = said(&mut on(&url, folder.path(), &["status"]));
    assert!(
        from_environment.starts_with("exit: 0\n"),
        "{from_environment}"
    );
    let flag = format!("--database-url={nowhere}");
    let from_flag = said(&mut on(&url, folder.path(), &["status", &flag]));
    assert!(from_flag.starts_with("exit: 5\n"), "{from_flag}");
    write(folder.path(), ".env", "MIGRATOR_LOCK_WAIT=soon\n");
    assert_said!(&mut on(&url, folder.path(), &["up", "--service=core"]));
}

#[test]
fn up_waits_for_the_lock_as_long_as_lock_wait_says() {
    let (url, folder) = (database(), folder());
    let (first, second) = block_on(async {
        let blocker = connect(&url).await;
        blocker
            .batch_execute("BEGIN; CREATE SCHEMA core")
            .await
            .expect("it is free");
        let first = on(&url, folder.path(), &["up", "--service=core", "--steps=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let waiting = "SELECT 1 FROM pg_stat_activity \
                       WHERE wait_event_type = 'Lock' AND datname = current_database()";
        // In one transaction the view would always show the same rows, so this opens a session.
        let watcher = connect(&url).await;
        let deadline = Instant::now() + Duration::from_secs(30);
        while watcher
            .query(waiting, &[])
            .await
            .expect("it answers")
            .is_empty()
        {
            assert!(Instant::now() < deadline, "the first run never waited");
        }
        let second = said(&mut on(
            &url,
            folder.path(),
            &["up", "--service=core", "--lock-wait=0"],
        ));
        blocker.batch_execute("ROLLBACK").await.expect("it ends");
        (first.wait_with_output().expect("it ends"), second)
    });
    insta::with_settings!({ filters => support::filters() }, {
        insta::assert_snapshot!(second);
    });
    assert!(support::text(&first).starts_with("exit: 0\n"), "{first:?}");
}

#[test]
fn create_makes_a_pair_that_passes_the_check_with_a_warning() {
    let checkout = checkout();
    let arguments = ["create", "--service=shop", "--name=Add order totals"];
    let created = said(migrator(&arguments).current_dir(checkout.path()));
    assert!(created.starts_with("exit: 0\n"), "{created}");
    assert_eq!(
        created.matches("_add_order_totals.").count(),
        2,
        "{created}"
    );
    let check = said(migrator(&["check"]).current_dir(checkout.path()));
    assert!(check.starts_with("exit: 0\n"), "{check}");
    assert_eq!(check.matches("warning[M0244]").count(), 1, "{check}");
    assert!(check.contains("_add_order_totals.up.sql:7:1"), "{check}");
}

#[test]
fn create_refuses_an_invalid_name_or_service() {
    let checkout = checkout();
    let create = |service: &str, name: &str| {
        let arguments = [
            "create",
            &format!("--service={service}"),
            &format!("--name={name}"),
        ];
        said(migrator(&arguments).current_dir(checkout.path()))
    };
    insta::assert_snapshot!(create("shpo", "add_x"));
    insta::assert_snapshot!(create("shop", "größe"));
    let outside = folder();
    assert_said!(migrator(&["create", "--service=shop", "--name=x"]).current_dir(outside.path()));
    write(checkout.path(), "database/services.toml", "tiers = [\n");
    insta::assert_snapshot!(create("shop", "add_x"));
}

#[test]
fn create_writes_both_files_or_neither() {
    let checkout = checkout();
    let services = checkout.path().join("database/migrations");
    fs::remove_dir_all(services.join("shop_service")).expect("it is there");
    write(checkout.path(), "database/migrations/shop_service", "");
    let create = ["create", "--service=shop", "--name=add_x"];
    assert_said!(migrator(&create).current_dir(checkout.path()));
    fs::remove_file(services.join("shop_service")).expect("it is there");
    let created = || said(migrator(&create).current_dir(checkout.path()));
    assert!(created().starts_with("exit: 0\n"));
    // Two migrations of the same second get different versions.
    assert!(created().starts_with("exit: 0\n"));
    let files = fs::read_dir(services.join("shop_service")).expect("the folder was made");
    assert_eq!(files.count(), 4);
    let check = said(migrator(&["check"]).current_dir(checkout.path()));
    assert!(
        check.contains("2 migrations of 1 service in database"),
        "{check}"
    );
}

#[test]
fn check_shows_each_finding_with_its_line() {
    let checkout = checkout();
    let stem = "database/migrations/shop_service/20240102120000_1a1b2c3d_add_total";
    let up = "-- Adds a column.\n-- migrator: no-transactions\nALTER TABLE orders ADD total int;\n";
    write(checkout.path(), &format!("{stem}.up.sql"), up);
    write(
        checkout.path(),
        &format!("{stem}.down.sql"),
        "ALTER TABLE orders DROP total;\n",
    );
    write(checkout.path(), "database/notes.txt", "");
    assert_said!(migrator(&["check"]).current_dir(checkout.path()));
    let document = document(migrator(&["check", "--output=json"]).current_dir(checkout.path()));
    assert_eq!(document["findings"][0]["line"], 2);
}

/// A checkout with warnings and errors of several codes in two services.
fn checkout_with_a_flood() -> TempDir {
    let checkout = checkout();
    let manifest = checkout.path().join("database/services.toml");
    let services = fs::read_to_string(&manifest).expect("the manifest is there");
    let tier = services
        .lines()
        .find(|line| line.starts_with("tier "))
        .expect("it has a tier");
    let more = format!("\n[services.billing]\n{tier}\ndirectory = \"billing\"\n");
    write(
        checkout.path(),
        "database/services.toml",
        &(services.clone() + &more),
    );
    let folder = checkout.path().join("database/migrations/billing");
    fs::create_dir(folder).expect("a folder can be made");
    for (number, up) in (1..).zip([
        "CREATE TABLE invoices (id int);",
        "ALTER TABLE invoices ADD total int NOT NULL;",
        "CREATE INDEX invoices_total ON invoices (total);",
        "ALTER TABLE invoices DELETE total;",
    ]) {
        let stem =
            format!("database/migrations/billing/2024010212000{number}_0000000{number}_step");
        write(checkout.path(), &format!("{stem}.up.sql"), up);
        let down = [
            "DROP TABLE invoices;",
            "ALTER TABLE invoices DROP total;",
            "DROP INDEX invoices_total;",
            "SELECT 1;",
        ];
        write(
            checkout.path(),
            &format!("{stem}.down.sql"),
            down[number - 1],
        );
    }
    let stem = "database/migrations/shop_service/20240102120009_00000009_add_total";
    write(
        checkout.path(),
        &format!("{stem}.up.sql"),
        "ALTER TABLE orders ADD total int NOT NULL;",
    );
    write(
        checkout.path(),
        &format!("{stem}.down.sql"),
        "ALTER TABLE orders DROP total;",
    );
    checkout
}

#[test]
fn many_findings_end_with_the_errors_and_a_table() {
    let checkout = checkout_with_a_flood();
    assert_said!(migrator(&["check"]).current_dir(checkout.path()));
}

#[test]
fn check_filters_findings_by_service_and_code() {
    let checkout = checkout_with_a_flood();
    let check = |arguments: &[&str]| {
        let arguments = [&["check"], arguments].concat();
        said(migrator(&arguments).current_dir(checkout.path()))
    };
    insta::assert_snapshot!(check(&["--service=shop"]));
    insta::assert_snapshot!(check(&["--code=m0216"]));
    insta::assert_snapshot!(check(&[
        "--service=shop,billing",
        "--code=M0213",
        "--code=M0208"
    ]));
    let github = check(&["--output=github", "--code=M0208,M0216"]);
    assert_eq!(github.matches("::error").count(), 1, "{github}");
    assert_eq!(github.matches("::warning").count(), 1, "{github}");
    let json = [
        "check",
        "--output=json",
        "--service=billing",
        "--code=M0213",
    ];
    let document = document(migrator(&json).current_dir(checkout.path()));
    assert_eq!(document["findings"].as_array().map(Vec::len), Some(1));
    assert_eq!(document["codes"][0]["count"], 1);
    assert_eq!(document["left_out"], 3);
}

#[test]
fn an_unknown_service_or_code_is_refused_with_the_nearest_name() {
    let checkout = checkout_with_a_flood();
    for (argument, meant) in [
        ("--service=bililng", "did you mean `billing`?"),
        ("--service=shop,shp", "did you mean `shop`?"),
        ("--code=M0299", "did you mean M0"),
        ("--code=x", "a code is M and four digits"),
    ] {
        let said = said(migrator(&["check", argument]).current_dir(checkout.path()));
        assert!(
            said.starts_with("exit: 2\n") && said.contains(meant),
            "{said}"
        );
    }
}

/// A checkout with a script that has a warning, and a second statement that only the grammar of
/// Postgres rejects.
fn checkout_with_a_warning(second: &str) -> TempDir {
    let checkout = checkout();
    let stem = "database/migrations/shop_service/20240102120000_1a1b2c3d_create_lines";
    let up =
        format!("-- migrator: allow M0216 because it is empty\nCREATE TABLE lines ();\n{second}\n");
    write(checkout.path(), &format!("{stem}.up.sql"), &up);
    write(
        checkout.path(),
        &format!("{stem}.down.sql"),
        "DROP TABLE lines;\n",
    );
    checkout
}

/// Postgres's grammar accepts at most 53 bits.
const REFUSED: &str = "SELECT 'ü', CAST(1 AS float(99));";

#[test]
fn a_warning_fails_a_check_only_if_warnings_are_denied() {
    let checkout = checkout_with_a_warning("");
    let check = |arguments: &[&str]| {
        let arguments = [&["check"], arguments].concat();
        said(migrator(&arguments).current_dir(checkout.path()))
    };
    insta::assert_snapshot!(check(&[]));
    insta::assert_snapshot!(check(&["--deny-warnings"]));
    insta::assert_snapshot!(check(&["--output=json"]));
    insta::assert_snapshot!(check(&["--output=github"]));
}

#[test]
fn the_server_rejects_a_syntax_error_and_runs_nothing() {
    let url = database();
    let checkout = checkout_with_a_warning(REFUSED);
    let check = ["check", "--server"];
    insta::with_settings!({ filters => server_filters() }, {
        insta::assert_snapshot!(said(&mut on(&url, checkout.path(), &check)));
        let github = ["check", "--server", "--output=github"];
        insta::assert_snapshot!(said(&mut on(&url, checkout.path(), &github)));
    });
    let document = document(&mut on(
        &url,
        checkout.path(),
        &["check", "--server", "--output=json"],
    ));
    assert_eq!(document["server"]["refused"], 1);
    assert_eq!(document["server"]["scripts"], 4);
    let found = |key: &str| document["findings"][1][key].clone();
    assert_eq!(
        (found("code"), found("severity")),
        ("M0208".into(), "error".into())
    );
    assert_eq!((found("line"), found("column")), (3.into(), 29.into()));
    assert_eq!(tables(&url), [""; 0]);
}

#[test]
fn the_server_accepts_a_tree_and_runs_nothing_of_it() {
    let url = database();
    // Without the guards, the first word would end the transaction.
    for second in [
        "",
        "ROLLBACK; CREATE TABLE made ();",
        "COMMIT; CREATE TABLE made ();",
    ] {
        let checkout = checkout_with_a_warning(second);
        let stem = "database/migrations/shop_service/20240101120000_0a1b2c3d_create_orders";
        if !second.is_empty() {
            write(checkout.path(), &format!("{stem}.up.sql"), second);
        }
        let said = said(&mut on(&url, checkout.path(), &["check", "--server"]));
        let accepts = match second {
            "" => "2 migrations of 1 service in database: 1 warning; PostgreSQL",
            _ => "accepts the grammar of 4 scripts",
        };
        assert!(said.contains(accepts), "{said}");
        assert_eq!(tables(&url), [""; 0]);
    }
}

#[test]
fn check_fails_if_the_server_is_unreachable() {
    let checkout = checkout();
    let url = "postgresql://app@127.0.0.1:1/shop";
    let said = said(&mut on(url, checkout.path(), &["check", "--server"]));
    assert!(said.starts_with("exit: 5\n"), "{said}");
}

/// The tables of a database that was empty.
fn tables(url: &str) -> Vec<String> {
    let query = "SELECT relname::text FROM pg_class \
                 WHERE relnamespace = 'public'::regnamespace OR relname IN ('orders', 'lines')";
    support::query(url, query)
}

/// The version of the test server.
fn server_filters() -> Vec<(&'static str, &'static str)> {
    let version = (
        r"PostgreSQL \d+(\.\d+|(beta|rc)\d+)?",
        "PostgreSQL [version]",
    );
    [support::filters(), vec![version]].concat()
}

#[test]
fn a_check_is_a_sarif_document() {
    let checkout = checkout_with_a_warning("");
    write(checkout.path(), "database/my notes.txt", "");
    let check = ["check", "--output=sarif"];
    let document = document(migrator(&check).current_dir(checkout.path()));
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "migrator");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("a list");
    let results = run["results"].as_array().expect("a list");
    assert!(!results.is_empty());
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("a number");
        let rule = &rules[usize::try_from(index).expect("a small one")];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["shortDescription"]["text"].is_string());
        assert!(rule["help"]["markdown"].is_string());
        assert!(matches!(
            result["level"].as_str(),
            Some("error" | "warning")
        ));
        assert!(result["message"]["text"].is_string());
    }
    let uris: Vec<&Value> = results
        .iter()
        .map(|result| &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        .collect();
    assert!(
        uris.contains(&&"database/my%20notes.txt".into()),
        "{uris:?}"
    );
}

#[test]
fn only_check_prints_sarif_and_annotations() {
    let folder = folder();
    assert_said!(migrator(&["status", "--output=sarif"]).current_dir(folder.path()));
    let explain = said(&mut migrator(&["--output=github", "explain", "M0104"]));
    assert!(explain.starts_with("exit: 2\n"), "{explain}");
}

#[test]
fn explain_prints_the_page_on_a_code() {
    let page = said(&mut migrator(&["explain", "m0104"]));
    assert!(
        page.contains("# M0104: a migration has no down script"),
        "{page}"
    );
}

#[test]
fn completions_are_made_for_each_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = said(&mut migrator(&["completions", shell]));
        assert!(said.starts_with("exit: 0\n"), "{said}");
        assert!(said.contains("allow-out-of-order"), "{said}");
    }
}

#[test]
fn invalid_arguments_are_usage_errors() {
    let calls: [&[&str]; 10] = [
        &["up", "--service="],
        &["up", "--service=all,tenant"],
        &["redo", "--service=all"],
        &["create", "--service=tenant,auth", "--name=x"],
        &["down", "--service=tenant", "--steps=0"],
        &["down", "--service=tenant", "--all", "--steps=1"],
        &["up", "--service=tenant", "--lock-wait=5"],
        &["status", "--schema=pg_history"],
        &["status", "--database-url="],
        &["explain", "M0199"],
    ];
    let folder = folder();
    let said: Vec<String> = calls
        .iter()
        .map(|call| said(migrator(call).current_dir(folder.path())))
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_usage_error_is_a_json_document_as_well() {
    let calls: [(&[&str], &str); 3] = [
        (&["up", "--output=json"], "--service"),
        (&["--output", "json", "upp"], "unrecognized subcommand"),
        (&["--output=json"], "requires a subcommand"),
    ];
    for (call, expected) in calls {
        let document = document(&mut migrator(call));
        assert_eq!(document["exit"], 2);
        let message = document["errors"][0]["message"].as_str().expect("a text");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn an_invalid_line_of_the_settings_file_is_reported_and_not_shown() {
    let folder = folder();
    let file = "# ours\nDATABASE_URL='postgresql://app:s3cr3t@db/shop\n";
    write(folder.path(), ".env", file);
    assert_said!(migrator(&["status"]).current_dir(folder.path()));
    let explain = said(migrator(&["explain", "M0104"]).current_dir(folder.path()));
    assert!(explain.starts_with("exit: 0\n"), "{explain}");
    fs::write(folder.path().join(".env"), b"A=\xff\nPGHOST=\xff\n").expect("the file is written");
    assert_said!(migrator(&["status"]).current_dir(folder.path()));
}

#[test]
fn the_settings_file_may_have_lines_of_other_tools() {
    let folder = folder();
    let ours = "DATABASE_URL=postgresql://nobody@127.0.0.1:1/nowhere";
    let file = format!("\u{feff}# ours\r\nexport {ours}\r\nNAME=two words\r\nKEY='{{\r\n");
    write(folder.path(), ".env", &file);
    let said = said(migrator(&["status"]).current_dir(folder.path()));
    assert!(said.starts_with("exit: 5\n"), "{said}");
}

#[test]
fn results_that_cannot_be_written_are_a_failure() {
    let full = || fs::File::options().write(true).open("/dev/full");
    let output = migrator(&["explain", "M0104"])
        .stdout(full().expect("it can be opened"))
        .output()
        .expect("the binary runs");
    insta::assert_snapshot!(support::text(&output));
    let (reader, writer) = std::io::pipe().expect("a pipe is made");
    drop(reader);
    let output = migrator(&["explain", "M0104"])
        .stdout(writer)
        .output()
        .expect("the binary runs");
    assert_eq!(
        support::text(&output),
        "exit: 1\n----- stdout -----\n----- stderr -----\n"
    );
}

#[test]
fn usage_errors_respect_the_color_option() {
    let always = said(&mut migrator(&["upp", "--color=always"]));
    assert!(always.contains("\u{1b}["), "{always}");
    let never = said(&mut migrator(&["upp", "--color", "never"]));
    assert!(!never.contains("\u{1b}["), "{never}");
}

#[test]
fn a_folder_without_a_tree_is_refused() {
    let folder = folder();
    for call in ["check", "status"] {
        assert_said!(migrator(&[call, "--directory=nowhere"]).current_dir(folder.path()));
    }
    let said = said(migrator(&["server", "start", "--directory=."]).current_dir(folder.path()));
    assert!(said.contains("there is no tree in `.`"), "{said}");
}

#[test]
fn the_manual_names_each_command_option_variable_and_exit_code() {
    let manual = include_str!("../docs/manual.md");
    let help = |command: &str| said(&mut migrator(&["help", command]));
    let general = said(&mut migrator(&["--help"]));
    let mut missing = Vec::new();
    let commands = general.lines().skip_while(|line| *line != "Commands:");
    let commands: Vec<&str> = commands
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() > 9, "{general}");
    for command in commands {
        if !manual.contains(&format!("`{command}")) {
            missing.push(command.to_owned());
        }
        for word in help(command).split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)) {
            let is_named = word.starts_with("--") || word.starts_with("MIGRATOR_");
            let word = word.trim_end_matches('-');
            if is_named && !["", "--help", "--version"].contains(&word) && !manual.contains(word) {
                missing.push(word.to_owned());
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    let codes = general.lines().skip_while(|line| *line != "Exit codes:");
    for line in codes.skip(1).take_while(|line| line.starts_with("  ")) {
        let (code, meaning) = line.trim().split_once("  ").expect("two columns");
        let meaning = meaning.replace("status --check", "`status --check`");
        assert!(
            manual.contains(&format!("| {code} | {meaning} |")),
            "{line}"
        );
    }
}

#[test]
fn help_names_the_commands_and_the_exit_codes() {
    assert_said!(&mut migrator(&["--help"]));
    assert_said!(&mut migrator(&["check", "-h"]));
}

#[test]
fn a_checkout_without_a_database_uses_a_server_of_its_own() {
    let checkout = checkout();
    // A migration of the tree that is compiled in.
    let stem = "database/migrations/shop_service/20240108091207_e2790687_create_core_schema";
    for direction in ["up", "down"] {
        write(
            checkout.path(),
            &format!("{stem}.{direction}.sql"),
            "SELECT 1;\n",
        );
    }
    let run = |arguments: &[&str]| said(migrator(arguments).current_dir(checkout.path()));
    let status = run(&["status"]);
    let stopped = run(&["server", "stop"]);
    assert!(status.starts_with("exit: 0\n"), "{status}");
    assert!(
        status.contains("using the local development server, started"),
        "{status}"
    );
    assert!(stopped.contains("was stopped"), "{stopped}");
    assert!(run(&["server", "status"]).contains("does not run"));
}

#[test]
fn the_helper_script_calls_the_command_on_the_path() {
    let (url, folder) = (database(), folder());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/migrate.sh");
    fs::create_dir(folder.path().join("scripts")).expect("the folder is made");
    let copy = folder.path().join("scripts/migrate.sh");
    fs::copy(script, &copy).expect("the script is there");
    let binary = Path::new(env!("CARGO_BIN_EXE_migrator"))
        .parent()
        .expect("a folder");
    let path = std::env::var("PATH").expect("there is a PATH");
    let run = |arguments: &[&str]| {
        // `sh` starts the copy. A process that another test is starting may still hold the copy open
        // for writing, and such a file cannot be executed directly.
        let mut command = Command::new("sh");
        clear(&mut command);
        command
            .arg(&copy)
            .args(arguments)
            .env("PATH", format!("{}:{path}", binary.display()));
        said(command.env("DATABASE_URL", &url).current_dir(folder.path()))
    };
    let up = run(&["--action=up", "--service=core", "--steps=1"]);
    let again = run(&["--service", "core", "--steps=1", "--action", "up"]);
    assert!(
        up.starts_with("exit: 0\n") && up.contains("1 migration of 1 service"),
        "{up}"
    );
    assert!(again.starts_with("exit: 0\n"), "{again}");
    assert!(run(&["--service=core"]).starts_with("exit: 2\n"));
}

#[test]
fn an_option_that_the_command_does_not_read_is_refused() {
    let (url, folder) = (database(), folder());
    let database = format!("--database-url={url}");
    for arguments in [
        &["up", "--service=core", "--directory=mytree", &database][..],
        &["status", "--directory", "mytree", &database],
        &["explain", "M0104", "--directory=mytree"],
        &["explain", "M0104", &database],
        &["create", "--service=core", "--name=a", &database],
        &["check", &database],
    ] {
        let said = said(migrator(arguments).current_dir(folder.path()));
        assert!(
            said.starts_with("exit: 2\n----- stdout -----\n-----"),
            "{said}"
        );
    }
    assert!(
        query(
            &url,
            "SELECT nspname::text FROM pg_namespace WHERE nspname = 'core'"
        )
        .is_empty()
    );
}

#[test]
fn in_the_folder_of_another_tree_no_server_is_started() {
    let checkout = checkout();
    for command in ["status", "verify", "schema"] {
        let said = said(migrator(&[command]).current_dir(checkout.path()));
        assert!(said.starts_with("exit: 2\n"), "{said}");
        assert!(
            said.contains("error[M0907]: the tree in `database` is not compiled into this binary"),
            "{said}"
        );
    }
    assert!(!checkout.path().join(".migrator").exists());
}

#[test]
fn an_unknown_service_lists_the_known_ones_without_a_database() {
    let folder = folder();
    for command in ["status", "up", "down", "redo"] {
        let arguments = [command, "--service=billing"];
        let said = said(migrator(&arguments).current_dir(folder.path()));
        assert!(said.starts_with("exit: 2\n"), "{said}");
        assert!(
            said.contains("unknown service `billing`") && said.contains("the services are core, "),
            "{said}"
        );
    }
}

#[test]
fn a_changed_migration_is_named_by_a_status_check() {
    let (url, folder) = (database(), folder());
    said(&mut on(&url, folder.path(), &["up", "--service=core"]));
    execute(
        &url,
        "UPDATE migrator.core_history SET checksum = '1', fingerprint = '0' \
         WHERE version = 20240108091207",
    );
    let status = ["status", "--service=core", "--check"];
    assert_said!(&mut on(&url, folder.path(), &status));
}

#[test]
fn repair_checks_the_catalog_before_it_records() {
    let (url, folder) = (database(), folder());
    said(&mut on(&url, folder.path(), &["up", "--service=core"]));
    let version = "--version=20240702071503";
    let repair = |outcome| {
        on(
            &url,
            folder.path(),
            &["repair", "--service=core", version, outcome],
        )
    };
    let interrupted =
        "UPDATE migrator.core_history SET dirty = 'up' WHERE version = 20240702071503";
    execute(&url, interrupted);
    execute(
        &url,
        "UPDATE pg_index SET indisvalid = false \
         WHERE indexrelid = 'core.audit_log_row_idx'::regclass",
    );
    assert_said!(&mut repair("--applied"));
    execute(&url, "DROP INDEX core.audit_log_row_idx");
    assert_said!(&mut repair("--applied"));
    assert_said!(&mut repair("--reverted"));
    // The index is there again, so the catalog contradicts `--reverted`.
    said(&mut on(&url, folder.path(), &["up", "--service=core"]));
    execute(&url, interrupted);
    assert_said!(&mut repair("--reverted"));
    assert_said!(&mut repair("--applied"));
}

#[test]
fn foreign_text_never_begins_a_line_of_output() {
    let (url, folder, checkout) = (database(), folder(), checkout());
    said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--steps=1"],
    ));
    execute(
        &url,
        "INSERT INTO migrator.core_history (version, name, applied_on, checksum) \
         VALUES (20990101000000, E'x\\n::error::a\\u009b2J\\u202e', 'now', '1')",
    );
    let status = ["status", "--migrations", "--service=core"];
    let shown = said(&mut on(&url, folder.path(), &status));
    assert!(
        shown.contains("x\\n::error::a\\u{9b}2J\\u{202e}"),
        "{shown}"
    );
    let script = "20240101120001_0a1b2c3e_b\n::error::a.up.sql";
    let path = format!("database/migrations/shop_service/{script}");
    write(checkout.path(), &path, "SELECT 1;\n");
    for form in ["--output=text", "--output=github"] {
        let shown = said(migrator(&["check", form]).current_dir(checkout.path()));
        assert!(!shown.contains("\n::error::a"), "{shown}");
        assert!(shown.contains("::error::a"), "{shown}");
    }
}

#[test]
fn a_variable_that_names_another_tree_is_refused_by_the_commands_on_the_compiled_in_tree() {
    let (url, folder, checkout) = (database(), folder(), checkout());
    let other = checkout.path().join("database");
    for directory in [Path::new("mytree"), &other] {
        for arguments in [
            &["up", "--service=core"][..],
            &["up", "--service=core", "--dry-run"],
            &["up", "--service=core", "--fleet=-"],
            &["down", "--service=core"],
            &["redo", "--service=core"],
            &["status"],
            &["repair", "--service=core", "--accept-change"],
        ] {
            let mut command = on(&url, folder.path(), arguments);
            let said = said(command.env("MIGRATOR_DIRECTORY", directory));
            assert!(
                said.starts_with("exit: 2\n----- stdout -----\n-----"),
                "{said}"
            );
            assert!(
                said.contains("error[M0907]: MIGRATOR_DIRECTORY names `"),
                "{said}"
            );
        }
    }
    write(folder.path(), ".env", "MIGRATOR_DIRECTORY=mytree\n");
    let from_file = said(&mut on(&url, folder.path(), &["up", "--service=core"]));
    assert!(from_file.starts_with("exit: 2\n"), "{from_file}");
    let made = "SELECT nspname::text FROM pg_namespace WHERE nspname IN ('core', 'migrator')";
    assert_eq!(query(&url, made), [""; 0]);
    // The variable may name the compiled-in tree: all commands read the same settings file.
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("database");
    let mut status = on(&url, folder.path(), &["status"]);
    let status = said(status.env("MIGRATOR_DIRECTORY", own));
    assert!(
        status.starts_with("exit: 0\n") && status.ends_with("stderr -----\n"),
        "{status}"
    );
}

#[test]
fn a_command_on_the_compiled_in_tree_notes_the_other_tree_in_its_folder() {
    let (url, checkout) = (database(), checkout());
    let tree = checkout.path().join("database");
    let below = tree.join("migrations");
    let folders = [
        (checkout.path(), "database"),
        (&tree, "."),
        (&below, "database"),
    ];
    for (folder, shown) in folders {
        let said = said(&mut on(&url, folder, &["status"]));
        let note = "note: this binary has its own 77 migrations; the tree in `";
        assert!(
            said.starts_with("exit: 0\n") && said.contains(note),
            "{said}"
        );
        assert!(said.contains(&format!("{shown}` is not read\n")), "{said}");
    }
    let up = ["up", "--service=core", "--steps=1"];
    let up = said(&mut on(&url, checkout.path(), &up));
    assert_eq!(up.matches("is not read").count(), 1, "{up}");
    let quiet = said(&mut on(&url, checkout.path(), &["status", "-q"]));
    assert!(!quiet.contains("is not read"), "{quiet}");
    // A tree without migrations, or with a manifest that cannot be read, is another tree too.
    fs::remove_dir_all(&below).expect("it is there");
    for manifest in ["tiers = [\"Only\"]\n", "tiers = [\n"] {
        write(checkout.path(), "database/services.toml", manifest);
        let said = said(&mut on(&url, checkout.path(), &["status"]));
        assert!(said.contains("is not read"), "{said}");
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in [own.to_owned(), own.join("database"), own.join("cli/src")] {
        let said = said(&mut on(&url, &folder, &["status"]));
        assert!(!said.contains("note"), "{said}");
    }
}

/// The commands that the help lists, each with its required options.
const CALLS: [&[&str]; 13] = [
    &["create", "--service=shop", "--name=a"],
    &["check"],
    &["explain", "M0104"],
    &["up", "--service=core"],
    &["down", "--service=core"],
    &["redo", "--service=core"],
    &["status"],
    &["repair", "--service=core", "--accept-change"],
    &["verify"],
    &["drift"],
    &["schema"],
    &["server", "status"],
    &["completions", "bash"],
];

#[test]
fn each_command_reads_or_refuses_each_global_option() {
    let general = said(&mut migrator(&["--help"]));
    let listed = general.lines().skip_while(|line| *line != "Commands:");
    let listed = listed.skip(1).take_while(|line| !line.is_empty());
    let listed = listed.filter_map(|line| line.split_whitespace().next());
    let listed: Vec<&str> = listed.filter(|command| *command != "help").collect();
    assert_eq!(listed, CALLS.map(|call| call[0]));
    let folder = folder();
    let run = |call: &[&str], option: &str| {
        let arguments = [call, &[option]].concat();
        let mut command = on("postgresql://a@127.0.0.1:1/a", folder.path(), &arguments);
        if option.contains("database-url") {
            command.env_remove("DATABASE_URL");
        }
        said(&mut command)
    };
    for call in CALLS {
        let directory = run(call, "--directory=nowhere");
        let heeds = "there is no tree in `nowhere`";
        let refuses = ["does not read `--directory`", "leave `--directory` out"];
        assert!(directory.starts_with("exit: 2\n"), "{directory}");
        assert!(
            directory.contains(heeds) || refuses.iter().any(|text| directory.contains(text)),
            "{call:?}: {directory}"
        );
        let database = run(call, "--database-url=postgresql://b@127.0.0.1:1/b");
        let heeds = database.starts_with("exit: 5\n") && database.contains("b@127.0.0.1:1/b");
        let refuses = database.starts_with("exit: 2\n")
            && (database.contains("leave `--database-url` out")
                || database.contains("only with `--server`"));
        assert!(heeds || refuses, "{call:?}: {database}");
        for format in ["--output=sarif", "--output=github"] {
            let said = run(call, format);
            let refuses = said.contains("only `check` has `--output=sarif`");
            assert_eq!(refuses, call[0] != "check", "{said}");
        }
    }
}

#[test]
fn options_that_would_have_no_effect_together_are_refused() {
    let (url, folder) = (database(), folder());
    for arguments in [
        &["up", "--service=core", "--to=20240108091207", "--steps=1"][..],
        &["up", "--service=core", "--max-failures=1"],
        &[
            "up",
            "--service=core",
            "--fleet=-",
            "--fleet-query=SELECT 1",
        ],
        &["up", "--service=core", "--fleet=-", "--database-url=host=a"],
        &["down", "--service=core", "--to=0", "--steps=1"],
        &["down", "--service=core", "--all", "--to=0"],
        &["repair", "--service=core", "--applied"],
        &["repair", "--service=core", "--version=20240108091207"],
        &["repair", "--service=core", "--applied", "--reverted"],
        &["repair", "--service=core", "--accept-change", "--applied"],
        // `status` runs no script.
        &[
            "repair",
            "--service=core",
            "--accept-change",
            "--statement-timeout=1s",
        ],
        &["repair", "--service=core", "--accept-change", "--jobs=2"],
        &["redo", "--service=core", "--jobs=2"],
        &["redo", "--service=core", "--steps=2"],
        &["status", "--lock-wait=1s"],
        &["verify", "--schema=other"],
        &["verify", "--jobs=2"],
        &["check", "--schema=other"],
        &["check", "--service=all,core"],
        &["up", "--service=core", "--steps=1", "--steps=2"],
    ] {
        let said = said(&mut on(&url, folder.path(), arguments));
        assert!(
            said.starts_with("exit: 2\n----- stdout -----\n-----"),
            "{arguments:?}: {said}"
        );
    }
    let made = "SELECT nspname::text FROM pg_namespace WHERE nspname IN ('core', 'migrator')";
    assert_eq!(query(&url, made), [""; 0]);
}

#[test]
fn a_misspelt_variable_is_reported_with_the_nearest_name() {
    let (url, folder) = (database(), folder());
    let mut status = on(&url, folder.path(), &["status", "-q"]);
    let with = said(status.env("MIGRATOR_SHEMA", "x").env("MIGRATOR_OTHER", "x"));
    let warning = "warning: no command reads the variable `MIGRATOR_SHEMA`; \
                   did you mean `MIGRATOR_SCHEMA`?\n";
    assert!(
        with.starts_with("exit: 0\n") && with.ends_with(warning),
        "{with}"
    );
    assert_eq!(with.matches("warning").count(), 1, "{with}");
}

#[test]
fn only_a_similar_word_is_suggested() {
    for (arguments, tip) in [
        (&["chekc"][..], Some("a similar subcommand exists: 'check'")),
        (&["stauts"], Some("a similar subcommand exists: 'status'")),
        (
            &["help", "veirfy"],
            Some("a similar subcommand exists: 'verify'"),
        ),
        (&["migrate"], None),
        (&["rollback"], None),
        (&["scheme2"], Some("a similar subcommand exists: 'schema'")),
        (
            &["up", "--setps=1"],
            Some("a similar argument exists: '--steps'"),
        ),
        (
            &["up", "--dryrun"],
            Some("a similar argument exists: '--dry-run'"),
        ),
        (&["up", "--target=1"], None),
        (&["up", "--db=a"], None),
        (&["down", "--force"], None),
        (&["--steps=1", "up"], Some("write '--steps' after 'up'")),
        (
            &["status", "--output=jsno"],
            Some("a similar value exists: 'json'"),
        ),
        (&["status", "--output=yaml"], None),
        (
            &["status", "--color=alway"],
            Some("a similar value exists: 'always'"),
        ),
        (
            &["completions", "fihs"],
            Some("a similar value exists: 'fish'"),
        ),
        (
            &["server", "restart"],
            Some("a similar value exists: 'start'"),
        ),
        (&["server", "kill"], None),
    ] {
        let said = said(&mut migrator(arguments));
        assert!(said.starts_with("exit: 2\n"), "{said}");
        let tips: Vec<&str> = said.lines().filter(|line| line.contains("tip:")).collect();
        match tip {
            Some(tip) => assert!(
                tips.len() == 1 && tips[0].ends_with(tip),
                "{arguments:?}: {said}"
            ),
            None => assert!(tips.is_empty(), "{arguments:?}: {said}"),
        }
    }
}
