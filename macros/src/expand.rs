//! The tokens: one table of constants, `include_str!` for the SQL.
//!
//! Nothing absolute stands in them: the paths start with
//! `env!("CARGO_MANIFEST_DIR")`, which rustc resolves and tracks.

use std::time::Duration;

use migrator_model::{Migration, MigrationRef, Mode, Script, Service};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Path};

use crate::tree::Embedded;

/// An expression of type `Registry`.
pub(crate) fn registry(runtime: &Path, embedded: &Embedded) -> TokenStream {
    let registry = &embedded.registry;
    let tiers = registry.tiers.iter().map(AsRef::as_ref);
    let tiers = tiers.map(|tier: &str| quote!(text(#tier)));
    let services = registry.services.iter().map(service);
    let migrations = registry.migrations.iter().map(migration);
    let manifest = file(&format!("{}/services.toml", embedded.folder));
    quote! {{
        use #runtime::__private::*;
        const _: &str = #manifest;
        const TIERS: &[Text] = &[#(#tiers),*];
        const SERVICES: &[Service] = &[#(#services),*];
        const MIGRATIONS: &[Migration] = &[#(#migrations),*];
        registry(TIERS, SERVICES, MIGRATIONS)
    }}
}

/// One `compile_error!` a fault, and an empty registry, so that nothing else is reported.
pub(crate) fn faults(runtime: &Path, faults: &[Error]) -> TokenStream {
    let errors = faults.iter().map(Error::to_compile_error);
    quote! {{
        #(#errors)*
        #runtime::__private::registry(&[], &[], &[])
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

fn migration(migration: &Migration) -> TokenStream {
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
    let requires = list(&quote!(MigrationRef), requires.iter().map(reference));
    let (up, down) = (script(up), script(down));
    quote! {
        migration(
            #service, #version, #uid, #name, #checksum, #requires, #up, #down
        )
    }
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

fn script(script: &Script) -> TokenStream {
    let Script {
        path,
        fingerprint,
        mode,
        lock_timeout,
        statement_timeout,
        raw: _,
    } = script;
    let sql = file(path);
    let mode = match mode {
        Mode::Transaction => quote!(Mode::Transaction),
        Mode::NoTransaction => quote!(Mode::NoTransaction),
    };
    let (lock, statement) = (timeout(*lock_timeout), timeout(*statement_timeout));
    quote!(script(#path, #sql, #fingerprint, #mode, #lock, #statement))
}

fn timeout(timeout: Option<Duration>) -> TokenStream {
    match timeout {
        Some(timeout) => {
            let milliseconds = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            quote!(Some(#milliseconds))
        }
        None => quote!(None),
    }
}

fn file(path: &str) -> TokenStream {
    let below = format!("/{path}");
    quote!(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), #below)))
}
