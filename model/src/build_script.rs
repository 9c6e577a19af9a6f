//! What a crate's `build.rs` calls: watch the tree, check it, hand its digest on.

use std::cmp::Reverse;
use std::env;
use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Severity};
use crate::digest::{digest, variable};
use crate::disk;
use crate::resolve::{Resolved, resolve};

/// Watches the tree in `folder`, beside the crate's Cargo.toml, and checks it.
///
/// Prints instructions to cargo: the folder and all in it is watched (cargo
/// compares the times of everything below a watched folder), each diagnostic
/// is an error that stops the build, and the digest goes to
/// `embed_migrations!`.
///
/// `migrator-analysis` has one of the same name that checks the SQL as well.
pub fn check(folder: &str) {
    check_with(folder, |_| Vec::new());
}

/// As [`check`], with further findings in the resolved tree.
#[expect(
    clippy::print_stdout,
    reason = "standard output is how a build script speaks to cargo"
)]
pub fn check_with(folder: &str, further: impl FnOnce(&Resolved) -> Vec<Diagnostic>) {
    let base = env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    println!("cargo::rerun-if-changed={folder}");
    let tree = disk::read(&base.join(folder), folder);
    let resolved = resolve(&tree);
    let further = further(&resolved);
    // What stops the build comes last, where it is read.
    let mut diagnostics: Vec<&Diagnostic> = resolved.diagnostics.iter().chain(&further).collect();
    diagnostics.sort_by_key(|one| (Reverse(one.severity), &one.place, one.code));
    for diagnostic in diagnostics {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        println!("cargo::{severity}={diagnostic}");
    }
    println!(
        "cargo::rustc-env={}={}",
        variable(&base, folder),
        digest(&tree)
    );
}
