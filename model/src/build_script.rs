//! Functions for a crate's `build.rs`: they watch the tree, check it, and write its registry for the
//! macro.

use std::cmp::Reverse;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::digest::{digest, variable};
use crate::disk;
use crate::problem::{Problem, Severity};
use crate::registry::Registry;
use crate::resolve::{Resolved, resolve};

/// Watches the tree in `folder`, beside the crate's Cargo.toml, and checks it.
///
/// Prints instructions to cargo. Cargo watches the folder: it compares the times of
/// all files below it. Each problem is an error that stops the build.
/// `embed_migrations!` gets the digest, and the registry in files in `OUT_DIR`.
///
/// `migrator_analysis::check_in_build_script` also checks the SQL.
pub fn check(folder: &str) {
    check_with(folder, |_| Vec::new());
}

/// Does the same as [`check`], and adds findings about the resolved tree.
#[expect(
    clippy::print_stdout,
    reason = "a build script gives instructions to cargo on standard output"
)]
pub fn check_with(folder: &str, further: impl FnOnce(&Resolved) -> Vec<Problem>) {
    let base = env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    println!("cargo::rerun-if-changed={folder}");
    let tree = disk::read(&base.join(folder), folder);
    let resolved = resolve(&tree);
    let further = further(&resolved);
    // Print errors last, because a user reads the end of the output.
    let mut problems: Vec<&Problem> = resolved.problems.iter().chain(&further).collect();
    problems.sort_by_key(|one| (Reverse(one.severity), &one.place, one.code));
    for problem in problems {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        println!("cargo::{severity}={problem}");
    }
    let digest = digest(&tree);
    if let Some(out) = env::var_os("OUT_DIR") {
        // Without the files the macro resolves the tree itself.
        if let Err(error) = write(Path::new(&out), folder, &digest, &resolved.registry) {
            println!("cargo::warning=the registry could not be written to OUT_DIR: {error}");
        }
    }
    println!("cargo::rustc-env={}={digest}", variable(&base, folder));
}

/// The names of the files with the table and the text of a registry, for `OUT_DIR`.
///
/// They depend on the folder as the build script spells it, because the paths in the registry start
/// with it, and on the digest of the tree. They do not depend on the folder of the crate.
#[must_use]
pub fn file_names(folder: &str, digest: &str) -> [String; 2] {
    let stem = stem(folder);
    ["table", "text"].map(|ending| format!("{stem}{digest}.{ending}"))
}

fn stem(folder: &str) -> String {
    let letter = |letter: char| match letter.is_ascii_alphanumeric() {
        true => letter.to_string(),
        false => format!("-{:x}-", u32::from(letter)),
    };
    let folder: String = folder.chars().map(letter).collect();
    format!("migrator_{folder}_")
}

/// Writes the files, and removes those of an earlier tree.
fn write(out: &Path, folder: &str, digest: &str, registry: &Registry) -> io::Result<()> {
    let names = file_names(folder, digest);
    let stem = stem(folder);
    for entry in fs::read_dir(out)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&stem) && !names.iter().any(|one| *one == name) {
            fs::remove_file(entry.path())?;
        }
    }
    let (table, text) = registry.parts();
    let [table_name, text_name] = names;
    fs::write(out.join(table_name), table)?;
    fs::write(out.join(text_name), text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use super::write;
    use crate::digest::digest;
    use crate::registry::Registry;
    use crate::resolve::resolve;
    use crate::tree::Tree;

    fn tree(up: &str) -> Tree {
        let stem = "migrations/core/20240101120000_0a1b2c3d_create_setting";
        Tree::new("database")
            .with_file(
                "services.toml",
                "tiers = [\"One\"]\n[services.core]\ntier = \"One\"\ndirectory = \"core\"\n",
            )
            .with_file(&format!("{stem}.up.sql"), up)
            .with_file(&format!("{stem}.down.sql"), "SELECT 1;\n")
    }

    fn written(out: &Path, up: &str) -> (Registry, BTreeMap<String, Vec<u8>>) {
        let tree = tree(up);
        let resolved = resolve(&tree);
        assert_eq!(resolved.problems, []);
        write(out, "database", &digest(&tree), &resolved.registry).unwrap();
        let files = fs::read_dir(out).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        });
        (resolved.registry, files.collect())
    }

    #[test]
    fn two_checkouts_get_the_same_files() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let (registry, files) = written(one.path(), "SELECT 2;\n");
        assert_eq!(files, written(other.path(), "SELECT 2;\n").1);
        let contents: Vec<&[u8]> = files.values().map(Vec::as_slice).collect();
        let (table, text) = registry.parts();
        assert_eq!(contents, [table, text.as_bytes()]);
    }

    #[test]
    fn the_files_of_an_earlier_tree_are_removed() {
        let out = tempfile::tempdir().unwrap();
        let (_, before) = written(out.path(), "SELECT 2;\n");
        fs::write(out.path().join("other"), "").unwrap();
        let (_, after) = written(out.path(), "SELECT 3;\n");
        assert_eq!(after.len(), 3);
        assert!(before.keys().all(|name| !after.contains_key(name)));
    }
}
