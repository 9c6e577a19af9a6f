//! Generates the code: one table of constants, and the SQL.
//!
//! Without a build script, the SQL is an `include_str!`, so that rustc watches the files. If
//! a build script watches them, the SQL is a literal, so that rustc does not read each file
//! again.
//!
//! The macro writes the rows as text, and rustc splits the text into tokens. It is much slower
//! if the macro makes each token, because cargo compiles macros without optimisation.
//!
//! The code contains no absolute path. Its paths start with `env!("CARGO_MANIFEST_DIR")`,
//! which rustc resolves and tracks. The code also contains no name that the user's code could
//! redefine. The names of `migrator` come from an import in the block; all other names start
//! at `::core`.

use std::fmt;

use migrator_model::{Code, Level, Migration, MigrationRef, Mode, Script, Service};
use proc_macro2::{Ident, LexError, Span, TokenStream};
use quote::quote;
use syn::Error;

use crate::tree::{Embedded, Watcher};

/// Generates an expression of type `Registry`.
pub(crate) fn registry(runtime: &TokenStream, embedded: &Embedded) -> TokenStream {
    let registry = &embedded.registry;
    let tiers = registry.tiers.iter().map(AsRef::as_ref);
    let tiers = tiers.map(|tier: &str| quote!(text(#tier)));
    let services = registry.services.iter().map(service);
    let count = registry.migrations.len();
    let rows = rows(&registry.migrations, embedded.watcher);
    let left_out = registry.left_out.iter().map(AsRef::as_ref);
    let left_out = left_out.map(|pattern: &str| quote!(text(#pattern)));
    let roles = registry.roles.iter().map(AsRef::as_ref);
    let roles = roles.map(|role: &str| quote!(text(#role)));
    let levels = registry.levels.iter().map(level);
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
        const ROWS: &[Row; #count] = &[#rows];
        #[allow(long_running_const_eval, reason = "it grows with the tree")]
        static MIGRATIONS: [Migration; #count] = migrations(ROWS);
        const LEFT_OUT: &[Text] = &[#(#left_out),*];
        const ROLES: &[Text] = &[#(#roles),*];
        const LEVELS: &[(Code, Level)] = &[#(#levels),*];
        registry(TIERS, SERVICES, &MIGRATIONS, LEFT_OUT, ROLES, LEVELS)
    }}
}

/// Generates a `compile_error!` for each fault, and an empty registry, so that rustc reports no other error.
pub(crate) fn faults(runtime: &TokenStream, faults: &[Error]) -> TokenStream {
    let errors = faults.iter().map(Error::to_compile_error);
    quote! {{
        #(#errors)*
        #runtime::__private::registry(&[], &[], &[], &[], &[], &[])
    }}
}

fn level((code, level): &(Code, Level)) -> TokenStream {
    let code = Ident::new(code.as_str(), Span::call_site());
    let level = match level {
        Level::Allow => quote!(Allow),
        Level::Warn => quote!(Warn),
        Level::Deny => quote!(Deny),
    };
    quote!((Code::#code, Level::#level))
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
    let depends_on = quote!({
        const LIST: &[Text] = &[#(#depends_on),*];
        LIST
    });
    quote!(service(#name, #tier, #directory, #depends_on, #description))
}

fn rows(migrations: &[Migration], watcher: Watcher) -> TokenStream {
    let text: String = migrations
        .iter()
        .map(|migration| Row { migration, watcher }.to_string())
        .collect();
    let tokens = parse(&text);
    tokens.unwrap_or_else(|error| Error::new(Span::call_site(), error).to_compile_error())
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

/// A migration and the comma after it.
struct Row<'a> {
    migration: &'a Migration,
    watcher: Watcher,
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Migration {
            requires, up, down, ..
        } = self.migration;
        if requires.is_empty() && is_plain(up) && is_plain(down) {
            self.call(f)?;
            return f.write_str(",");
        }
        f.write_str("directed(")?;
        self.call(f)?;
        // A list must be a constant, because a temporary value in an argument does not live long enough.
        f.write_str(",{const LIST:&[MigrationRef]=&[")?;
        for MigrationRef { service, version } in requires.iter() {
            write!(f, "reference({service:?},{}),", version.as_integer())?;
        }
        f.write_str("];LIST},")?;
        how(up, f)?;
        how(down, f)?;
        f.write_str("),")
    }
}

impl Row<'_> {
    /// The call for any migration.
    fn call(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Migration {
            service,
            version,
            uid,
            name,
            checksum,
            requires: _,
            up,
            down,
        } = self.migration;
        let version = version.as_integer();
        write!(f, "row({service:?},{version},{uid:?},{name:?},{checksum},")?;
        self.content(up, f)?;
        self.content(down, f)?;
        f.write_str(")")
    }

    /// The arguments for any script: path, text, fingerprint.
    fn content(&self, script: &Script, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Script {
            path,
            raw,
            fingerprint,
            ..
        } = script;
        match self.watcher {
            Watcher::BuildScript => write!(f, "{path:?},{raw:?},{fingerprint},"),
            Watcher::Rustc => write!(
                f,
                "{path:?},::core::include_str!(::core::concat!(\
                 ::core::env!(\"CARGO_MANIFEST_DIR\"),{:?})),{fingerprint},",
                below(path)
            ),
        }
    }
}

/// Whether no directive changes how the script runs.
fn is_plain(script: &Script) -> bool {
    let timeouts = script.lock_timeout.or(script.statement_timeout);
    script.mode == Mode::Transaction && timeouts.is_none()
}

fn how(script: &Script, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mode = match script.mode {
        Mode::Transaction => "Transaction",
        Mode::NoTransaction => "NoTransaction",
    };
    write!(f, "how(Mode::{mode},")?;
    for timeout in [script.lock_timeout, script.statement_timeout] {
        match timeout.map(|timeout| timeout.as_millis()) {
            Some(milliseconds) => write!(f, "::core::option::Option::Some({milliseconds}),")?,
            None => f.write_str("::core::option::Option::None,")?,
        }
    }
    f.write_str("),")
}

/// A path for use after `CARGO_MANIFEST_DIR`.
fn below(path: &str) -> String {
    format!("/{path}")
}

fn file(path: &str) -> TokenStream {
    let below = below(path);
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
