//! The crates to build: each embeds the same scripts with one library.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use migrator_model::{Node, Tree};

/// The library that embeds, and what its build script checks first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `diesel_migrations::embed_migrations!`, with the one-line build script of its manual. The
    /// script watches the folder and checks nothing.
    Diesel,
    /// migrator without a build script: the macro checks names, pairs, the manifest, the order.
    Plain,
    /// migrator with the build script that makes the same checks and watches the tree.
    Watched,
    /// migrator with the build script that also checks the SQL.
    Checked,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Diesel, Kind::Plain, Kind::Watched, Kind::Checked];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Diesel => "diesel",
            Kind::Plain => "plain",
            Kind::Watched => "watched",
            Kind::Checked => "checked",
        }
    }

    fn dependencies(self) -> String {
        let ours = |section: &str, name: &str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
            let folder = folder.display();
            format!("[{section}]\nmigrator-{name}.path = '{folder}'\n")
        };
        let runtime = ours("dependencies", "runtime");
        match self {
            Kind::Diesel => "[dependencies]\ndiesel_migrations = \"2.3\"\n\
                diesel = { version = \"2.3\", default-features = false, features = [\"postgres\"] }\n"
                .to_owned(),
            Kind::Plain => runtime,
            Kind::Watched => runtime + &ours("build-dependencies", "model"),
            Kind::Checked => runtime + &ours("build-dependencies", "analysis"),
        }
    }

    fn build_script(self) -> Option<&'static str> {
        match self {
            Kind::Diesel => Some("fn main() { println!(\"cargo::rerun-if-changed=migrations\"); }"),
            Kind::Plain => None,
            Kind::Watched => {
                Some("fn main() { migrator_model::build_script::check(\"database\"); }")
            }
            Kind::Checked => {
                Some("fn main() { migrator_analysis::check_in_build_script(\"database\"); }")
            }
        }
    }

    /// A program that prints how long the start of the library takes, in nanoseconds. With an
    /// argument, it also prints the mean time of a look-up, from the fastest of 20 passes over all
    /// migrations. diesel has no look-up.
    fn main(self) -> &'static str {
        match self {
            Kind::Diesel => {
                "use diesel::migration::MigrationSource;\n\
                 use diesel_migrations::{EmbeddedMigrations, embed_migrations};\n\
                 const MIGRATIONS: EmbeddedMigrations = embed_migrations!();\n\
                 fn main() {\n    \
                     let started = std::time::Instant::now();\n    \
                     let list = MigrationSource::<diesel::pg::Pg>::migrations(&MIGRATIONS);\n    \
                     let took = started.elapsed();\n    \
                     assert!(std::hint::black_box(list).is_ok());\n    \
                     print!(\"{}\", took.as_nanos());\n\
                 }\n"
            }
            Kind::Plain | Kind::Watched | Kind::Checked => {
                "static REGISTRY: migrator_runtime::Registry = migrator_runtime::embed_migrations!();\n\
                 fn main() {\n    \
                     let started = std::time::Instant::now();\n    \
                     let migrator = migrator_runtime::Migrator::new(&REGISTRY);\n    \
                     let start = started.elapsed();\n    \
                     assert!(!std::hint::black_box(migrator).registry().is_empty());\n    \
                     print!(\"{}\", start.as_nanos());\n    \
                     if std::env::args().nth(1).is_none() {\n        \
                         return;\n    \
                     }\n    \
                     let ids = REGISTRY.migrations().map(|one| (one.service, one.version));\n    \
                     let ids: Vec<_> = ids.collect();\n    \
                     let mean = |look_up: &dyn Fn(&str, _) -> bool| {\n        \
                         let pass = |_| {\n            \
                             let started = std::time::Instant::now();\n            \
                             for &(service, version) in std::hint::black_box(&ids) {\n                \
                                 assert!(look_up(service, version));\n            \
                             }\n            \
                             started.elapsed().as_nanos() / ids.len() as u128\n        \
                         };\n        \
                         (0..20).map(pass).min().unwrap_or_default()\n    \
                     };\n    \
                     let by_id = mean(&|service, version| REGISTRY.migration(service, version).is_some());\n    \
                     let by_name = mean(&|service, _| REGISTRY.find_service(service).is_some());\n    \
                     print!(\" {by_id} {by_name}\");\n\
                 }\n"
            }
        }
    }
}

/// A crate with a given number of migrations.
pub(crate) struct Leaf {
    pub(crate) kind: Kind,
    pub(crate) size: usize,
    /// An up script in the middle of the tree, which [`Leaf::edit`] changes.
    edited: PathBuf,
}

impl Leaf {
    pub(crate) fn name(kind: Kind, size: usize) -> String {
        format!("{}-{size}", kind.name())
    }

    /// Writes the crate into a folder of the workspace.
    pub(crate) fn write(workspace: &Path, kind: Kind, size: usize) -> io::Result<Leaf> {
        let name = Leaf::name(kind, size);
        let folder = workspace.join(&name);
        let dependencies = kind.dependencies();
        let manifest = format!("[package]\nname = {name:?}\nedition = \"2024\"\n\n{dependencies}");
        write(&folder.join("Cargo.toml"), manifest.as_bytes())?;
        write(&folder.join("src/main.rs"), kind.main().as_bytes())?;
        if let Some(script) = kind.build_script() {
            write(&folder.join("build.rs"), script.as_bytes())?;
        }
        let scripts = write_tree(&folder, kind, &migrator_bench::tree(size))?;
        // Neither the first migration of a service nor the last one.
        let mut later = scripts.into_iter().skip(size + size / 20);
        let edited = later.find(|path| path.to_string_lossy().ends_with("up.sql"));
        let edited = edited.ok_or_else(|| io::Error::other("a tree has an up script"))?;
        Ok(Leaf { kind, size, edited })
    }

    /// Changes the text of one script's last statement.
    pub(crate) fn edit(&self, round: usize) -> io::Result<()> {
        let text = fs::read_to_string(&self.edited)?;
        let edited = text.replacen(" IS '", &format!(" IS '{round} "), 1);
        match edited == text {
            true => Err(io::Error::other("the script has no comment to edit")),
            false => fs::write(&self.edited, edited),
        }
    }
}

/// Writes the tree in the layout of the library, and returns the paths of the scripts.
fn write_tree(folder: &Path, kind: Kind, tree: &Tree) -> io::Result<Vec<PathBuf>> {
    let mut scripts = Vec::new();
    for (path, node) in &tree.nodes {
        let Node::File(bytes) = node else { continue };
        let is_script = path.starts_with("migrations/");
        let path = match kind {
            Kind::Diesel if !is_script => continue,
            Kind::Diesel => folder.join("migrations").join(as_diesel(path)),
            Kind::Plain | Kind::Watched | Kind::Checked => folder.join("database").join(path),
        };
        write(&path, bytes)?;
        if is_script {
            scripts.push(path);
        }
    }
    Ok(scripts)
}

/// Turns `migrations/s0/2024…_create_t0.up.sql` into `2024…_create_t0/up.sql`.
fn as_diesel(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.replacen('.', "/", 1)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)
}
