//! `report`: the page and its data.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{checkout, document, write};
use crate::support::{database, migrator, output, query};

/// The checkout of one service, with a second migration whose text may harm a page.
fn harmful() -> TempDir {
    let checkout = checkout();
    let stem = "database/migrations/shop_service/20240102120000_1a1b2c3d_create_lines";
    let up = "-- </script><script>alert(1)</script> <!-- {{data}}\n\
              CREATE TABLE lines (id bigint PRIMARY KEY, note text);\n\
              CREATE INDEX orders_all ON orders ((1));\n";
    write(checkout.path(), &format!("{stem}.up.sql"), up);
    let down = "DROP INDEX orders_all;\nDROP TABLE lines;\n";
    write(checkout.path(), &format!("{stem}.down.sql"), down);
    checkout
}

fn report(checkout: &Path, more: &[&str]) -> Command {
    let arguments = ["report", "--directory=database", "--html=page.html"];
    let mut command = migrator(&[&arguments[..], more].concat());
    command.current_dir(checkout);
    command
}

fn page(checkout: &Path) -> String {
    fs::read_to_string(checkout.join("page.html")).expect("the page is written")
}

/// The data in a page.
fn data(page: &str) -> Value {
    let start = "<script type=\"application/json\" id=\"data\">";
    let (_, rest) = page.split_once(start).expect("the page has data");
    let (json, _) = rest.split_once("</script>").expect("the data ends");
    serde_json::from_str(json).expect("the data is JSON")
}

#[test]
fn a_page_without_a_database_has_scripts_objects_and_findings() {
    let checkout = harmful();
    let output = output(&mut report(checkout.path(), &["--quiet"]));
    assert_eq!(
        output,
        "exit: 0\n----- stdout -----\nthe report of 2 migrations is in page.html\n\
         ----- stderr -----\n"
    );
    let data = data(&page(checkout.path()));
    let lines = &data["migrations"][1];
    assert_eq!(lines["id"], "shop/20240102120000_1a1b2c3d_create_lines");
    assert_eq!(lines["script"]["changes"][0]["name"], "lines");
    assert_eq!(
        lines["script"]["down"],
        "DROP INDEX orders_all;\nDROP TABLE lines;\n"
    );
    assert_eq!(data["findings"][0]["code"], "M0216");
    assert!(data["log"].is_null() && data["tables"].is_null(), "{data}");
}

#[test]
fn no_text_of_a_script_becomes_markup() {
    let checkout = harmful();
    output(&mut report(checkout.path(), &[]));
    let page = page(checkout.path());
    assert!(!page.contains("<script>alert"), "the text is escaped");
    let up = data(&page)["migrations"][1]["script"]["up"].to_string();
    assert!(
        up.contains("</script><script>alert(1)</script> <!-- {{data}}"),
        "{up}"
    );
}

#[test]
fn the_page_loads_nothing() {
    let checkout = harmful();
    output(&mut report(checkout.path(), &[]));
    let page = page(checkout.path());
    assert!(
        page.contains("content=\"default-src 'none';"),
        "a policy forbids it"
    );
    for load in [
        "<script src",
        "<img",
        "@import",
        "url(http",
        "fetch(",
        "href=\"http",
    ] {
        assert!(!page.contains(load), "the page has `{load}`");
    }
}

#[test]
fn a_page_with_a_database_has_states_events_and_tables() {
    let (url, checkout) = (database(), harmful());
    let on_database = |arguments: &[&str]| {
        let mut command = report(checkout.path(), arguments);
        command.env("DATABASE_URL", &url);
        output(&mut command)
    };
    assert!(on_database(&[]).starts_with("exit: 0\n"));
    let before = data(&page(checkout.path()));
    assert_eq!(before["migrations"][0]["database"]["state"], "pending");
    assert_eq!(before["log"], Value::Array(Vec::new()));
    query(
        &url,
        "CREATE TABLE lines (id bigint PRIMARY KEY, note text)",
    );
    query(&url, "CREATE SCHEMA other");
    query(
        &url,
        "CREATE TABLE other.stranger (line bigint REFERENCES lines (id))",
    );
    on_database(&[]);
    let after = data(&page(checkout.path()));
    let tables = after["tables"].as_array().expect("a list");
    let [stranger, lines] = &tables[..] else {
        panic!("{tables:#?}");
    };
    assert_eq!(lines["service"], "shop");
    assert_eq!(lines["columns"][0]["type"], "bigint");
    assert_eq!(lines["keys"][0]["kind"], "primary key");
    assert_eq!(stranger["service"], Value::Null);
    assert_eq!(stranger["keys"][0]["references"]["table"], "lines");
}

#[test]
fn a_page_has_the_drift_of_the_database_on_request() {
    let (url, checkout) = (database(), harmful());
    query(&url, "CREATE TABLE stray (id bigint)");
    let on_database = |arguments: &[&str]| {
        let mut command = report(checkout.path(), arguments);
        command.env("DATABASE_URL", &url);
        output(&mut command)
    };
    assert!(on_database(&[]).starts_with("exit: 0\n"));
    assert!(data(&page(checkout.path()))["drift"].is_null());
    let output = on_database(&["--drift"]);
    assert!(output.starts_with("exit: 0\n"), "{output}");
    let drift = &data(&page(checkout.path()))["drift"];
    assert_eq!(drift["migrations"], 0);
    assert_eq!(drift["differences"][0]["code"], "M0601");
    assert_eq!(drift["differences"][0]["name"], "public.stray");
    let output = on_database(&["--drift", "--offline"]);
    assert!(output.starts_with("exit: 2\n"), "{output}");
}

#[test]
fn a_page_has_the_locks_that_verify_measured() {
    let checkout = checkout();
    let stem = "database/migrations/shop_service/20240102120000_1a1b2c3d_lock_orders";
    // The analysis does not read this text.
    let up = "DO $$ BEGIN EXECUTE 'LOCK TABLE orders IN SHARE MODE'; END $$;\n";
    write(checkout.path(), &format!("{stem}.up.sql"), up);
    write(checkout.path(), &format!("{stem}.down.sql"), "SELECT 1;\n");
    let locks = |arguments: &[&str]| {
        let output = output(&mut report(checkout.path(), arguments));
        assert!(output.starts_with("exit: 0\n"), "{output}");
        data(&page(checkout.path()))["migrations"][1]["script"].clone()
    };
    let read = locks(&[]);
    assert!(read["effects"]["verified"].is_null(), "{read}");
    let nothing = Value::Array(Vec::new());
    assert_eq!(
        [&read["effects"]["tables"], &read["measured"]],
        [&nothing; 2]
    );
    let arguments = ["verify", "--directory=database", "--output=json"];
    let verified = document(migrator(&arguments).current_dir(checkout.path()));
    write(checkout.path(), "verified.json", &verified.to_string());
    let verified = locks(&["--verified=verified.json"]);
    assert_eq!(verified["effects"]["verified"], "sound");
    assert_eq!(verified["effects"]["tables"], nothing);
    let measured = &verified["measured"][0];
    assert_eq!(measured["table"], "orders");
    assert_eq!(measured["lock"], "SHARE");
    assert_eq!(measured["blocks"], "writes");
}

#[test]
fn a_page_that_cannot_be_written_is_an_error() {
    let checkout = checkout();
    let arguments = ["report", "--directory=database", "--html=no/page.html"];
    let output = output(migrator(&arguments).current_dir(checkout.path()));
    assert!(
        output.starts_with("exit: 1\n") && output.contains("`no/page.html` cannot be written"),
        "{output}"
    );
}
