//! Two examples for the help of each command.

use clap::Command;

use crate::name;

/// A command with its examples: what to type after the program's name, and what that does.
type Examples = (&'static str, [(&'static str, &'static str); 2]);

const EXAMPLES: &[Examples] = &[
    (
        "init",
        [
            (
                "init shop",
                "Write a new crate `shop` with a first migration",
            ),
            (
                "init --folder",
                "Write a tree in the folder `database`, without Rust",
            ),
        ],
    ),
    (
        "create",
        [
            (
                "create --service=tenant --name='create notes table'",
                "Create the two scripts of a migration",
            ),
            (
                "create --service=tenant --from='index tenant.notes(author_id)'",
                "Create them with a draft of their SQL",
            ),
        ],
    ),
    (
        "adopt",
        [
            (
                "adopt --from=flyway db/migration --service=shop --dry-run",
                "Show what the migrations of Flyway become",
            ),
            (
                "adopt --from=sqlx migrations --service=shop --yes",
                "Convert the migrations of sqlx, and take over their history",
            ),
        ],
    ),
    (
        "baseline",
        [
            (
                "baseline --service=shop --dry-run",
                "Show which migrations are in the database already",
            ),
            (
                "baseline --service=shop --to=20240101120000 --yes",
                "Record the migrations up to this version as applied",
            ),
        ],
    ),
    (
        "check",
        [
            ("check", "Check the whole tree"),
            (
                "check --base=origin/main --deny-warnings",
                "Also compare the tree with the main branch, and fail on a warning",
            ),
        ],
    ),
    (
        "explain",
        [
            ("explain M0104", "Print the page about this code"),
            ("explain m0501", "Print the page about another code"),
        ],
    ),
    (
        "digest",
        [
            (
                "digest",
                "Print the digest, such as for the name of a Kubernetes Job",
            ),
            (
                "digest --output=json",
                "Print it with the number of migrations",
            ),
        ],
    ),
    (
        "up",
        [
            (
                "up --service=all --dry-run",
                "Show which migrations are pending",
            ),
            (
                "up --service=tenant,auth",
                "Apply the pending migrations of two services, and of those they depend on",
            ),
        ],
    ),
    (
        "plan",
        [
            (
                "plan --service=all",
                "Show the pending migrations, their locks and the plan's hash",
            ),
            (
                "plan --service=tenant --sql",
                "Also show the scripts of a service",
            ),
        ],
    ),
    (
        "down",
        [
            (
                "down --service=tenant --dry-run",
                "Show what reverting the newest migration removes",
            ),
            (
                "down --service=tenant --to=20240101120000 --yes",
                "Revert all newer migrations without a question",
            ),
        ],
    ),
    (
        "redo",
        [
            (
                "redo --service=tenant",
                "Revert the newest migration of `tenant` and apply it again",
            ),
            (
                "redo --service=tenant --lock-timeout=30s",
                "Wait longer for locks on tables",
            ),
        ],
    ),
    (
        "status",
        [
            ("status", "Show the state of each service"),
            (
                "status --service=tenant --migrations",
                "List the migrations of a service with their states",
            ),
        ],
    ),
    (
        "history",
        [
            (
                "history --since=7d --kind=failure",
                "Show the failures of the last seven days",
            ),
            (
                "history --service=tenant --output=json",
                "Print the events of a service as JSON",
            ),
        ],
    ),
    (
        "list",
        [
            ("list", "List the services of this program"),
            (
                "list --migrations --service=tenant",
                "List the migrations of a service",
            ),
        ],
    ),
    (
        "wait",
        [
            (
                "wait --service=all --timeout=10min",
                "Wait until all migrations are applied",
            ),
            (
                "wait --service=tenant --timeout=0s",
                "Exit with 6 if a migration is pending",
            ),
        ],
    ),
    (
        "repair",
        [
            (
                "repair --service=tenant --version=20240101120000 --applied",
                "Record an interrupted migration as applied",
            ),
            (
                "repair --service=tenant --accept-change",
                "Record the scripts of this program as those that were applied",
            ),
        ],
    ),
    (
        "verify",
        [
            ("verify", "Prove every migration on a temporary server"),
            (
                "verify --service=tenant --since=20240101120000",
                "Prove only the migrations of a service from this version on",
            ),
        ],
    ),
    (
        "drift",
        [
            ("drift", "Show how the schema differs from the migrations"),
            (
                "drift --fleet=urls.txt --output=json",
                "Compare each database in a file",
            ),
        ],
    ),
    (
        "schema",
        [
            ("schema", "Print the schema as SQL"),
            ("schema --file=schema.sql", "Write the schema to a file"),
        ],
    ),
    (
        "graph",
        [
            (
                "graph > graph.md",
                "Write the services and their dependencies for Mermaid",
            ),
            (
                "graph --format=svg --offline > graph.svg",
                "Write an image without looking at a database",
            ),
        ],
    ),
    (
        "report",
        [
            (
                "report --html=report.html",
                "Write a page about the tree and the database",
            ),
            (
                "report --html=report.html --offline",
                "Write a page about the tree alone",
            ),
        ],
    ),
    #[cfg(feature = "local-server")]
    (
        "server",
        [
            ("server start", "Start the local server and print its URL"),
            ("server stop", "Stop the local server"),
        ],
    ),
    #[cfg(feature = "local-server")]
    (
        "with",
        [
            ("with -- cargo test", "Run tests on a new database"),
            (
                "with --service=tenant -- psql",
                "Look at a new database with the tables of a service",
            ),
        ],
    ),
    (
        "man",
        [
            (
                "man ~/.local/share/man/man1",
                "Install the manual pages of this user",
            ),
            ("man --output=json", "Print the page of the program as JSON"),
        ],
    ),
    (
        "completions",
        [
            (
                "completions bash > ~/.local/share/bash-completion/completions/migrator",
                "Complete commands, services and versions in bash",
            ),
            (
                "completions fish > ~/.config/fish/completions/migrator.fish",
                "Complete them in fish",
            ),
        ],
    ),
];

/// Adds the examples to the help of each command.
pub(super) fn add(program: Command) -> Command {
    EXAMPLES
        .iter()
        .fold(program, |program, (command, examples)| {
            program.mut_subcommand(command, |command| command.after_help(text(examples)))
        })
}

fn text(examples: &[(&str, &str); 2]) -> String {
    let lines = examples
        .iter()
        .map(|(call, what)| format!("  {what}:\n    {} {call}", name::get()));
    format!("Examples:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use migrator_model::{Tree, resolve};

    use super::EXAMPLES;
    use crate::arguments::Arguments;
    use crate::program::{Migrations, Program};

    /// The words of a call. Only quotes group words, and `>` ends the call.
    fn words(call: &str) -> Vec<String> {
        let call = call.split(" > ").next().unwrap_or_default();
        let mut words = vec![String::new()];
        for (index, part) in call.split('\'').enumerate() {
            let mut parts = match index % 2 {
                0 => part.split(' ').collect(),
                _ => vec![part],
            }
            .into_iter();
            if let (Some(last), Some(first)) = (words.last_mut(), parts.next()) {
                last.push_str(first);
            }
            words.extend(parts.map(str::to_owned));
        }
        words
    }

    #[test]
    fn each_command_has_two_examples_that_it_accepts() {
        let registry = Box::leak(Box::new(resolve(&Tree::new("database")).registry));
        let program = Program {
            migrations: Migrations::CompiledIn(registry),
        };
        let described = Arguments::of(program);
        for command in described.get_subcommands() {
            let name = command.get_name();
            let found = EXAMPLES.iter().find(|(of, _)| *of == name);
            let (_, examples) = found.unwrap_or_else(|| panic!("`{name}` has no examples"));
            for (call, _) in examples {
                assert_eq!(call.split(' ').next(), Some(name));
                let words = std::iter::once("migrator".to_owned()).chain(words(call));
                let matches = Arguments::of(program).try_get_matches_from(words);
                let matches = matches.unwrap_or_else(|error| panic!("{call}: {error}"));
                let accepted = Arguments::of_matches(program, &matches);
                accepted.unwrap_or_else(|error| panic!("{call}: {error}"));
            }
        }
    }
}
