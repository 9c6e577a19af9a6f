//! The pages of the book, as a reader follows them.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at what it cannot set up"
)]

mod likeness;
mod reader;
#[path = "../../../support/mod.rs"]
mod support;

use reader::Reader;
use support::database;

const README: &str = include_str!("../../../../README.md");
const TUTORIAL: &str = include_str!("../../../../docs/tutorial.md");

/// A reader with an empty database.
fn reader() -> Reader {
    Reader::new().with("DATABASE_URL", &database())
}

#[test]
fn the_session_of_the_readme_is_real() {
    let mut reader = reader();
    reader.must("migrator init --folder --service=shop");
    reader.follow(support::page::section(README, "## What it looks like\n"));
}

#[test]
fn the_tutorial_leads_to_a_deploy_that_is_repaired() {
    reader().follow(TUTORIAL);
}
