//! The files in `deploy/`, the hooks for pre-commit, and the pages that show how to use them.
//!
//! `pipeline` runs the steps for a pull request, and `cluster` the jobs.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod cluster;
mod page;
mod pipeline;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

const TOP: &str = env!("CARGO_MANIFEST_DIR");

/// A file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(TOP).join(path)).expect(path)
}

/// A file in YAML.
fn yaml(path: &str) -> Value {
    parsed(&read(path), path)
}

fn parsed(text: &str, path: &str) -> Value {
    serde_saphyr::from_str(text)
        .map_err(|error| format!("{path}: {error}"))
        .expect("the text is YAML")
}

/// The members of a list.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// All files below a folder of the repository, in their order.
fn files_below(folder: &str) -> Vec<String> {
    let mut folders = vec![PathBuf::from(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(TOP).join(&folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = folder.join(entry.file_name());
            match entry.file_type().expect("a type").is_dir() {
                true => folders.push(path),
                false => files.push(path.display().to_string()),
            }
        }
    }
    files.sort();
    files
}

/// Writes a program that a test puts in the place of another one.
fn program(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}")).expect("it is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is executable");
}
