//! The JSON that each command prints has the form that its schema in `docs/schema` describes.

mod validate;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use migrator_localpg::Throwaway;
use serde_json::Value;

use self::validate::{assert_valid, names, strict};
use super::{checkout_with_an_error, folder};
use crate::plan::{CREATE_SETTINGS, ORDERS, REGION, SETTINGS, checkout, write};
use crate::support::{block_on, clear, connect, database, execute, migrator, on, output};

/// Runs a command for its document, which has the form that its schema describes.
fn document(mut command: Command) -> Value {
    let name = command.get_args().next().expect("a command");
    let name = name.to_string_lossy().into_owned();
    let output = command.arg("--output=json").output();
    let output = output.expect("the binary runs");
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(document["exit"], output.status.code().unwrap_or(-1));
    assert_valid(&strict(&name), &document);
    document
}

/// The events and the rows of a fleet, and the document. Each has the form that its schema describes.
fn lines(mut command: Command) -> (Vec<Value>, Value) {
    let name = command.get_args().next().expect("a command");
    let name = name.to_string_lossy().into_owned();
    let output = command.arg("--output=jsonl").output();
    let text = output.expect("the binary runs").stdout;
    let text = String::from_utf8(text).expect("the output is UTF-8");
    let lines = text.lines().map(serde_json::from_str);
    let mut lines: Vec<Value> = lines.collect::<Result<_, _>>().expect("lines of JSON");
    let document = lines.pop().expect("a document");
    assert_valid(&strict(&name), &document);
    let event = strict("event");
    let events = lines.iter().filter(|line| line.get("event").is_some());
    events.for_each(|line| assert_valid(&event, line));
    (lines, document)
}

fn events(lines: &[Value]) -> Vec<&str> {
    let names = lines.iter().map(|line| line["event"].as_str());
    names.map(|name| name.expect("an event")).collect()
}

#[test]
fn each_command_with_a_document_has_a_schema() {
    let help = output(&mut migrator(&["--help"]));
    let commands = help.split_once("Commands:\n").expect("a list").1;
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let listed = commands.filter_map(|line| line.strip_prefix("  "));
    let listed = listed.filter(|line| !line.starts_with(' '));
    let listed = listed.filter_map(|line| line.split(' ').next());
    // `help` is text, and `with` leaves standard output to its command.
    let listed: BTreeSet<&str> = listed
        .filter(|name| !["help", "with"].contains(name))
        .collect();
    assert!(listed.len() > 15, "{help}");
    let schemas = names();
    let shared = ["common", "event"];
    let files = schemas.iter().map(String::as_str);
    let files: BTreeSet<&str> = files.filter(|name| !shared.contains(name)).collect();
    assert_eq!(listed, files);
}

#[test]
fn documents_of_runs_have_the_form_of_their_schemas() {
    let (url, checkout) = (database(), checkout());
    let at = checkout.path();
    let run = |arguments: &[&str]| document(on(&url, at, arguments));
    assert_eq!(run(&["up"])["exit"], 2);
    assert!(run(&["up", "--service=none"])["errors"].is_array());
    run(&["plan", "--service=all", "--sql"]);
    run(&["up", "--service=core", "--dry-run"]);
    let done = run(&["up", "--service=all"]);
    assert_eq!(done["done"].as_array().map(Vec::len), Some(3), "{done}");
    run(&["up", "--service=all"]);
    run(&["plan", "--service=all"]);
    run(&["redo", "--service=shop"]);
    let reported = run(&["report", "--html=page.html"]);
    assert_eq!(reported["tables"][0]["schema"], "core", "{reported}");
    assert_eq!(run(&["wait", "--service=all"])["exit"], 0);
    run(&["schema"]);
    run(&["schema", "--file=schema.sql"]);
    let planned = run(&["down", "--service=all", "--all", "--dry-run", "--sql"]);
    assert!(planned["lost"].is_array(), "{planned}");
    run(&["down", "--service=shop"]);
    run(&["down", "--service=all", "--all"]);
    run(&["status", "--detect"]);
    let history = run(&["history"]);
    assert_eq!(history["events"][0]["kind"], "apply", "{history}");
    execute(
        &url,
        "CREATE SCHEMA shop; CREATE VIEW shop.orders AS SELECT 1",
    );
    let failed = run(&["up", "--service=all"]);
    assert!(failed["done"].is_array(), "{failed}");
    assert!(failed["errors"].is_array(), "{failed}");
    let drift = run(&["drift"]);
    assert_eq!(drift["exit"], 6, "{drift}");
    write(
        at,
        SETTINGS,
        &format!("{CREATE_SETTINGS}SELECT 1;\n"),
        "DROP SCHEMA core CASCADE;\n",
    );
    let edited = run(&["repair", "--service=core", "--accept-change", "--yes"]);
    assert_eq!(edited["recorded"], "changed", "{edited}");
    let server = Throwaway::shared().expect("a server starts");
    let elsewhere = server.url("made_for_a_document");
    let create = ["up", "--service=core", "--create-database"];
    document(on(&elsewhere, at, &[&create[..], &["--dry-run"]].concat()));
    document(on(&elsewhere, at, &create));
}

