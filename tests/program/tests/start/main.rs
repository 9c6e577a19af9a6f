//! From nothing to a migrated database: the commands of the README and of docs/start.md, and what
//! `init` writes, which builds, migrates and passes `verify`.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod home;
#[path = "../../../support/mod.rs"]
mod support;
mod switch;

use std::fs;
use std::path::Path;

use home::Home;
use serde_json::Value;
use support::{migrator, output, page};

const README: &str = include_str!("../../../../README.md");
const PAGE: &str = include_str!("../../../../docs/start.md");

/// The lines of the shell blocks below a heading.
fn commands(page: &str, heading: &str) -> Vec<String> {
    page::commands(page::section(page, heading))
}

/// `scripts/bare.sh` runs these two, and newcomers type them first.
#[test]
fn the_readme_begins_with_the_main_command_and_the_test_command() {
    let blocks: Vec<&str> = README.split("```sh\n").skip(1).take(2).collect();
    let [first, second] = blocks[..] else {
        panic!("the README has two shell blocks");
    };
    assert!(first.starts_with("scripts/migrate.sh --action=up --service=all\n```\n"));
    assert!(second.starts_with("scripts/test.sh\n```\n"));
}

#[test]
fn six_commands_migrate_a_database_in_a_new_crate() {
    let readme = commands(README, "## Start in a crate of your own\n");
    let page = commands(PAGE, "## In a crate of your own\n");
    assert_eq!(readme.len(), 6, "{readme:?}");
    assert!(page.starts_with(&readme), "{page:?}");
    let home = Home::new();
    let ran = home.run("", &page.join("\n"));
    assert!(ran.starts_with("exit: 0\n"), "{ran}");
    assert!(ran.contains("1 migration of 1 service applied"), "{ran}");
    assert!(ran.contains("1 migration verified"), "{ran}");
    let check = home.run("shop", "cargo run --quiet -- status --check");
    assert!(check.starts_with("exit: 0\n"), "{check}");
}

#[test]
fn four_commands_migrate_a_database_from_a_folder() {
    let readme = commands(README, "## Start in a folder without Rust\n");
    let page = commands(PAGE, "## In a folder without Rust\n");
    assert_eq!(readme.len(), 4, "{readme:?}");
    assert!(page.starts_with(&readme), "{page:?}");
    let home = Home::new();
    let folder = home.path().join("shop");
    fs::create_dir(&folder).expect("the folder is made");
    let ran = home.run("shop", &page.join("\n"));
    assert!(ran.starts_with("exit: 0\n"), "{ran}");
    assert!(ran.contains("1 migration of 1 service applied"), "{ran}");
}

#[test]
fn init_extends_a_crate_that_then_builds_and_migrates() {
    let home = Home::new();
    let new = home.run(
        "",
        "cargo new --quiet --vcs none --name web-shop web\n\
         echo 'fn main() {}' > web/build.rs",
    );
    assert!(new.starts_with("exit: 0\n"), "{new}");
    let folder = home.path().join("web");
    let mut init = migrator(&["init", "--output=json"]);
    let init = init.current_dir(&folder).output().expect("the binary runs");
    let document: Value = serde_json::from_slice(&init.stdout).expect("a document");
    let lines = document["lines"].as_array().expect("a list");
    assert_eq!(lines.len(), 2, "{document}");
    for entry in lines {
        let path = folder.join(entry["path"].as_str().expect("a path"));
        let lines = entry["lines"].as_str().expect("lines");
        let text = match path.ends_with("build.rs") {
            true => format!("fn main() {{\n{lines}}}\n"),
            false => {
                format!("{lines}\nfn main() -> std::process::ExitCode {{\n    migrate()\n}}\n")
            }
        };
        fs::write(path, text).expect("it can be written");
    }
    let ran = home.run(
        "web",
        "cargo run --quiet -- up --service=web_shop\n\
         cargo run --quiet -- verify\n\
         cargo run --quiet -- down --service=web_shop --yes",
    );
    assert!(ran.starts_with("exit: 0\n"), "{ran}");
    assert!(ran.contains("1 migration of 1 service applied"), "{ran}");
    assert!(ran.contains("1 migration verified"), "{ran}");
    assert!(ran.contains("1 migration of 1 service reverted"), "{ran}");
    // The build script checks the tree.
    let manifest = folder.join("database/services.toml");
    fs::write(&manifest, "tiers = [\n").expect("it can be written");
    let refused = home.run("web", "cargo build --quiet");
    assert!(refused.contains("M0301"), "{refused}");
}

#[test]
fn a_tree_alone_passes_verify() {
    let home = Home::new();
    let mut init = migrator(&["init", "--folder", "--service=shop"]);
    let init = output(init.current_dir(home.path()));
    assert!(init.starts_with("exit: 0\n"), "{init}");
    let mut verify = migrator(&["verify", "--directory=database"]);
    let verify = output(verify.current_dir(home.path()));
    assert!(verify.starts_with("exit: 0\n"), "{verify}");
    assert!(verify.contains("1 migration verified"), "{verify}");
}

#[test]
fn two_workspaces_share_a_database() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/workspaces");
    let home = Home::new();
    for workspace in ["platform", "billing"] {
        copy(&example.join(workspace), &home.path().join(workspace));
    }
    let page = fs::read_to_string(example.join("README.md")).expect("there is a page");
    // Each block of the page begins in the folder of the example.
    let blocks: Vec<&str> = page.split("```sh\n").skip(1).collect();
    let blocks = blocks.iter().filter_map(|rest| rest.split_once("```"));
    let script: Vec<String> = blocks.map(|(block, _)| format!("{block}cd ..\n")).collect();
    assert_eq!(script.len(), 3, "{page}");
    let ran = home.run("", &script.concat());
    assert!(ran.starts_with("exit: 0\n"), "{ran}");
    assert!(ran.contains("2 migrations of 2 services applied"), "{ran}");
    assert!(ran.contains("applied migrations: 1\n0 invoices\n"), "{ran}");
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("the folder is made");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match from.is_dir() {
            true => copy(&from, &to),
            false => drop(fs::copy(&from, &to).expect("it is copied")),
        }
    }
}
