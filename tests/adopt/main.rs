//! `adopt`: trees and histories of other tools, on a real server.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at what it cannot set up"
)]

mod each;
mod fixtures;
mod held;
mod layouts;
mod page;
mod proof;
mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod tools;
mod tree;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use migrator_model::{Registry, disk, resolve};
use migrator_runtime::{Client, Migrator, Settings, State, Target, connect};
use tempfile::{TempDir, tempdir};

use self::support::{block_on, database, execute, migrator, on, output};

const MANIFEST: &str =
    "tiers = [\"Core\", \"Apps\"]\n\n[services.core]\ntier = \"Core\"\ndirectory = \"core\"\n";

/// A checkout with the migrations of another tool, beside a tree of one service.
struct Checkout {
    folder: TempDir,
    tool: &'static str,
    /// The database; empty if there is none.
    url: String,
}

impl Checkout {
    /// A checkout without a database.
    fn new(tool: &'static str, files: &[(&str, &str)]) -> Checkout {
        let folder = tempdir().expect("a folder is made");
        let stem = "database/migrations/core/20240101120000_0a1b2c3d_create_core";
        write(folder.path(), "database/services.toml", MANIFEST);
        for (ending, text) in [
            ("up", "CREATE SCHEMA core;\n"),
            ("down", "DROP SCHEMA core;\n"),
        ] {
            write(folder.path(), &format!("{stem}.{ending}.sql"), text);
        }
        for (path, text) in files {
            write(folder.path(), &format!("db/{path}"), text);
        }
        Checkout {
            folder,
            tool,
            url: String::new(),
        }
    }

    /// The same checkout, with a database to which the tool has applied some migrations.
    fn applied(self, sql: &str) -> Checkout {
        let url = database();
        execute(&url, sql);
        Checkout { url, ..self }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command in the checkout.
    fn run(&self, arguments: &[&str]) -> String {
        match self.url.as_str() {
            "" => output(migrator(arguments).current_dir(self.path())),
            url => output(&mut on(url, self.path(), arguments)),
        }
    }

    /// Runs `adopt` with more arguments.
    fn adopt(&self, more: &[&str]) -> String {
        let from = format!("--from={}", self.tool);
        let mut arguments = vec!["adopt", &from, "db", "--service=notes"];
        arguments.extend(more);
        self.run(&arguments)
    }

    /// The files of the service, sorted.
    fn files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path().join("database/migrations/notes")) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|name| name.display().to_string()).collect();
        names.sort();
        names
    }

    /// The first file whose name ends so.
    fn text(&self, ending: &str) -> String {
        let files = self.files();
        let name = files.iter().find(|name| name.ends_with(ending));
        let name = name.unwrap_or_else(|| panic!("{ending}: {files:?}"));
        let path = self.path().join("database/migrations/notes").join(name);
        fs::read_to_string(path).expect(ending)
    }

    /// The registry of the tree, as a binary of this checkout has it.
    fn registry(&self) -> &'static Registry {
        let tree = disk::read(&self.path().join("database"), "database");
        let resolved = resolve(&tree);
        assert_eq!(resolved.problems, []);
        Box::leak(Box::new(resolved.registry))
    }

    async fn client(&self) -> Client {
        let settings = Settings::parse(&self.url).expect("the URL is valid");
        connect(settings).await.expect("a connection")
    }

    /// Applies what is pending. Returns the names of the applied migrations.
    fn up(&self) -> Vec<String> {
        let mut migrator = Migrator::new(self.registry());
        let report = block_on(async {
            let mut client = self.client().await;
            migrator.up(&mut client, Target::service("notes")).await
        });
        let done = report.expect("it runs").done;
        done.iter().map(|done| done.id.name.to_string()).collect()
    }

    /// Reverts the newest migration. Returns its name.
    fn down(&self) -> String {
        let mut migrator = Migrator::new(self.registry());
        let target = Target::service("notes").steps(NonZeroUsize::MIN);
        let report = block_on(async {
            let mut client = self.client().await;
            migrator.down(&mut client, target).await
        });
        let done = report.expect("it runs").done;
        done.iter().map(|done| done.id.name.to_string()).collect()
    }

    /// The names of the applied migrations, and those of all others.
    fn status(&self) -> [Vec<String>; 2] {
        let migrator = Migrator::new(self.registry());
        let named = Target::service("notes").services;
        let status = block_on(async {
            let client = self.client().await;
            migrator.status(&client, &named).await
        });
        let services = status.expect("it is read").services;
        let all = services.iter().flat_map(|service| &service.migrations);
        let (applied, others): (Vec<_>, Vec<_>) = all.partition(|one| one.state == State::Applied);
        [applied, others].map(|some| some.iter().map(|one| one.id.name.to_string()).collect())
    }

    fn assert_no_drift(&self) {
        let drift = self.run(&["drift", "--directory=database"]);
        assert!(drift.starts_with("exit: 0\n"), "{drift}");
    }
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
    fs::write(path, text).expect("it is written");
}

/// Fails unless a command has succeeded.
fn assert_done(output: &str) {
    assert!(output.starts_with("exit: 0\n"), "{output}");
}
