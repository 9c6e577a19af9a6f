//! Parses the arguments of `embed_migrations!("database", services = ["tenant"])`.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Result};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitStr, Token, bracketed};

/// The default folder: `database`, beside Cargo.toml.
const DEFAULT_FOLDER: &str = "database";

/// The message on any other argument.
const EXPECTED: &str =
    "expected a folder such as \"database\", `services = [\"…\"]`, or both in this order";

/// The whole input of the macro.
pub(crate) struct Input {
    /// The path of `migrator-runtime` in the generated code, as tokens.
    pub(crate) runtime: TokenStream,
    pub(crate) arguments: Arguments,
}

/// The arguments of `embed_migrations!`.
pub(crate) struct Arguments {
    /// The tree's folder, relative to the folder of Cargo.toml, with `/`.
    pub(crate) folder: String,
    /// The place of errors about the tree.
    pub(crate) span: Span,
    /// The services to embed, with the services that they need; all services if the list is empty.
    pub(crate) services: Option<Vec<LitStr>>,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Input> {
        let runtime = runtime(input)?;
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

/// Any tokens before the semicolon. Only the macro of `migrator-runtime` writes them. `syn`'s
/// type for a path needs features that would double the build time of `syn`.
fn runtime(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.peek(Token![;]) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

fn skip_comma(input: ParseStream<'_>) -> Result<()> {
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(())
}

/// A relative path, so that the generated code does not depend on the folder of the checkout.
fn folder(literal: &LitStr) -> Result<String> {
    let folder = literal.value();
    let trimmed = folder.trim_end_matches('/');
    let is_relative = !trimmed.is_empty() && !trimmed.starts_with('/');
    if !is_relative || trimmed.contains(['\\', ':', '\0']) || !literal.suffix().is_empty() {
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
        .map_err(|error| Error::new(error.span(), EXPECTED))?;
    if key != "services" {
        return Err(Error::new(key.span(), EXPECTED));
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

#[cfg(test)]
mod tests {
    use proc_macro2::{TokenStream, TokenTree};

    use super::Input;

    /// The tokens with those of all groups, so that a test can also cut inside a group.
    fn flat(tokens: TokenStream) -> Vec<TokenTree> {
        let inside = |tree| match tree {
            TokenTree::Group(group) => flat(group.stream()),
            tree @ (TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_)) => {
                vec![tree]
            }
        };
        tokens.into_iter().flat_map(inside).collect()
    }

    #[test]
    fn any_part_of_an_input_is_an_input_or_an_error() {
        let whole: TokenStream = r#"$crate; "database", services = ["tenant", "auth",],"#
            .parse()
            .unwrap();
        let nested: Vec<TokenTree> = whole.clone().into_iter().collect();
        assert!(syn::parse2::<Input>(whole.clone()).is_ok());
        for tokens in [nested, flat(whole)] {
            for start in 0..tokens.len() {
                for end in start..=tokens.len() {
                    let part = tokens[start..end].iter().cloned().collect();
                    let _ = syn::parse2::<Input>(part);
                }
            }
        }
    }
}
