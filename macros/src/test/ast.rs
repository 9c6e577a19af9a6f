//! Parses the attribute's arguments and the function below it.
//!
//! Only the parts of the function that change are parsed. `syn`'s types for items need
//! features that would double the build time of `syn`.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser, Result};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitStr, Token, bracketed};

/// The message if there is no registry.
const NO_REGISTRY: &str =
    "name the registry, a static: `#[migrator_runtime::test(crate::REGISTRY)]`";

/// The message on an unknown option.
const OPTIONS: &str = "the options are `services = [\"…\"]` and `crate = path`";

/// The message on an item that is not a function.
const NO_FUNCTION: &str = "expected an `async fn` with one parameter, `db: TestDatabase`";

/// A test.
pub(crate) struct Test {
    pub(crate) arguments: Arguments,
    pub(crate) function: Function,
}

/// The arguments of the attribute.
pub(crate) struct Arguments {
    /// The path of the registry, as tokens.
    pub(crate) registry: TokenStream,
    /// The services to migrate, with the services that they need; all services if the list is empty.
    pub(crate) services: Vec<LitStr>,
    /// The path of `migrator-runtime` in the generated code, if it is not the default.
    pub(crate) runtime: Option<TokenStream>,
}

/// The parts of the function.
pub(crate) struct Function {
    /// The attributes, including documentation.
    pub(crate) attributes: TokenStream,
    pub(crate) visibility: TokenStream,
    pub(crate) name: Ident,
    /// The brackets with the parameters.
    pub(crate) parameters: Group,
    /// The arrow and the type, if there is one.
    pub(crate) output: TokenStream,
    pub(crate) body: Group,
    pub(crate) expected: Expected,
}

/// When the test passes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It returns a value that means success.
    Success,
    /// It panics; the test has `#[should_panic]`.
    Panic,
}

/// Parses a test, or returns all errors.
pub(crate) fn parse(
    arguments: TokenStream,
    item: TokenStream,
) -> std::result::Result<Test, Vec<Error>> {
    let arguments = Arguments::parse.parse2(arguments);
    let function = function
        .parse2(item)
        .unwrap_or_else(|error| Err(vec![error]));
    match (arguments, function) {
        (Ok(arguments), Ok(function)) => Ok(Test {
            arguments,
            function,
        }),
        (arguments, function) => {
            let mut faults: Vec<Error> = arguments.err().into_iter().collect();
            faults.extend(function.err().into_iter().flatten());
            Err(faults)
        }
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Arguments> {
        let mut arguments = Arguments {
            registry: registry(input)?,
            services: Vec::new(),
            runtime: None,
        };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if !input.is_empty() {
                arguments.option(input)?;
            }
        }
        Ok(arguments)
    }
}

impl Arguments {
    fn option(&mut self, input: ParseStream<'_>) -> Result<()> {
        let unknown = |span: Span| Error::new(span, OPTIONS);
        let key = input
            .call(Ident::parse_any)
            .map_err(|e| unknown(e.span()))?;
        match key.to_string().as_str() {
            "services" if self.services.is_empty() => {
                input.parse::<Token![=]>()?;
                self.services = services(input)?;
                Ok(())
            }
            "crate" if self.runtime.is_none() => {
                input.parse::<Token![=]>()?;
                self.runtime = Some(path(input)?);
                Ok(())
            }
            "services" | "crate" => Err(Error::new(key.span(), "this option appears twice")),
            _ => Err(unknown(key.span())),
        }
    }
}

fn registry(input: ParseStream<'_>) -> Result<TokenStream> {
    let is_option = input.peek2(Token![=]);
    match input.is_empty() || is_option {
        true => Err(Error::new(input.span(), NO_REGISTRY)),
        false => path(input).map_err(|error| Error::new(error.span(), NO_REGISTRY)),
    }
}

/// `crate::tests::REGISTRY`, without generics.
fn path(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if input.peek(Token![::]) {
        tokens.extend(quote::quote_spanned!(input.parse::<Token![::]>()?.spans[0] => ::));
    }
    loop {
        let segment = input.call(Ident::parse_any)?;
        tokens.extend([TokenTree::Ident(segment)]);
        if !input.peek(Token![::]) {
            break;
        }
        tokens.extend(quote::quote_spanned!(input.parse::<Token![::]>()?.spans[0] => ::));
    }
    match input.is_empty() || input.peek(Token![,]) {
        true => Ok(tokens),
        false => Err(input.error("expected a path")),
    }
}

fn services(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    let list;
    let brackets = bracketed!(list in input);
    let services = Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?;
    match services.is_empty() {
        true => Err(Error::new(
            brackets.span.join(),
            "name at least one service, or leave `services` out to migrate all",
        )),
        false => Ok(services.into_iter().collect()),
    }
}

