//! Typical mistakes in, findings out: the place, the message, the help.

mod accepted;
mod characters;
mod foreign;
mod statements;

use crate::analyse;
use migrator_model::{Code, Tree, resolve};

const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n";

/// The findings on an up script, without those about its down script and its effect on users.
fn findings(up: &str) -> Vec<String> {
    let tree = Tree::new("database")
        .with_file("services.toml", MANIFEST)
        .with_file("migrations/a/20240101000000_00000000_m.up.sql", up)
        .with_file(
            "migrations/a/20240101000000_00000000_m.down.sql",
            "SELECT 1;",
        );
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, [], "{up}");
    let codes = [Code::M0208, Code::M0241];
    let found = analyse(&resolved)
        .into_iter()
        .filter(|one| codes.contains(&one.code));
    found
        .map(|one| {
            let position = one.position().expect("it has a place");
            let message = one.message.trim_start_matches("this is not SQL: ");
            format!("{} {position} {message} ({})", one.code, one.help)
        })
        .collect()
}

#[track_caller]
fn each(expected: &[(&str, &str)]) {
    for (script, sentence) in expected {
        assert_eq!(findings(script), [format!("M0208 {sentence}")], "{script}");
    }
}

const HELP: &str = "write it in Postgres's syntax; `migrator check --server` asks a server";
