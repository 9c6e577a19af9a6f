//! Functions for a crate's `build.rs`: they watch the tree, check it, and write its registry for the
//! macro.

use std::cmp::Reverse;
use std::env;
use std::path::PathBuf;

use crate::digest::{digest, variable};
use crate::disk;
use crate::problem::{Problem, Severity};
use crate::resolve::{Resolved, resolve_after};
pub use crate::written::Earlier;
use crate::written::Written;

/// The result of a further check.
#[derive(Default)]
pub struct Further {
    /// The findings.
    pub problems: Vec<Problem>,
    /// Facts for the next run of this build script.
    pub facts: Option<Vec<u8>>,
}

/// Watches the tree in `folder`, beside the crate's Cargo.toml, and checks it.
///
/// Prints instructions to cargo. Cargo watches the folder: it compares the times of
/// all files below it. Each problem is an error that stops the build.
/// `embed_migrations!` gets the digest, and the registry in files in `OUT_DIR`.
///
/// `migrator_analysis::check_in_build_script` also checks the SQL.
pub fn check(folder: &str) {
    check_with(folder, |_, _| Further::default());
}

/// Does the same as [`check`], and adds findings about the resolved tree.
#[expect(
    clippy::print_stdout,
    reason = "a build script gives instructions to cargo on standard output"
)]
pub fn check_with(folder: &str, further: impl FnOnce(&Resolved, &Earlier) -> Further) {
    let base = env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    println!("cargo::rerun-if-changed={folder}");
    let tree = disk::read(&base.join(folder), folder);
    let out = env::var_os("OUT_DIR").map(|out| Written::new(PathBuf::from(out), folder));
    let earlier = out.as_ref().and_then(Written::read).unwrap_or_default();
    let resolved = resolve_after(&tree, &earlier.registry);
    let further = further(&resolved, &earlier);
    // Print errors last, because a user reads the end of the output.
    let mut problems: Vec<&Problem> = resolved.problems.iter().chain(&further.problems).collect();
    problems.sort_by_key(|one| (Reverse(one.severity), &one.place, one.code));
    for problem in problems {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        println!("cargo::{severity}={problem}");
    }
    let digest = digest(&tree);
    // Without the files the macro resolves the tree itself.
    let written = out.map(|out| out.write(&digest, &resolved.registry, further.facts.as_deref()));
    if let Some(Err(error)) = written {
        println!("cargo::warning=the registry could not be written to OUT_DIR: {error}");
    }
    println!("cargo::rustc-env={}={digest}", variable(&base, folder));
}
