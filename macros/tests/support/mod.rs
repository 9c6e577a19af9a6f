//! Crates that embed a tree, written to a temporary folder and built by cargo.
//!
//! Each crate is its own workspace, with the lock file of this repository. All share one target
//! folder, so that cargo builds the dependencies only once.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each test file uses only a part of this module; tests may panic"
)]

mod build;
pub mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Replaces `migrator-runtime`, which takes long to build.
const RUNTIME: &str = r"
#[doc(hidden)]
pub mod __private {
    pub use migrator_macros::embed;
    pub use migrator_model::embedded::*;
}
pub use migrator_macros::test;
pub use migrator_model::Registry;
#[macro_export]
macro_rules! embed_migrations {
    ($($arguments:tt)*) => { $crate::__private::embed!($crate; $($arguments)*) };
}
";

/// The dependency on the replacement.
pub const RUNTIME_DEPENDENCY: &str = "runtime.path = '../runtime'\n";

/// The build script that docs/library.md describes.
pub const BUILD_SCRIPT: &str = "fn main() { migrator_model::build_script::check(\"database\"); }\n";

/// A program that prints its registry.
pub const MAIN: &str = "\
static REGISTRY: runtime::Registry = runtime::embed_migrations!(\"database\");
fn main() {
    print!(\"{REGISTRY:?}\");
}
";

/// A crate that embeds a tree.
pub struct Crate {
    pub name: String,
    pub folder: PathBuf,
}

impl Crate {
    /// A crate with the valid tree and the program [`MAIN`], without a build script.
    pub fn new(name: &str) -> Crate {
        Crate::in_folder(name, name)
    }

    /// The same crate in a folder with another name.
    pub fn in_folder(folder: &str, name: &str) -> Crate {
        runtime();
        let folder = temporary().join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        let name = name.to_owned();
        let new = Crate { name, folder };
        new.manifest("2024", RUNTIME_DEPENDENCY);
        fs::copy(workspace().join("Cargo.lock"), new.path("Cargo.lock")).unwrap();
        new.write("src/main.rs", MAIN);
        tree::write(&new, "database");
        new
    }

    /// The same crate with a build script.
    pub fn with_build_script(name: &str) -> Crate {
        let new = Crate::new(name);
        new.write("build.rs", BUILD_SCRIPT);
        new
    }

    /// Writes the Cargo.toml.
    pub fn manifest(&self, edition: &str, dependencies: &str) {
        let (name, model) = (&self.name, ours("model"));
        self.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = {name:?}\nedition = {edition:?}\n\n[workspace]\n\n\
                 [dependencies]\n{dependencies}\n[build-dependencies]\n{model}\n\
                 [profile.dev]\ndebug = false\nincremental = false\n"
            ),
        );
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.path(path), text);
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Gives a file a modification time.
    pub fn set_time(&self, path: &str, time: SystemTime) {
        let file = fs::File::options().append(true).open(self.path(path));
        file.unwrap().set_modified(time).unwrap();
    }

    /// The output of the program. The crate must build.
    pub fn run(&self) -> String {
        let build = self.build();
        assert!(build.succeeded, "{}", build.stderr);
        self.output()
    }

    /// The registry of the tree on disk, in the form that [`MAIN`] prints.
    pub fn expected(&self) -> String {
        let tree = migrator_model::disk::read(&self.path("database"), "database");
        let resolved = migrator_model::resolve(&tree);
        assert_eq!(resolved.problems, []);
        format!("{:?}", resolved.registry)
    }
}

/// Writes the replacement of `migrator-runtime` once. If it were written again, cargo would
/// build it again.
fn runtime() {
    let folder = temporary().join("runtime");
    let manifest = format!(
        "[package]\nname = \"runtime\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{}{}",
        ours("model"),
        ours("macros")
    );
    for (path, text) in [("Cargo.toml", manifest.as_str()), ("src/lib.rs", RUNTIME)] {
        let path = folder.join(path);
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            write(&path, text);
        }
    }
}

/// A dependency on a crate of this workspace.
pub fn ours(folder: &str) -> String {
    let path = workspace().join(folder);
    format!("migrator-{folder}.path = '{}'\n", path.display())
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn temporary() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
