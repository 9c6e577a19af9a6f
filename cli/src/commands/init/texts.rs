//! The texts of the files that `init` writes.

use migrator_analysis::is_reserved;
use migrator_model::file_name::{Direction, FileName};
use migrator_model::sql::quote_identifier;

use super::cargo_toml::{BUILD, DEPENDENCIES, NORMAL, line};

/// The line of a build script that checks the tree.
pub(super) const BUILD_LINE: &str = "migrator_analysis::check_in_build_script(\"database\");";

/// The words in a build script that checks a tree.
pub(super) const CHECKS: [&str; 2] = ["check_in_build_script", "build_script::check"];

/// The word in a source file that embeds a tree.
pub(super) const EMBEDS: &str = "embed_migrations!";

/// Git must not change line ends of scripts, because the history has their checksums.
pub(super) const GIT_ATTRIBUTES: &str = "*.sql text eol=lf\n";

/// What git leaves out in a new crate.
pub(super) const GIT_IGNORE: &str = "/target\n";

/// The comment before the section of `AGENTS.md`. A file with the comment has the section.
pub(super) const MARKER: &str = "<!-- migrator init: rules of the migrations -->";

/// The lines to add to the `main.rs` of a crate that exists.
pub(super) const MAIN_LINES: &str = "\
static REGISTRY: migrator_runtime::Registry = migrator_runtime::embed_migrations!();

/// Runs the command that the arguments name, such as `up --service=all`.
fn migrate() -> std::process::ExitCode {
    migrator_cli::run(&REGISTRY)
}
";

/// The `main.rs` of a new crate.
pub(super) const MAIN: &str = "\
//! The migrations of this crate, and the commands that apply and revert them.

use std::process::ExitCode;

use migrator_runtime::{Registry, embed_migrations};

static REGISTRY: Registry = embed_migrations!();

fn main() -> ExitCode {
    migrator_cli::run(&REGISTRY)
}
";

/// The names of schemas that exist in each database, or that belong to the history.
const TAKEN: [&str; 3] = ["information_schema", "migrator", "public"];

/// The `Cargo.toml` of a new crate.
pub(super) fn cargo_toml(name: &str) -> String {
    let of = |table| {
        let names = DEPENDENCIES.iter().filter(|(wanted, _)| *wanted == table);
        let lines: Vec<String> = names.map(|(_, name)| line(name)).collect();
        lines.join("\n")
    };
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [{NORMAL}]\n{}\n\n[{BUILD}]\n{}\n",
        of(NORMAL),
        of(BUILD)
    )
}

/// The build script of a crate that has none.
pub(super) fn build_script() -> String {
    format!(
        "//! Checks the tree of migrations in `database/` before the crate compiles.\n\n\
         fn main() {{\n    {BUILD_LINE}\n}}\n"
    )
}

/// The manifest of a tree with one service.
pub(super) fn manifest(service: &str) -> String {
    format!(
        "# Tiers run in this order. A service may depend on services of its own tier or an earlier \
         one.\n\
         tiers = [\"Services\"]\n\n\
         [services.{service}]\n\
         tier = \"Services\"\n\
         directory = \"{service}\"\n\
         # depends_on = [\"other\"]\n\
         # description = \"What the service does\"\n"
    )
}

/// The name of the service's schema.
pub(super) fn schema(service: &str) -> String {
    match TAKEN.contains(&service) || service.starts_with("pg_") {
        true => format!("app_{service}"),
        false => service.to_owned(),
    }
}

/// A script of the first migration.
pub(super) fn script(file: &FileName, service: &str) -> String {
    let name = schema(service);
    let schema = match is_reserved(&name) {
        true => quote_identifier(&name),
        false => name,
    };
    match file.direction {
        Direction::Up => format!(
            "-- Creates the schema of {service}, for its tables, types and functions.\n\n\
             CREATE SCHEMA {schema};\n"
        ),
        Direction::Down => format!(
            "-- Drops the schema. Postgres refuses this while something is in the schema.\n\n\
             DROP SCHEMA {schema};\n"
        ),
    }
}

/// The hook that git runs before each commit. `directory` is the option that names the tree.
pub(super) fn hook(directory: &str) -> String {
    format!(
        "#!/bin/sh\n\
         # Checks the migrations before each commit. Git uses the hooks of this folder only after:\n\
         #   git config core.hooksPath .githooks\n\
         cd \"$(dirname \"$0\")/..\" || exit 1\n\
         exec migrator check{directory}\n"
    )
}

/// The section of `AGENTS.md`, with the example of a service.
pub(super) fn rules(tree: &str, service: Option<&str>, directory: &str) -> String {
    let schema = service.map_or_else(|| "schema".to_owned(), schema);
    let service = service.unwrap_or("NAME");
    format!(
        "{MARKER}\n\
         ## Database migrations\n\n\
         `{tree}/` has the Postgres migrations, one folder for each service. Rules:\n\n\
         - Create files with `migrator create{directory} --service={service} --name=\"add order \
           totals\"`. Never invent a version or a uid.\n\
         - Write both scripts. The down script restores exactly the state before the up script.\n\
         - Qualify each name with its schema: `{schema}.orders`.\n\
         - Write no `BEGIN`, `COMMIT` or `ROLLBACK`, and no command of psql.\n\
         - Never edit, rename or remove a migration of the main branch. Write a new migration.\n\
         - `CREATE INDEX CONCURRENTLY` needs the first line `-- migrator: no-transaction`, and is \
           then the only statement of its script.\n\
         - If a script uses objects of another service, add that service to `depends_on` in \
           `{tree}/services.toml`.\n\
         - After each change, run `migrator check{directory}` and `migrator verify{directory}`. \
           Both must exit with 0.\n\
         - `migrator explain M0104` explains a code. Fix the cause. A directive \
           `-- migrator: allow M0216 because …` needs a true reason.\n\
         - Run `up`, `down`, `redo` and `repair` only on a local database.\n\
         <!-- migrator init: end -->\n"
    )
}

#[cfg(test)]
mod tests {
    use migrator_analysis::analyse;
    use migrator_model::file_name::{Direction, FileName};
    use migrator_model::{Registry, Tree, Version, resolve};

    use super::{manifest, rules, schema, script};

    fn problems(service: &str) -> Vec<String> {
        let up = FileName {
            version: Version::parse("20240101120000").expect("it is a time"),
            uid: "0a1b2c3d".to_owned(),
            name: format!("create_{}_schema", schema(service)),
            direction: Direction::Up,
        };
        let mut tree = Tree::new("database").with_file("services.toml", manifest(service));
        for file in [up.clone(), up.partner()] {
            let path = format!("migrations/{service}/{file}");
            tree = tree.with_file(&path, script(&file, service));
        }
        let resolved = resolve(&tree);
        let registry: &Registry = &resolved.registry;
        assert_eq!(registry.len(), 1, "{service}");
        let found = resolved.problems.iter().map(ToString::to_string);
        let mut found: Vec<String> = found.collect();
        found.extend(analyse(&resolved).iter().map(ToString::to_string));
        found
    }

    #[test]
    fn the_first_migration_of_each_service_has_no_findings() {
        for service in [
            "shop", "user", "order", "left", "public", "migrator", "pg_x",
        ] {
            assert_eq!(problems(service), [""; 0], "{service}");
        }
    }

    #[test]
    fn the_rules_for_agents_are_a_dozen_lines() {
        let rules = rules("database", Some("shop"), "");
        let lines = rules.lines().filter(|line| !line.is_empty());
        assert!(lines.count() <= 14, "{rules}");
    }
}
