//! The pages of the book, as a reader follows them.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at what it cannot set up"
)]

mod dumps;
mod explanation;
mod howto;
mod likeness;
mod live;
mod pictures;
mod reader;
mod reference;
#[path = "../../../support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;

use migrator_localpg::Throwaway;
use reader::Reader;
use support::{database, execute, page};

const MANIFEST: &str = "\
tiers = [\"Services\"]

[services.shop]
tier = \"Services\"
directory = \"shop\"
";

/// A page of the repository.
fn page(path: &str) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(top.join(path)).expect(path)
}

/// A reader with an empty database.
fn reader() -> Reader {
    Reader::new().with("DATABASE_URL", &database())
}

#[test]
fn the_session_of_the_readme_is_real() {
    let mut reader = reader();
    reader.must("migrator init --folder --service=shop");
    let readme = page("README.md");
    reader.follow(page::section(&readme, "## What it looks like\n"));
}

#[test]
fn the_tutorial_leads_to_a_deploy_that_is_repaired() {
    reader().follow(&page("docs/tutorial.md"));
}

/// Writes the two scripts of a migration.
fn migration(reader: &Reader, stem: &str, up: &str, down: &str) {
    for (direction, sql) in [("up", up), ("down", down)] {
        let path = format!("database/migrations/{stem}.{direction}.sql");
        reader.write(&path, &format!("{sql}\n"));
    }
}

/// Writes a tree: the service `shop` with a table.
fn shop(reader: &Reader) {
    reader.write("database/services.toml", MANIFEST);
    let schema = ["CREATE SCHEMA shop;", "DROP SCHEMA shop;"];
    let orders = [
        "CREATE TABLE shop.orders (id bigint PRIMARY KEY);",
        "DROP TABLE shop.orders;",
    ];
    let stem = "shop/20260101120000_0a1b2c3d_create_shop_schema";
    migration(reader, stem, schema[0], schema[1]);
    let stem = "shop/20260101130000_1a1b2c3d_create_orders_table";
    migration(reader, stem, orders[0], orders[1]);
}

/// A reader whose variables name a new database and the server by its address.
fn reader_on(database: &str) -> Reader {
    let server = Throwaway::shared().expect("a server starts");
    let url = server.url("postgres");
    execute(&url, &format!("CREATE DATABASE {database}"));
    let (_, address) = url.split_once('@').expect("the URL has a role");
    let (host, rest) = address.split_once(':').expect("the URL has a port");
    let (port, _) = rest.split_once('/').expect("the URL has a database");
    Reader::new()
        .with("PGHOST", &host.replace("%2F", "/"))
        .with("PGPORT", port)
        .with("PGUSER", "postgres")
        .with("PGDATABASE", database)
}
