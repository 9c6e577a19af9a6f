//! Registries of four services.

use migrator_runtime::model::{Node, Registry, Tree, Version, resolve};

pub(crate) fn version(number: i64) -> Version {
    Version::from_integer(20_240_101_000_000 + stamp(number))
}

/// A number of seconds as `hhmmss`; below 60 it is the number itself.
pub(crate) fn stamp(number: i64) -> i64 {
    number / 3600 * 10_000 + number / 60 % 60 * 100 + number % 60
}

/// `core`; `tenant` and `auth`, which depend on it; `lonely`, which does not.
const MANIFEST: &str = r#"
tiers = ["T"]
[services.core]
tier = "T"
directory = "core"
[services.tenant]
tier = "T"
directory = "tenant"
depends_on = ["core"]
[services.auth]
tier = "T"
directory = "auth"
depends_on = ["core"]
[services.lonely]
tier = "T"
directory = "lonely"
"#;

/// A migration: its service, its number, its scripts.
pub(crate) type Script<'a> = (&'a str, i64, &'a str, &'a str);

pub(crate) fn registry(scripts: &[Script<'_>]) -> &'static Registry {
    let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
    tree.nodes.insert("migrations".to_owned(), Node::Folder);
    for service in ["core", "tenant", "auth", "lonely"] {
        tree.nodes
            .insert(format!("migrations/{service}"), Node::Folder);
    }
    for (service, number, up, down) in scripts {
        let stem = stem(service, *number);
        tree = tree
            .with_file(&format!("migrations/{service}/{stem}.up.sql"), *up)
            .with_file(&format!("migrations/{service}/{stem}.down.sql"), *down);
    }
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, []);
    Box::leak(Box::new(resolved.registry))
}

/// Migrations of `core` alone, numbered from 1, whose down scripts do nothing.
pub(crate) fn core(ups: &[&str]) -> &'static Registry {
    let scripts: Vec<Script<'_>> = (1..)
        .zip(ups)
        .map(|(number, up)| ("core", number, *up, "SELECT 1;"))
        .collect();
    registry(&scripts)
}

/// `20240101000001_c000001a_m1`.
pub(crate) fn stem(service: &str, number: i64) -> String {
    let letter = match service {
        "core" => 'c',
        "tenant" => 'e',
        "auth" => 'a',
        _ => 'b',
    };
    format!("{}_{letter}{number:06}a_m{number}", version(number))
}
