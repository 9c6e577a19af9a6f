//! The source files of the crates.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file of a crate.
pub(crate) struct SourceFile {
    /// The path from the top of the repository, such as `cli/src/exit.rs`.
    pub(crate) path: String,
    /// The module path within its folder, such as `["commands", "up"]`; empty for `lib.rs`.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
}

/// All source files of a crate by path, without its unit tests.
pub(crate) fn of_crate(name: &str) -> Vec<SourceFile> {
    let files = in_folder(&format!("{name}/src")).into_iter();
    files.filter(|file| !is_test(&file.module)).collect()
}

/// All source files in a folder of the repository by path, with the tests.
pub(crate) fn in_folder(folder: &str) -> Vec<SourceFile> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = top.join(folder);
    let mut paths = Vec::new();
    collect(&source, &mut paths);
    paths.sort();
    let files = paths.into_iter().map(|path| SourceFile {
        text: fs::read_to_string(&path).expect("a source file is text"),
        module: module(path.strip_prefix(&source).expect("it lies in the crate")),
        path: path
            .strip_prefix(top)
            .expect("it lies in the repository")
            .to_string_lossy()
            .into_owned(),
    });
    files.collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn module(path: &Path) -> Vec<String> {
    let mut parts: Vec<String> = path
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if parts
        .last()
        .is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main"))
    {
        parts.pop();
    }
    parts
}

fn is_test(module: &[String]) -> bool {
    module
        .iter()
        .any(|part| part == "tests" || part.ends_with("_tests"))
}
