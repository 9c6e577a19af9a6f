//! What the user typed: `embed_migrations!("database", services = ["tenant"])`.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream, Result};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitStr, Path, Token, bracketed};

/// The folder when none is named: `database`, beside Cargo.toml.
const DEFAULT_FOLDER: &str = "database";

/// The whole input of the macro.
pub(crate) struct Input {
    /// How the expansion names `migrator-runtime`.
    pub(crate) runtime: Path,
    pub(crate) arguments: Arguments,
}

/// The arguments of `embed_migrations!`.
pub(crate) struct Arguments {
    /// The tree's folder, relative to the folder of Cargo.toml, with `/`.
    pub(crate) folder: String,
    /// Where to point when something is wrong with the tree.
    pub(crate) span: Span,
    /// The services to embed with what they need; all if none are named.
    pub(crate) services: Option<Vec<LitStr>>,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Input> {
        let runtime = input.call(Path::parse_mod_style)?;
        input.parse::<Token![;]>()?;
        let arguments = input.parse()?;
        Ok(Input { runtime, arguments })
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Arguments> {
        let mut arguments = Arguments {
            folder: DEFAULT_FOLDER.to_owned(),
            span: Span::call_site(),
            services: None,
        };
        if input.peek(LitStr) {
            let literal: LitStr = input.parse()?;
            arguments.folder = folder(&literal)?;
            arguments.span = literal.span();
            skip_comma(input)?;
        }
        if !input.is_empty() {
            arguments.services = Some(services(input)?);
            skip_comma(input)?;
        }
        match input.is_empty() {
            true => Ok(arguments),
            false => Err(input.error("expected nothing more")),
        }
    }
}

fn skip_comma(input: ParseStream<'_>) -> Result<()> {
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(())
}

/// A relative path, so that the expansion is the same wherever the checkout lies.
fn folder(literal: &LitStr) -> Result<String> {
    let folder = literal.value();
    let trimmed = folder.trim_end_matches('/');
    if trimmed.is_empty() || trimmed.starts_with('/') || trimmed.contains(['\\', ':']) {
        return Err(Error::new(
            literal.span(),
            "expected a folder relative to that of Cargo.toml, such as \"database\"",
        ));
    }
    Ok(trimmed.to_owned())
}

fn services(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    let key: Ident = input
        .parse()
        .map_err(|error| Error::new(error.span(), "expected `services = [\"…\"]`"))?;
    if key != "services" {
        return Err(Error::new(key.span(), "expected `services = [\"…\"]`"));
    }
    input.parse::<Token![=]>()?;
    let list;
    let brackets = bracketed!(list in input);
    let services = Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?;
    if services.is_empty() {
        let message = "name at least one service, or leave `services` out to embed all";
        return Err(Error::new(brackets.span.join(), message));
    }
    Ok(services.into_iter().collect())
}
