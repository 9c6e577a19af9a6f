//! Trees of several services in, findings about ownership out.

mod changes;
mod dependencies;
mod uncertain;
mod uses;

use migrator_model::{Code, Tree, resolve};

/// A tree of services in two tiers, each script under `SERVICE/VERSION`; a down
/// script stands after a line `--`.
fn tree(scripts: &[(&str, &str)]) -> Tree {
    let manifest = "tiers = [\"one\", \"two\"]\n\
        [services.core]\ntier = \"one\"\ndirectory = \"core\"\n\
        [services.auth]\ntier = \"one\"\ndirectory = \"auth\"\ndepends_on = [\"core\"]\n\
        [services.billing]\ntier = \"one\"\ndirectory = \"billing\"\n\
        [services.late]\ntier = \"two\"\ndirectory = \"late\"\n";
    let mut tree = Tree::new("database").with_file("services.toml", manifest);
    for service in ["core", "auth", "billing", "late"] {
        tree.nodes.insert(
            format!("migrations/{service}"),
            migrator_model::Node::Folder,
        );
    }
    for (number, (name, text)) in scripts.iter().enumerate() {
        let (service, day) = name.split_once('/').unwrap();
        let (up, down) = text.split_once("\n--\n").unwrap_or((text, "SELECT 1;"));
        let stem = format!("migrations/{service}/202401{day}000000_{number:08x}_step");
        tree = tree
            .with_file(&format!("{stem}.up.sql"), up)
            .with_file(&format!("{stem}.down.sql"), down);
    }
    tree
}

/// What is found about ownership: the code, `up` or `down` and line, and message.
fn found(scripts: &[(&str, &str)]) -> Vec<String> {
    let resolved = resolve(&tree(scripts));
    assert_eq!(resolved.problems, [], "the tree is sound");
    let findings = crate::analyse(&resolved).into_iter();
    let ours = findings.filter(|d| is_ours(d.code));
    ours.map(|d| {
        let path = d.path().expect("a finding of the tree has a place");
        let path = path.trim_start_matches("database/migrations/");
        let (service, rest) = path.split_once('/').unwrap();
        let direction = rest.rsplit('.').nth(1).unwrap();
        format!(
            "{} {service} {direction}: {} ({})",
            d.code, d.message, d.help
        )
    })
    .collect()
}

fn is_ours(code: Code) -> bool {
    [Code::M0320, Code::M0321, Code::M0322, Code::M0323].contains(&code)
}

#[track_caller]
fn silent(scripts: &[(&str, &str)]) {
    assert_eq!(found(scripts), [] as [String; 0]);
}

#[track_caller]
fn one(scripts: &[(&str, &str)], expected: &str) {
    let found = found(scripts);
    assert!(
        found.len() == 1 && found[0].starts_with(expected),
        "{expected}: {found:#?}"
    );
}

const CORE: (&str, &str) = (
    "core/01",
    "CREATE SCHEMA core; CREATE TABLE core.t (id int); CREATE TYPE core.mood AS ENUM ('a');
     CREATE FUNCTION core.f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
     CREATE TABLE shared (id int);",
);
