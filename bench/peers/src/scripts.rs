//! The SQL for all programs: each migration creates a table, and four in ten an index.

use migrator_model::{Node, Registry, Tree, resolve};

/// One migration's scripts.
#[derive(Clone)]
pub(crate) struct Scripts {
    pub(crate) version: i64,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
}

/// Returns `number` migrations. They are never freed: some libraries accept only constants.
pub(crate) fn scripts(number: usize) -> Vec<Scripts> {
    (0..number)
        .map(|number| {
            let index = match number % 5 < 2 {
                true => format!("CREATE INDEX t{number}_name_idx ON t{number} (name);\n"),
                false => String::new(),
            };
            let up = format!(
                "CREATE TABLE t{number} (\n    id bigint PRIMARY KEY,\n    name text NOT NULL,\n    \
                 made_at timestamptz NOT NULL DEFAULT now()\n);\n{index}"
            );
            let down = format!("DROP TABLE t{number};\n");
            let (hour, minute, second) = (number / 3600, number / 60 % 60, number % 60);
            let stamp = i64::try_from(hour * 10_000 + minute * 100 + second).unwrap_or_default();
            Scripts {
                version: 20_240_101_000_000 + stamp,
                up: up.leak(),
                down: down.leak(),
            }
        })
        .collect()
}

/// The same migrations as a registry with this number of services.
pub(crate) fn registry(scripts: &[Scripts], services: usize) -> &'static Registry {
    let names: Vec<String> = (0..services).map(|number| format!("s{number}")).collect();
    let table =
        |name: &String| format!("\n[services.{name}]\ntier = \"T\"\ndirectory = \"{name}\"\n");
    let tables: String = names.iter().map(table).collect();
    let manifest = format!("tiers = [\"T\"]\n{tables}");
    let mut tree = Tree::new("database").with_file("services.toml", manifest);
    for name in &names {
        tree.nodes
            .insert(format!("migrations/{name}"), Node::Folder);
    }
    for (number, script) in scripts.iter().enumerate() {
        let name = &names[number % services];
        let stem = format!(
            "migrations/{name}/{}_{number:08x}_t{number}",
            script.version
        );
        tree = tree
            .with_file(&format!("{stem}.up.sql"), script.up)
            .with_file(&format!("{stem}.down.sql"), script.down);
    }
    let resolved = resolve(&tree);
    assert!(
        resolved.problems.is_empty(),
        "{:?}",
        resolved.problems.first()
    );
    Box::leak(Box::new(resolved.registry))
}