#[test]
fn documents_about_an_interrupted_script_have_the_form_of_their_schemas() {
    let (url, checkout) = (database(), checkout());
    let at = checkout.path();
    let up = "-- migrator: no-transaction\n\
              CREATE TABLE core.notes (id bigint PRIMARY KEY);\n\
              SELECT 1 / 0;\n";
    let stem = "core/20240104120000_3a1b2c3d_create_notes";
    write(
        at,
        stem,
        up,
        "-- migrator: no-transaction\nDROP TABLE core.notes;\n",
    );
    let run = |arguments: &[&str]| document(on(&url, at, arguments));
    let failed = run(&["up", "--service=core"]);
    assert_ne!(failed["exit"], 0, "{failed}");
    let status = run(&["status"]);
    let migrations = &status["services"][0]["migrations"];
    assert_eq!(migrations[2]["state"], "dirty", "{status}");
    let version = "--version=20240104120000";
    let repaired = run(&["repair", "--service=core", version, "--applied", "--yes"]);
    assert_eq!(repaired["recorded"], "applied", "{repaired}");
    assert_eq!(repaired["found"][0]["line"], 2, "{repaired}");
}

#[test]
fn documents_of_fleets_have_the_form_of_their_schemas() {
    let (urls, checkout) = ([database(), database()], checkout());
    let at = checkout.path();
    let list = format!(
        "{} 1\n{} 2\npostgresql://nobody@127.0.0.1:1/none 2\n",
        urls[0], urls[1]
    );
    fs::write(at.join("fleet.txt"), list).expect("it can be written");
    for arguments in [
        &["up", "--service=core", "--dry-run"][..],
        &["plan", "--service=core"],
        &["up", "--service=core"],
        &["status"],
        &["drift"],
        &["down", "--service=core", "--dry-run"],
        &["down", "--service=core"],
    ] {
        let call = [arguments, &["--fleet=fleet.txt", "--settle=1ms"]].concat();
        let mut command = migrator(&call);
        command.current_dir(at);
        let whole = document(command);
        assert_eq!(
            whole["databases"].as_array().map(Vec::len),
            Some(3),
            "{whole}"
        );
    }
    let mut command = migrator(&["up", "--service=core", "--fleet=fleet.txt", "--settle=1ms"]);
    command.current_dir(at);
    let (lines, _) = lines(command);
    let (events, rows): (Vec<Value>, Vec<Value>) = lines
        .into_iter()
        .partition(|line| line.get("event").is_some());
    let (steps, waves): (Vec<Value>, Vec<Value>) = events
        .into_iter()
        .partition(|line| line.get("database").is_some());
    assert_eq!(self::events(&waves), ["wave", "settle", "wave"]);
    assert_eq!(rows.len(), 3);
    let of_first = steps
        .iter()
        .filter(|line| line["database"] == rows[0]["database"]);
    let of_first: Vec<Value> = of_first.cloned().collect();
    assert_eq!(self::events(&of_first), ["planned", "started", "finished"]);
}

