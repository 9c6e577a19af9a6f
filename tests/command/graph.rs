//! `graph` on a tree of three services in two tiers.

use std::path::Path;

use tempfile::TempDir;

use super::{document, folder, write};
use crate::assert_output;
use crate::support::{database, migrator, output};

/// A checkout in which each kind of dependency occurs once.
fn platform() -> TempDir {
    let checkout = folder();
    let manifest = r#"tiers = ["Base & more", "Top"]

[services.core]
tier = "Base & more"
directory = "core"
description = "Users <and> \"keys\""

[services.auth]
tier = "Base & more"
directory = "auth"
depends_on = ["core"]

[services.mail]
tier = "Base & more"
directory = "mail"

[services.shop]
tier = "Top"
directory = "shop"
depends_on = ["auth", "mail"]
"#;
    write_in(&checkout, "database/services.toml", manifest);
    let users = "CREATE TABLE users (id bigint PRIMARY KEY);";
    migration(&checkout, "core", "01", "users", users, "users");
    let keys = "CREATE TABLE keys (owner bigint NOT NULL REFERENCES users (id));";
    migration(&checkout, "auth", "02", "keys", keys, "keys");
    let letters = "CREATE TABLE letters (id bigint PRIMARY KEY);";
    migration(&checkout, "mail", "03", "letters", letters, "letters");
    let orders = "CREATE TABLE orders (owner bigint NOT NULL REFERENCES users (id));";
    migration(&checkout, "shop", "04", "orders", orders, "orders");
    let reads = "-- migrator: requires mail/20240103120000\n\
                 CREATE TABLE reads (letter bigint NOT NULL REFERENCES letters (id));";
    migration(&checkout, "core", "05", "reads", reads, "reads");
    checkout
}

fn migration(checkout: &TempDir, service: &str, day: &str, name: &str, up: &str, table: &str) {
    let folder = format!("database/migrations/{service}");
    let stem = format!("{folder}/202401{day}120000_0a1b2c{day}_create_{name}");
    write_in(checkout, &format!("{stem}.up.sql"), &format!("{up}\n"));
    let down = format!("DROP TABLE {table};\n");
    write_in(checkout, &format!("{stem}.down.sql"), &down);
}

fn write_in(checkout: &TempDir, path: &str, text: &str) {
    let file = checkout.path().join(path);
    let folder = file.parent().expect("a file is in a folder");
    std::fs::create_dir_all(folder).expect("the folders are made");
    write(checkout.path(), path, text);
}

/// The arguments of a command on the tree in the folder.
fn graph(checkout: &Path, more: &[&str]) -> std::process::Command {
    let arguments = [&["graph", "--directory=database"], more].concat();
    let mut command = migrator(&arguments);
    command.current_dir(checkout);
    command
}

#[test]
fn each_format_shows_tiers_services_and_dependencies() {
    let checkout = platform();
    for format in ["mermaid", "dot", "svg"] {
        let format = format!("--format={format}");
        assert_output!(&mut graph(checkout.path(), &["--quiet", &format]));
    }
}

#[test]
fn the_document_says_what_is_declared_and_used() {
    let checkout = platform();
    let document = document(&mut graph(checkout.path(), &["--output=json"]));
    let dependencies = document["dependencies"].as_array().expect("a list");
    let dependencies: Vec<String> = dependencies
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap_or_default();
            let (service, on) = (text("service"), text("on"));
            format!("{service} {on} {} {}", text("declared"), one["used"])
        })
        .collect();
    assert_eq!(
        dependencies,
        [
            "auth core directly true",
            "core mail by migration true",
            "shop auth directly false",
            "shop core indirectly true",
            "shop mail directly false",
        ]
    );
    assert_eq!(
        document["requires"][0]["requires"],
        "mail/20240103120000_0a1b2c03_create_letters"
    );
    assert!(document["services"][0]["state"].is_null());
}

#[test]
fn the_page_contains_no_text_of_the_tree_as_markup() {
    let checkout = platform();
    let page = output(&mut graph(checkout.path(), &["--format=html"]));
    assert!(
        page.contains("Users &lt;and&gt; &quot;keys&quot;"),
        "{page}"
    );
    assert!(
        page.contains("Base &amp; more") && !page.contains("<and>"),
        "{page}"
    );
}

#[test]
fn the_state_of_a_database_colours_the_services() {
    let (url, checkout) = (database(), platform());
    let on_database = |more: &[&str]| {
        let mut command = graph(checkout.path(), more);
        command.env("DATABASE_URL", &url);
        command
    };
    let pending = output(&mut on_database(&[]));
    assert!(
        pending.contains("<br/>2 migrations, 2 pending\"]:::pending"),
        "{pending}"
    );
    let offline = output(&mut on_database(&["--offline"]));
    assert!(!offline.contains(":::"), "{offline}");
    let document = document(&mut on_database(&["--output=json"]));
    assert_eq!(document["services"][0]["state"]["condition"], "pending");
}

#[test]
fn an_offline_graph_of_a_named_database_is_a_usage_error() {
    let checkout = folder();
    let arguments = ["graph", "--offline", "--database-url=postgresql://h/d"];
    let output = output(migrator(&arguments).current_dir(checkout.path()));
    assert!(output.starts_with("exit: 2\n"), "{output}");
}
