//! The binary: exit code, standard output and standard error in one snapshot.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod base;
mod check;
mod check_server;
mod completions;
mod create;
mod create_draft;
mod digest;
mod graph;
mod history;
mod init;
mod log;
mod markdown;
mod output;
mod pages;
mod pglite;
mod repair;
mod report;
mod run;
mod settings;
mod status;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod tree;
mod usage;
mod version;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
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