#[test]
fn documents_about_trees_have_the_form_of_their_schemas() {
    let (url, checkout) = (database(), checkout());
    let at = checkout.path();
    let run = |arguments: &[&str]| {
        let mut command = migrator(arguments);
        command.current_dir(at);
        document(command)
    };
    assert_eq!(run(&["check"])["exit"], 0);
    document(on(&url, at, &["check", "--server"]));
    let drafted = ["create", "--service=shop", "--from=table shop.notes"];
    let created = run(&drafted);
    let up = created["created"][0].as_str().expect("a path");
    run(&["create", "--restamp", up]);
    run(&["explain", "M0104"]);
    run(&["digest"]);
    run(&["list"]);
    run(&["graph"]);
    run(&["report", "--html=page.html"]);
    document(on(&url, at, &["graph"]));
    run(&["completions", "bash"]);
    run(&["man"]);
    run(&["man", "pages"]);
    run(&["server", "status"]);
    let verified = run(&["verify", "--service=core"]);
    assert_eq!(verified["exit"], 0, "{verified}");
    let base = document(on(&url, at, &["baseline", "--service=core", "--dry-run"]));
    assert!(base["migrations"].is_array(), "{base}");

    let broken = checkout_with_an_error();
    let mut check = migrator(&["check"]);
    check.current_dir(broken.path());
    assert_eq!(document(check)["exit"], 3);

    let new = folder();
    let mut init = migrator(&["init", "--folder", "--service=shop"]);
    init.current_dir(new.path());
    document(init);
    adopt(&url, new.path());
}

/// Takes over two migrations of golang-migrate.
fn adopt(url: &str, at: &Path) {
    let others = at.join("others");
    fs::create_dir(&others).expect("a folder is made");
    for (file, sql) in [
        (
            "1_notes.up.sql",
            "CREATE SCHEMA notes; CREATE TABLE notes.notes (id bigint);\n",
        ),
        (
            "1_notes.down.sql",
            "DROP TABLE notes.notes; DROP SCHEMA notes;\n",
        ),
        (
            "2_more.up.sql",
            "ALTER TABLE notes.notes ADD COLUMN body text;\n",
        ),
        ("notes.txt", "no script\n"),
    ] {
        fs::write(others.join(file), sql).expect("it can be written");
    }
    execute(
        url,
        "CREATE SCHEMA notes; CREATE TABLE notes.notes (id bigint);
         CREATE TABLE public.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
         INSERT INTO public.schema_migrations VALUES (1, false)",
    );
    let call = [
        "adopt",
        "--from=golang-migrate",
        "others",
        "--service=notes",
        "--tier=Services",
    ];
    let adopted = document(on(
        url,
        at,
        &[&call[..], &["--without-proof", "--yes"]].concat(),
    ));
    assert!(adopted["converted"].is_array(), "{adopted}");
}

#[test]
fn events_are_lines_while_the_command_works() {
    let (url, checkout) = (database(), checkout());
    let at = checkout.path();
    let notice = "DO $$ BEGIN RAISE NOTICE 'hello'; END $$;\n";
    write(
        at,
        ORDERS,
        &format!("CREATE SCHEMA shop;\n{notice}"),
        "DROP SCHEMA shop;\n",
    );
    let (up, document) = lines(on(&url, at, &["up", "--service=all"]));
    // The server may send a notice of the next script before the run reads that a step is done.
    let (notices, up): (Vec<Value>, Vec<Value>) =
        up.into_iter().partition(|line| line["event"] == "notice");
    assert_eq!(notices.len(), 1, "{notices:#?}");
    let each = ["started", "finished"];
    let expected = [&["planned"][..], &each, &each, &each].concat();
    assert_eq!(events(&up), expected, "{up:#?}");
    assert_eq!(up[0]["migrations"], 3);
    assert_eq!(up[1]["version"], "20240101120000");
    assert_eq!(document["done"][0]["name"], up[2]["name"]);
    assert!(REGION.ends_with(up[4]["name"].as_str().expect("a name")));
    let (redo, _) = lines(on(&url, at, &["redo", "--service=shop"]));
    assert_eq!(redo[1]["direction"], "down", "{redo:#?}");
    let (wait, _) = lines(on(&url, at, &["wait", "--service=all"]));
    assert_eq!(events(&wait), [""; 0]);
    let mut verify = migrator(&["verify", "--service=core"]);
    clear(&mut verify);
    verify.current_dir(at);
    let (verified, document) = lines(verify);
    assert_eq!(events(&verified), ["verified", "verified"]);
    assert_eq!(document["migrations"].as_array().map(Vec::len), Some(2));
}

