//! Tests that no build depends on the folder in which the crate lies.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where it fails; what clippy allows in tests leaves out their helpers"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use support::{BUILD_SCRIPT, Crate};

/// A program that embeds the tree and prints the folder of the build script's files.
const MAIN: &str = "\
static REGISTRY: runtime::Registry = runtime::embed_migrations!(\"database\");
fn main() {
    assert!(!REGISTRY.is_empty());
    print!(\"{}\", env!(\"OUT_DIR\"));
}
";

/// The files in a folder, by name.
fn files(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(out)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let named = entries.map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read(path).unwrap())
    });
    named.collect()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// Builds a crate with another path in place of its folder.
fn build_remapped(example: &Crate) {
    let build = example.build_remapped("/elsewhere");
    assert!(build.succeeded, "{}", build.stderr);
    let program = fs::read(example.program()).unwrap();
    assert!(!contains(&program, &example.folder.display().to_string()));
}

#[test]
fn with_remapped_paths_the_program_has_the_tree_and_no_path_of_the_crate() {
    for example in [
        Crate::new("remapped"),
        Crate::with_build_script("remapped-watched"),
    ] {
        build_remapped(&example);
        assert_eq!(example.output(), example.expected());
    }
}

#[test]
fn a_build_script_writes_the_same_files_in_every_folder() {
    let [one, other] = ["same-files-one", "same-files-other"].map(|folder| {
        let example = Crate::in_folder(folder, "same-files");
        example.write("build.rs", BUILD_SCRIPT);
        example.write("src/main.rs", MAIN);
        build_remapped(&example);
        let out = example.output();
        let mut files = files(Path::new(&out));
        for (name, bytes) in &files {
            let path = example.folder.display().to_string();
            assert!(!contains(bytes, &path), "{name}");
        }
        // This file has the time of the build script, and no program includes it.
        files.retain(|name, _| !name.ends_with("_writer"));
        // Cargo gives both crates the same `OUT_DIR`.
        fs::remove_dir_all(Path::new(&out).parent().unwrap()).unwrap();
        files
    });
    assert_eq!(one.len(), 2);
    assert_eq!(one, other);
}
