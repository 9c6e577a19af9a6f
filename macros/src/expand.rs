//! The tokens: one table of constants, and the SQL.
//!
//! The SQL is an `include_str!` where rustc has to know the files, and a literal where
//! a build script watches them, so that rustc does not read each file again.
//!
//! Nothing absolute stands in them: the paths start with
//! `env!("CARGO_MANIFEST_DIR")`, which rustc resolves and tracks.
//! Nor does any name that the user's code could give another meaning: ours come
//! from the block's own import, all others start at `::core`.

use std::time::Duration;

use migrator_model::{Migration, MigrationRef, Mode, Script, Service};
use proc_macro2::TokenStream;
use quote::quote;
use syn::Error;

use crate::tree::{Embedded, Watcher};

/// An expression of type `Registry`.
pub(crate) fn registry(runtime: &TokenStream, embedded: &Embedded) -> TokenStream {
    let registry = &embedded.registry;
    let tiers = registry.tiers.iter().map(AsRef::as_ref);
    let tiers = tiers.map(|tier: &str| quote!(text(#tier)));
    let services = registry.services.iter().map(service);
    let count = registry.migrations.len();
    let rows = registry.migrations.iter();
    let rows = rows.map(|migration| row(migration, embedded.watcher));
    let left_out = registry.left_out.iter().map(AsRef::as_ref);
    let left_out = left_out.map(|pattern: &str| quote!(text(#pattern)));
    let manifest = match embedded.watcher {
        Watcher::BuildScript => None,
        Watcher::Rustc => Some(file(&embedded.manifest)),
    };
    let manifest = manifest.iter();
    quote! {{
        use #runtime::__private::*;
        #(const _: &::core::primitive::str = #manifest;)*
        const TIERS: &[Text] = &[#(#tiers),*];
        const SERVICES: &[Service] = &[#(#services),*];
        const ROWS: &[Row; #count] = &[#(#rows),*];
        #[allow(long_running_const_eval, reason = "it grows with the tree")]
        static MIGRATIONS: [Migration; #count] = migrations(ROWS);
        const LEFT_OUT: &[Text] = &[#(#left_out),*];
        registry(TIERS, SERVICES, &MIGRATIONS, LEFT_OUT)
    }}
}

/// One `compile_error!` a fault, and an empty registry, so that nothing else is reported.
pub(crate) fn faults(runtime: &TokenStream, faults: &[Error]) -> TokenStream {
    let errors = faults.iter().map(Error::to_compile_error);
    quote! {{
        #(#errors)*
        #runtime::__private::registry(&[], &[], &[], &[])
    }}
}

fn service(service: &Service) -> TokenStream {
    let Service {
        name,
        tier,
        directory,
        depends_on,
        description,
    } = service;
    let depends_on = depends_on.iter().map(|name| quote!(text(#name)));
    let depends_on = list(&quote!(Text), depends_on);
    quote!(service(#name, #tier, #directory, #depends_on, #description))
}

fn row(migration: &Migration, watcher: Watcher) -> TokenStream {
    let Migration {
        service,
        version,
        uid,
        name,
        checksum,
        requires,
        up,
        down,
    } = migration;
    let version = version.as_integer();
    let (of_up, of_down) = (content(up, watcher), content(down, watcher));
    let row = quote!(row(#service, #version, #uid, #name, #checksum, #of_up, #of_down));
    if requires.is_empty() && is_plain(up) && is_plain(down) {
        return row;
    }
    let requires = list(&quote!(MigrationRef), requires.iter().map(reference));
    let (up, down) = (how(up), how(down));
    quote!(directed(#row, #requires, #up, #down))
}

/// A borrowed list; a constant of its own, since an argument's temporaries do not live on.
fn list(element: &TokenStream, elements: impl Iterator<Item = TokenStream>) -> TokenStream {
    let elements: Vec<TokenStream> = elements.collect();
    match elements.is_empty() {
        true => quote!(&[]),
        false => quote!({
            const LIST: &[#element] = &[#(#elements),*];
            LIST
        }),
    }
}

fn reference(reference: &MigrationRef) -> TokenStream {
    let MigrationRef { service, version } = reference;
    let version = version.as_integer();
    quote!(reference(#service, #version))
}

/// Whether no directive says how the script runs.
fn is_plain(script: &Script) -> bool {
    let timeouts = script.lock_timeout.or(script.statement_timeout);
    script.mode == Mode::Transaction && timeouts.is_none()
}

fn how(script: &Script) -> TokenStream {
    let mode = match script.mode {
        Mode::Transaction => quote!(Mode::Transaction),
        Mode::NoTransaction => quote!(Mode::NoTransaction),
    };
    let lock = timeout(script.lock_timeout);
    let statement = timeout(script.statement_timeout);
    quote!(how(#mode, #lock, #statement))
}

/// The arguments that every script has: path, text, fingerprint.
fn content(script: &Script, watcher: Watcher) -> TokenStream {
    let Script {
        path,
        raw,
        fingerprint,
        ..
    } = script;
    let raw = match watcher {
        Watcher::BuildScript => quote!(#raw),
        Watcher::Rustc => file(path),
    };
    quote!(#path, #raw, #fingerprint)
}

fn timeout(timeout: Option<Duration>) -> TokenStream {
    match timeout {
        Some(timeout) => {
            let milliseconds = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            quote!(::core::option::Option::Some(#milliseconds))
        }
        None => quote!(::core::option::Option::None),
    }
}

fn file(path: &str) -> TokenStream {
    let below = format!("/{path}");
    quote!(::core::include_str!(::core::concat!(
        ::core::env!("CARGO_MANIFEST_DIR"),
        #below
    )))
}

#[cfg(test)]
mod tests {
    use super::registry;
    use crate::ast::Input;
    use crate::tree;

    #[test]
    fn no_token_says_where_the_tree_lies() {
        let input: Input = syn::parse_str(r#"$crate; "../database""#).unwrap();
        let Ok(embedded) = tree::load(&input.arguments) else {
            panic!("the platform's own tree is without fault");
        };
        let tokens = registry(&input.runtime, &embedded).to_string();
        assert!(tokens.contains("\"/../database/migrations/core/"));
        let here = env!("CARGO_MANIFEST_DIR");
        let parent = here.trim_end_matches("macros");
        assert!(!tokens.contains(here) && !tokens.contains(parent));
    }
}
