//! Commands that wait for a database or create one: `wait`, `up --create-database`, `with`.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod create;
#[path = "../support/running.rs"]
mod running;
#[path = "../support/mod.rs"]
mod support;
mod wait;
mod with;

use std::process::Command;

use migrator_localpg::Throwaway;
use serde_json::Value;

use crate::support::{database, query};

/// The URL of a database that does not exist, on the server of a new database.
fn missing(name: &str) -> String {
    assert_eq!(
        query(
            &database(),
            &format!("SELECT datname::text FROM pg_database WHERE datname = '{name}'")
        ),
        Vec::<String>::new()
    );
    let server = Throwaway::shared().expect("a server starts");
    server.url(name)
}

fn document(command: &mut Command) -> Value {
    let output = command.output().expect("the binary runs");
    serde_json::from_slice(&output.stdout).expect("standard output is one JSON document")
}
