//! The output and exit codes of `verify`, `drift` and `schema`.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

/// A snapshot without the server's version.
macro_rules! assert_output {
    ($command:expr) => {{
        let mut filters = $crate::support::filters();
        filters.push((r"PostgreSQL \d+(\.\d+|beta\d+|rc\d+)?", "PostgreSQL [version]"));
        insta::with_settings!({ filters => filters }, {
            insta::assert_snapshot!($crate::support::output($command));
        })
    }};
}

mod differences;
mod drafts;
mod drift;
mod locks;
mod roles;
#[path = "../support/mod.rs"]
mod support;
mod verify;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::support::migrator;

const MANIFEST: &str =
    "tiers = [\"Only\"]\n\n[services.shop]\ntier = \"Only\"\ndirectory = \"shop_service\"\n";

/// A folder with a tree of one service.
fn tree(scripts: &[(&str, &str, &str)]) -> TempDir {
    let folder = tempdir().expect("a folder is made");
    let service = folder.path().join("database/migrations/shop_service");
    fs::create_dir_all(&service).expect("the folders are made");
    write(folder.path(), "database/services.toml", MANIFEST);
    for (stem, up, down) in scripts {
        let path = |end: &str| service.join(format!("{stem}.{end}.sql"));
        fs::write(path("up"), up).expect("it is written");
        fs::write(path("down"), down).expect("it is written");
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    fs::write(folder.join(path), text).expect(path);
}

const ORDERS: (&str, &str, &str) = (
    "20240101120000_0a1b2c3d_create_orders",
    "CREATE SCHEMA shop;\nCREATE TABLE shop.orders (id int, note text);\n",
    "DROP TABLE shop.orders;\nDROP SCHEMA shop;\n",
);

const TOTAL: (&str, &str, &str) = (
    "20240102120000_1a1b2c3d_add_total",
    "ALTER TABLE shop.orders ADD COLUMN total int DEFAULT 0;\nCREATE INDEX orders_total_idx ON shop.orders (total);\n",
    "ALTER TABLE shop.orders DROP COLUMN total;\n",
);

fn verify(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = migrator(&["verify", "--directory=database"]);
    command.args(arguments).current_dir(folder);
    command
}

fn document(command: &mut Command) -> Value {
    let output = command.output().expect("the binary runs");
    serde_json::from_slice(&output.stdout).expect("standard output is one JSON document")
}
