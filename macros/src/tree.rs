//! From the arguments to a checked registry, or to all that is wrong.

use std::env;
use std::path::{Path, PathBuf};

use migrator_model::digest::{VARIABLE, digest};
use migrator_model::{Registry, Tree, disk, nearest, resolve};
use proc_macro2::Span;
use syn::{Error, LitStr};

use crate::ast::Arguments;

/// What is to be embedded.
pub(crate) struct Embedded {
    pub(crate) folder: String,
    pub(crate) registry: Registry,
}

/// Reads, checks and narrows the tree.
pub(crate) fn load(arguments: &Arguments) -> Result<Embedded, Vec<Error>> {
    let tree = disk::read(&base().join(&arguments.folder), &arguments.folder);
    let resolved = resolve(&tree);
    if !resolved.diagnostics.is_empty() {
        let faults = resolved.diagnostics.iter();
        return Err(faults.map(|d| Error::new(arguments.span, d)).collect());
    }
    same_as_checked(&tree, arguments.span).map_err(|error| vec![error])?;
    let registry = match &arguments.services {
        Some(services) => narrow(&resolved.registry, services)?,
        None => resolved.registry,
    };
    Ok(Embedded {
        folder: arguments.folder.clone(),
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
fn same_as_checked(tree: &Tree, span: Span) -> Result<(), Error> {
    match env::var(VARIABLE) {
        Ok(checked) if checked != digest(tree) => Err(Error::new(
            span,
            "the tree is not the one that build.rs checked (help: touch its \
             services.toml, so that cargo runs build.rs again)",
        )),
        _ => Ok(()),
    }
}

fn narrow(registry: &Registry, services: &[LitStr]) -> Result<Registry, Vec<Error>> {
    let unknown = services
        .iter()
        .filter(|name| registry.service(&name.value()).is_none());
    let faults: Vec<Error> = unknown
        .map(|name| unknown_service(registry, name))
        .collect();
    match faults.is_empty() {
        true => {
            let names: Vec<String> = services.iter().map(LitStr::value).collect();
            Ok(registry.narrow(&names))
        }
        false => Err(faults),
    }
}

fn unknown_service(registry: &Registry, name: &LitStr) -> Error {
    let wanted = name.value();
    let names = registry
        .services
        .iter()
        .map(|service| service.name.as_ref());
    let help = nearest(&wanted, names)
        .map(|name| format!(" (help: did you mean `{name}`?)"))
        .unwrap_or_default();
    Error::new(
        name.span(),
        format!("`{wanted}` is no service of the tree{help}"),
    )
}
