//! `#[migrator_runtime::test(REGISTRY)]`: a test with a database of its own.
//!
//! A pipeline, a stage a file: `ast` is what the user typed, `expand` the tokens. What a
//! test does when it runs is `migrator_runtime::testing`'s business.

mod ast;
mod expand;

use proc_macro2::TokenStream;

/// The test, or all that is wrong with it.
pub(crate) fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match ast::parse(arguments, item) {
        Ok(test) => expand::test(&test),
        Err(faults) => faults.iter().map(syn::Error::to_compile_error).collect(),
    }
}