/// Parses the function, or returns all errors. An item that is not a function is one error.
fn function(input: ParseStream<'_>) -> Result<std::result::Result<Function, Vec<Error>>> {
    let mut faults = Vec::new();
    let (attributes, expected) = attributes(input, &mut faults)?;
    let visibility = visibility(input)?;
    let is_async = input.parse::<Option<Token![async]>>()?.is_some();
    let keyword = input.parse::<Token![fn]>();
    let keyword = keyword.map_err(|error| Error::new(error.span(), NO_FUNCTION))?;
    if !is_async {
        faults.push(Error::new(
            keyword.span,
            "a test with a database is an `async fn`",
        ));
    }
    let name: Ident = input.parse()?;
    if input.peek(Token![<]) {
        return Err(input.error("a test cannot be generic"));
    }
    let parameters = group(input, Delimiter::Parenthesis)?;
    faults.extend(wrong_parameters(&parameters));
    let mut output = TokenStream::new();
    while !input.is_empty() && !input.peek(syn::token::Brace) {
        output.extend([input.parse::<TokenTree>()?]);
    }
    let body = group(input, Delimiter::Brace)?;
    match faults.is_empty() {
        true => Ok(Ok(Function {
            attributes,
            visibility,
            name,
            parameters,
            output,
            body,
            expected,
        })),
        false => Ok(Err(faults)),
    }
}

fn attributes(input: ParseStream<'_>, faults: &mut Vec<Error>) -> Result<(TokenStream, Expected)> {
    let mut tokens = TokenStream::new();
    let mut expected = Expected::Success;
    while input.peek(Token![#]) {
        let sign: TokenTree = input.parse()?;
        let attribute = group(input, Delimiter::Bracket)?;
        let name = attribute.stream().into_iter().next();
        match name.map(|name| name.to_string()).as_deref() {
            Some("should_panic") => expected = Expected::Panic,
            Some("test") => faults.push(Error::new(
                attribute.span(),
                "remove `#[test]`: this attribute already makes it a test",
            )),
            Some(_) | None => {}
        }
        tokens.extend([sign, TokenTree::Group(attribute)]);
    }
    Ok((tokens, expected))
}

fn visibility(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if input.peek(Token![pub]) {
        tokens.extend([input.parse::<TokenTree>()?]);
        if input.peek(syn::token::Paren) {
            tokens.extend([input.parse::<TokenTree>()?]);
        }
    }
    Ok(tokens)
}

fn group(input: ParseStream<'_>, delimiter: Delimiter) -> Result<Group> {
    let span = input.span();
    match input.parse::<TokenTree>() {
        Ok(TokenTree::Group(group)) if group.delimiter() == delimiter => Ok(group),
        _ => Err(Error::new(span, NO_FUNCTION)),
    }
}

/// A test has one parameter.
fn wrong_parameters(parameters: &Group) -> Option<Error> {
    let mut depth = 0_usize;
    let mut commas: Vec<Span> = Vec::new();
    let mut after_comma = None;
    for tree in parameters.stream() {
        let punctuation = match &tree {
            TokenTree::Punct(punct) => punct.as_char(),
            TokenTree::Group(_) | TokenTree::Ident(_) | TokenTree::Literal(_) => ' ',
        };
        match (punctuation, depth) {
            ('<', _) => depth += 1,
            ('>', _) => depth = depth.saturating_sub(1),
            (',', 0) => commas.push(tree.span()),
            _ if !commas.is_empty() => after_comma = after_comma.or(Some(tree.span())),
            _ => {}
        }
    }
    let (span, message) = match after_comma {
        _ if parameters.stream().is_empty() => {
            let message = "a test takes its database: `db: TestDatabase`";
            (parameters.span(), message)
        }
        Some(second) => (second, "a test takes its database and nothing more"),
        None => return None,
    };
    Some(Error::new(span, message))
}

#[cfg(test)]
mod tests {
    use proc_macro2::{TokenStream, TokenTree};

    use super::parse;

    const ARGUMENTS: &str = r#"crate::REGISTRY, services = ["tenant", "auth",], crate = a::b"#;

    const ITEM: &str = "#[ignore] #[should_panic(expected = \"x\")] pub(crate) async fn finds(\
        db: TestDatabase<a::B, C>,) -> Result<(), Box<dyn Error>> where { Ok(()) }";

    fn tokens(text: &str) -> Vec<TokenTree> {
        text.parse::<TokenStream>().unwrap().into_iter().collect()
    }

    #[test]
    fn any_part_of_an_input_is_a_test_or_an_error() {
        assert!(parse(ARGUMENTS.parse().unwrap(), ITEM.parse().unwrap()).is_ok());
        let (arguments, item) = (tokens(ARGUMENTS), tokens(ITEM));
        for start in 0..arguments.len() {
            for end in start..=arguments.len() {
                let part = arguments[start..end].iter().cloned().collect();
                if let Err(faults) = parse(part, ITEM.parse().unwrap()) {
                    assert_eq!(faults.len(), 1);
                }
            }
        }
        for start in 0..item.len() {
            for end in start..=item.len() {
                let part = item[start..end].iter().cloned().collect();
                if let Err(faults) = parse(ARGUMENTS.parse().unwrap(), part) {
                    assert!(!faults.is_empty());
                }
            }
        }
    }
}
