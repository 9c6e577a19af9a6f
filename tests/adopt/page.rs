//! The commands of `docs/adopt.md`, as the page has them.

use std::process::Command;

use migrator_adopt as adopt;

use super::fixtures;
use super::support::page::commands;
use super::support::{clear, output, path_with_binary};

const PAGE: &str = include_str!("../../docs/adopt.md");

#[test]
fn the_commands_of_the_page_work() {
    let checkout = fixtures::goose().applied(&fixtures::goose_history());
    let binaries = tempfile::tempdir().expect("a folder is made");
    let path = path_with_binary(binaries.path());
    let commands = commands(PAGE);
    assert!(commands.len() > 3, "{commands:?}");
    for line in commands {
        let mut command = Command::new("sh");
        clear(&mut command);
        command
            .args(["-c", &line])
            .env("PATH", &path)
            .env("DATABASE_URL", &checkout.url)
            .current_dir(checkout.path());
        let output = output(&mut command);
        assert!(output.starts_with("exit: 0\n"), "{line}\n{output}");
    }
    let [applied, pending] = checkout.status();
    assert_eq!((applied.len(), pending.len()), (2, 1));
}

#[test]
fn the_page_has_a_row_for_each_tool_with_its_table() {
    for tool in adopt::ALL {
        let table = tool.table();
        let name = match table.schema {
            Some(schema) => format!("{schema}.{}", table.name),
            None => table.name.to_owned(),
        };
        let row = format!("| `{}` |", tool.name());
        let line = PAGE.lines().find(|line| line.starts_with(&row));
        let line = line.unwrap_or_else(|| panic!("no row starts with {row}"));
        assert!(line.contains(&format!("`{name}`")), "{line}");
    }
}