#[test]
fn events_tell_what_is_replayed_created_and_recorded() {
    let (url, checkout) = (database(), checkout());
    let at = checkout.path();
    output(&mut on(&url, at, &["up", "--service=all"]));
    let (drift, document) = lines(on(&url, at, &["drift"]));
    let each = ["replayed"; 3];
    assert_eq!(events(&drift), [&["replaying"][..], &each].concat());
    assert_eq!(drift[0]["migrations"], 3);
    assert_eq!(document["migrations"], 3);

    execute(&url, "DROP SCHEMA migrator CASCADE");
    let (baseline, document) = lines(on(&url, at, &["baseline", "--service=core"]));
    let each = ["recorded"; 2];
    assert_eq!(
        events(&baseline),
        [&["comparing", "planned"][..], &each].concat()
    );
    assert_eq!(baseline[3]["name"], document["migrations"][1]["name"]);

    fs::create_dir(at.join("others")).expect("a folder is made");
    for (direction, sql) in [
        ("up", "CREATE TABLE public.memo ();"),
        ("down", "DROP TABLE public.memo;"),
    ] {
        let file = at.join(format!("others/000001_create_memo.{direction}.sql"));
        fs::write(file, sql).expect("it can be written");
    }
    execute(
        &url,
        "CREATE TABLE public.memo (); \
         CREATE TABLE public.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); \
         INSERT INTO public.schema_migrations VALUES (1, false)",
    );
    let call = [
        "adopt",
        "--from=golang-migrate",
        "others",
        "--service=memos",
        "--tier=Product",
    ];
    let (adopt, document) = lines(on(&url, at, &call));
    let expected = ["comparing", "created", "created", "planned", "recorded"];
    assert_eq!(events(&adopt), expected, "{adopt:#?}");
    assert_eq!(adopt[1]["path"], document["created"][0], "{document}");
}

#[test]
fn a_line_is_written_while_its_step_runs() {
    let (url, checkout) = (database(), checkout());
    let at = checkout.path();
    let up = "SELECT pg_catalog.pg_advisory_xact_lock(7);\nCREATE SCHEMA shop;\n";
    write(at, ORDERS, up, "DROP SCHEMA shop;\n");
    block_on(async {
        let holder = connect(&url).await;
        let held = holder.batch_execute("SELECT pg_advisory_lock(7)").await;
        held.expect("the lock is free");
        let mut command = on(&url, at, &["up", "--service=all", "--output=jsonl"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut lines = lines.map(|line| line.expect("the output is UTF-8"));
        let started = lines.find(|line| line.contains("started") && ORDERS.contains(name(line)));
        assert!(started.is_some(), "the step starts");
        let released = holder.batch_execute("SELECT pg_advisory_unlock(7)").await;
        released.expect("the lock is released");
        let last = lines.last().expect("a document");
        assert!(last.contains("\"exit\":0"), "{last}");
        assert!(child.wait().expect("it ends").success());
    });
}

/// The name of the migration in a line.
fn name(line: &str) -> &str {
    let rest = line.split_once("\"name\":\"").map_or("?", |(_, rest)| rest);
    rest.split_once('"').map_or("?", |(name, _)| name)
}
