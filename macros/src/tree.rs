//! Turns the arguments into a checked registry, or into all errors.

use std::env;
use std::path::{Path, PathBuf};

use migrator_model::digest::{digest, variable};
use migrator_model::disk::{self, MANIFEST};
use migrator_model::{Registry, Tree, resolve};
use proc_macro2::Span;
use syn::Error;

use crate::ast::Arguments;
use crate::narrow::narrow;

/// The registry to embed.
pub(crate) struct Embedded {
    /// The path of the manifest, relative to the folder of Cargo.toml.
    pub(crate) manifest: String,
    pub(crate) registry: Registry,
    pub(crate) watcher: Watcher,
}

/// Decides when the crate is compiled again after a change of a script.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watcher {
    /// The crate's build script: cargo compiles the crate after each run of it.
    BuildScript,
    /// rustc: it watches the files that the generated code includes.
    Rustc,
}

/// Reads and checks the tree, and selects the services.
pub(crate) fn load(arguments: &Arguments) -> Result<Embedded, Vec<Error>> {
    let Arguments { folder, span, .. } = arguments;
    let base = base();
    let tree = disk::read(&base.join(folder), folder);
    let resolved = resolve(&tree);
    if !resolved.problems.is_empty() {
        let faults = resolved.problems.iter();
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

/// The folder of the crate's Cargo.toml, from the variable that cargo sets.
fn base() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| Path::new(".").to_owned(), PathBuf::from)
}

/// Refuses a tree other than the one that the crate's build script checked.
///
/// Cargo compares modification times to decide whether to run a build script again. A tree that
/// was restored with old times is not noticed. Without a build script there is no check.
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
