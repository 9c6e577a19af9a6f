//! The commands of `docs/baseline.md`, as the page has them.

use std::path::Path;
use std::process::Command;

use super::support::page::commands;
use super::support::{clear, output};
use super::{Checkout, assert_done};

const PAGE: &str = include_str!("../../docs/baseline.md");

#[test]
fn the_commands_of_the_page_work() {
    let schema = "CREATE SCHEMA notes; CREATE TABLE notes.note (id bigint PRIMARY KEY)";
    let checkout = Checkout::new(&[]).with(schema);
    let binary = Path::new(env!("CARGO_BIN_EXE_migrator"));
    let binary = binary.parent().expect("a folder").display();
    let path = std::env::var("PATH").expect("there is a PATH");
    let commands = commands(PAGE);
    assert!(commands.len() > 3, "{commands:?}");
    for line in commands {
        let mut command = Command::new("sh");
        clear(&mut command);
        command
            .args(["-c", &line])
            .env("PATH", format!("{binary}:{path}"))
            .env("DATABASE_URL", &checkout.url)
            .current_dir(checkout.path());
        assert_done(&format!("{}{line}", output(&mut command)));
    }
    assert_eq!(checkout.recorded().len(), 1);
}
