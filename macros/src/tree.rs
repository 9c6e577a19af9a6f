//! From the arguments to a checked registry, or to all that is wrong.

use std::env;
use std::path::{Path, PathBuf};

use migrator_model::digest::{digest, variable};
use migrator_model::disk::{self, MANIFEST};
use migrator_model::{Registry, Tree, resolve};
use proc_macro2::Span;
use syn::Error;

use crate::ast::Arguments;
use crate::narrow::narrow;

/// What is to be embedded.
pub(crate) struct Embedded {
    /// The manifest's path, from the folder of Cargo.toml.
    pub(crate) manifest: String,
    pub(crate) registry: Registry,
    pub(crate) watcher: Watcher,
}

/// Who sees to it that a changed script is compiled in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watcher {
    /// The crate's build script: cargo compiles the crate whenever it has run.
    BuildScript,
    /// rustc, which remembers the files that the expansion includes.
    Rustc,
}

/// Reads, checks and narrows the tree.
pub(crate) fn load(arguments: &Arguments) -> Result<Embedded, Vec<Error>> {
    let Arguments { folder, span, .. } = arguments;
    let base = base();
    let tree = disk::read(&base.join(folder), folder);
    let resolved = resolve(&tree);
    if !resolved.diagnostics.is_empty() {
        let faults = resolved.diagnostics.iter();
        return Err(faults.map(|d| Error::new(*span, d)).collect());
    }
    let checked = env::var(variable(&base, folder)).ok();
    same_as_checked(&tree, checked.as_deref(), *span).map_err(|error| vec![error])?;
    let registry = match &arguments.services {
        Some(services) => narrow(&resolved.registry, services)?,
        None => resolved.registry,
    };
    let watcher = match checked {
        Some(_) => Watcher::BuildScript,
        None => Watcher::Rustc,
    };
    Ok(Embedded {
        watcher,
        manifest: tree.display_path(MANIFEST),
        registry,
    })
}

/// The folder of the crate's Cargo.toml, which cargo tells rustc.
fn base() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| Path::new(".").to_owned(), PathBuf::from)
}

/// Refuses a tree other than the one that the crate's build script checked.
///
/// Cargo re-runs a build script by comparing modification times, which a
/// restored tree can escape; without a build script there is nothing to compare.
fn same_as_checked(tree: &Tree, checked: Option<&str>, span: Span) -> Result<(), Error> {
    match checked {
        Some(checked) if checked != digest(tree) => Err(Error::new(
            span,
            format!(
                "`{}` is not the tree that build.rs checked (help: touch `{}`, so that cargo \
                 runs build.rs again)",
                tree.root,
                tree.display_path(MANIFEST)
            ),
        )),
        _ => Ok(()),
    }
}
