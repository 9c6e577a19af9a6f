//! Turns the arguments into a checked registry, or into all errors.

use std::env;
use std::path::{Path, PathBuf};

use migrator_model::digest::{digest, variable};
use migrator_model::disk::{self, MANIFEST};
use migrator_model::written::file_names;
use migrator_model::{Registry, Tree, resolve};
use proc_macro2::Span;
use syn::Error;

use crate::ast::Arguments;
use crate::narrow::narrow;

/// The registry to embed, and who watches the tree.
pub(crate) enum Embedded {
    /// The build script watches the tree, and wrote the table and the text to files in `OUT_DIR`.
    Written([String; 2]),
    /// The build script watches the tree.
    Checked(Registry),
    /// rustc watches the files that the generated code includes.
    Unwatched {
        registry: Registry,
        /// The path of the manifest, relative to the folder of Cargo.toml.
        manifest: String,
    },
}

/// Reads and checks the tree, and selects the services.
pub(crate) fn load(arguments: &Arguments) -> Result<Embedded, Vec<Error>> {
    let Arguments { folder, span, .. } = arguments;
    let base = base();
    let tree = disk::read(&base.join(folder), folder);
    let checked = env::var(variable(&base, folder)).ok();
    if let Some(names) = written(arguments, checked.as_deref()) {
        same_as_checked(&tree, checked.as_deref(), *span).map_err(|error| vec![error])?;
        return Ok(Embedded::Written(names));
    }
    let resolved = resolve(&tree);
    if !resolved.problems.is_empty() {
        let faults = resolved.problems.iter();
        return Err(faults.map(|d| Error::new(*span, d)).collect());
    }
    same_as_checked(&tree, checked.as_deref(), *span).map_err(|error| vec![error])?;
    let registry = match &arguments.services {
        Some(services) => narrow(&resolved.registry, services)?,
        None => resolved.registry,
    };
    Ok(match checked {
        Some(_) => Embedded::Checked(registry),
        None => Embedded::Unwatched {
            registry,
            manifest: tree.display_path(MANIFEST),
        },
    })
}

/// The files that the build script wrote. `None` if it wrote none, or if only some of the services
/// are wanted.
fn written(arguments: &Arguments, checked: Option<&str>) -> Option<[String; 2]> {
    let names = file_names(&arguments.folder, checked?);
    let out = PathBuf::from(env::var_os("OUT_DIR")?);
    let are_there = names.iter().all(|name| out.join(name).is_file());
    (are_there && arguments.services.is_none()).then_some(names)
}

/// The folder of the crate's Cargo.toml, from the variable that cargo sets.
fn base() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| Path::new(".").to_owned(), PathBuf::from)
}

/// Refuses a tree other than the one that the crate's build script checked.
///
/// Cargo compares modification times to decide whether to run a build script again. Cargo
/// does not notice a tree that was restored with old times. Without a build script there is no check.
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
