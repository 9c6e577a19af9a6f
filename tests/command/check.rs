//! `check`: its findings, filters and formats.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::{checkout, checkout_with_a_warning, document, folder, write};
use crate::assert_output;
use crate::support::{migrator, output};

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
    assert_output!(migrator(&["check"]).current_dir(checkout.path()));
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
    assert_output!(migrator(&["check"]).current_dir(checkout.path()));
}

#[test]
fn check_filters_findings_by_service_and_code() {
    let checkout = checkout_with_a_flood();
    let check = |arguments: &[&str]| {
        let arguments = [&["check"], arguments].concat();
        output(migrator(&arguments).current_dir(checkout.path()))
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
        let output = output(migrator(&["check", argument]).current_dir(checkout.path()));
        assert!(
            output.starts_with("exit: 2\n") && output.contains(meant),
            "{output}"
        );
    }
}

#[test]
fn a_warning_fails_a_check_only_if_warnings_are_denied() {
    let checkout = checkout_with_a_warning("");
    let check = |arguments: &[&str]| {
        let arguments = [&["check"], arguments].concat();
        output(migrator(&arguments).current_dir(checkout.path()))
    };
    insta::assert_snapshot!(check(&[]));
    insta::assert_snapshot!(check(&["--deny-warnings"]));
    insta::assert_snapshot!(check(&["--output=json"]));
    insta::assert_snapshot!(check(&["--output=github"]));
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
    assert_output!(migrator(&["status", "--output=sarif"]).current_dir(folder.path()));
    let explain = output(&mut migrator(&["--output=github", "explain", "M0104"]));
    assert!(explain.starts_with("exit: 2\n"), "{explain}");
}
