//! Generates the code: one literal with the table of the registry, and one with its text.
//!
//! If a build script wrote the two to files, the code includes the files instead. rustc reads nothing
//! but these two literals, so each migration costs it only the time to read its bytes. Without a
//! build script, a constant also names each file, so that cargo builds again when one of them
//! changes. `concat!` expands its arguments to one literal, which nothing uses.
//!
//! The code contains no absolute path. Its paths start with `env!("CARGO_MANIFEST_DIR")`,
//! which rustc resolves and tracks. The code also contains no name that the user's code could
//! redefine: its names start at `::core` or at the path of the runtime.

use std::fmt::Write;

use migrator_model::Registry;
use proc_macro2::{LexError, Literal, Span, TokenStream};
use quote::quote;
use syn::Error;

use crate::tree::Embedded;

/// Generates an expression of type `Registry`.
pub(crate) fn registry(runtime: &TokenStream, embedded: &Embedded) -> TokenStream {
    match embedded {
        Embedded::Written(names) => {
            let [table, text] = names.each_ref().map(|name| {
                let below = format!("/{name}");
                quote!(::core::concat!(::core::env!("OUT_DIR"), #below))
            });
            quote!(#runtime::__private::registry(
                ::core::include_bytes!(#table),
                ::core::include_str!(#text)
            ))
        }
        Embedded::Checked(registry) => literals(runtime, registry),
        Embedded::Unwatched { registry, manifest } => {
            let watched = watched(manifest, registry);
            let registry = literals(runtime, registry);
            quote!({ #watched #registry })
        }
    }
}

fn literals(runtime: &TokenStream, registry: &Registry) -> TokenStream {
    let (table, text) = registry.parts();
    let (table, text) = (Literal::byte_string(table), Literal::string(text));
    quote!(#runtime::__private::registry(#table, #text))
}

/// Generates a `compile_error!` for each fault, and an empty registry, so that rustc reports no
/// other error.
pub(crate) fn faults(runtime: &TokenStream, faults: &[Error]) -> TokenStream {
    let errors = faults.iter().map(Error::to_compile_error);
    quote! {{
        #(#errors)*
        #runtime::__private::nothing()
    }}
}

/// Generates a constant that includes each file. The code is written as text: creating
/// each token is much slower, because cargo compiles macros without optimisation.
fn watched(manifest: &str, registry: &Registry) -> TokenStream {
    let mut text = String::from("const _:&::core::primitive::str=::core::concat!(");
    include(&mut text, manifest);
    for migration in registry.migrations() {
        include(&mut text, &migration.up().path());
        include(&mut text, &migration.down().path());
    }
    text.push_str(");");
    let tokens = parse(&text);
    tokens.unwrap_or_else(|error| Error::new(Span::call_site(), error).to_compile_error())
}

fn include(text: &mut String, path: &str) {
    let below = format!("/{path}");
    let _ = write!(
        text,
        "::core::include_str!(::core::concat!(::core::env!(\"CARGO_MANIFEST_DIR\"),{below:?})),"
    );
}

/// Lets rustc parse the text, if rustc runs the macro. proc-macro2 would first read the text
/// character by character.
fn parse(text: &str) -> Result<TokenStream, String> {
    match proc_macro::is_available() {
        true => text
            .parse::<proc_macro::TokenStream>()
            .map(TokenStream::from)
            .map_err(|error| error.to_string()),
        false => text.parse().map_err(|error: LexError| error.to_string()),
    }
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
