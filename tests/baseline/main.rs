//! `baseline`, and `status --detect`, on a real server.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at what it cannot set up"
)]

mod first;
mod page;
mod recorded;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;

use migrator_model::{Registry, disk, resolve};
use migrator_runtime::{Migrator, Settings, Target, connect};
use tempfile::{TempDir, tempdir};

use self::support::{block_on, database, execute, on, output};

const MANIFEST: &str = "tiers = [\"Apps\"]\n\n[services.core]\ntier = \"Apps\"\n\
                        directory = \"core\"\n\n[services.notes]\ntier = \"Apps\"\n\
                        directory = \"notes\"\ndepends_on = [\"core\"]\n";

/// A checkout with a tree, and a database.
struct Checkout {
    folder: TempDir,
    url: String,
}

impl Checkout {
    /// A checkout whose service `notes` has these up and down scripts.
    fn new(scripts: &[(&str, &str)]) -> Checkout {
        let folder = tempdir().expect("a folder is made");
        let checkout = Checkout {
            folder,
            url: database(),
        };
        checkout.write("services.toml", MANIFEST);
        checkout.migration("core", 1, ["CREATE SCHEMA core;", "DROP SCHEMA core;"]);
        fs::create_dir_all(checkout.path().join("database/migrations/notes")).expect("a folder");
        for ((up, down), number) in scripts.iter().zip(1..) {
            checkout.migration("notes", number, [*up, *down]);
        }
        checkout
    }

    /// The same checkout, with a database on which statements have run.
    fn with(self, sql: &str) -> Checkout {
        execute(&self.url, sql);
        self
    }

    fn migration(&self, service: &str, number: u32, [up, down]: [&str; 2]) {
        let digit = service.len() % 10;
        let stem =
            format!("migrations/{service}/2024010112000{number}_0a1b2c{digit}{number}_m{number}");
        self.write(&format!("{stem}.up.sql"), &format!("{up}\n"));
        self.write(&format!("{stem}.down.sql"), &format!("{down}\n"));
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join("database").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, text).expect("it is written");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command on the tree and the database.
    fn run(&self, arguments: &[&str]) -> String {
        let mut all = arguments.to_vec();
        all.push("--directory=database");
        output(&mut on(&self.url, self.path(), &all))
    }

    /// Runs `baseline` for the service `notes`.
    fn baseline(&self, more: &[&str]) -> String {
        let mut arguments = vec!["baseline", "--service=notes"];
        arguments.extend(more);
        self.run(&arguments)
    }

    /// The files of the service, sorted.
    fn files(&self) -> Vec<String> {
        let folder = self.path().join("database/migrations/notes");
        let entries = fs::read_dir(folder).expect("a folder");
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
        fs::read_to_string(self.path().join("database/migrations/notes").join(name)).expect(ending)
    }

    /// The versions that the history of the service has, with their origins.
    fn recorded(&self) -> Vec<String> {
        let exists = "SELECT coalesce(to_regclass('migrator.notes_history')::text, '')";
        match support::query(&self.url, exists).concat().is_empty() {
            true => Vec::new(),
            false => support::query(
                &self.url,
                "SELECT version || ' ' || origin FROM migrator.notes_history ORDER BY version",
            ),
        }
    }

    /// The registry of the tree, as a binary of this checkout has it.
    fn registry(&self) -> &'static Registry {
        let tree = disk::read(&self.path().join("database"), "database");
        let resolved = resolve(&tree);
        assert_eq!(resolved.problems, []);
        Box::leak(Box::new(resolved.registry))
    }

    /// Applies what is pending on a database, and returns the number of migrations.
    fn up(&self, url: &str) -> usize {
        let mut migrator = Migrator::new(self.registry());
        let report = block_on(async {
            let mut client = client(url).await;
            migrator.up(&mut client, Target::all()).await
        });
        report.expect("it runs").done.len()
    }

    /// Reverts everything on a database, and returns the number of migrations.
    fn down(&self, url: &str) -> usize {
        let mut migrator = Migrator::new(self.registry());
        let report = block_on(async {
            let mut client = client(url).await;
            migrator.down(&mut client, Target::all()).await
        });
        report.expect("it runs").done.len()
    }
}

async fn client(url: &str) -> migrator_runtime::Client {
    let settings = Settings::parse(url).expect("the URL is valid");
    connect(settings).await.expect("a connection")
}

/// Fails unless a command has succeeded.
fn assert_done(output: &str) {
    assert!(output.starts_with("exit: 0\n"), "{output}");
}

/// Fails unless an output has each of these texts.
fn assert_has(output: &str, texts: &[&str]) {
    for text in texts {
        assert!(output.contains(text), "{text}\n{output}");
    }
}
