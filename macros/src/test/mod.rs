//! `#[migrator_runtime::test(REGISTRY)]`: a test with its own database.
//!
//! This is a pipeline with one file for each stage: `ast` parses the arguments and the function,
//! and `expand` generates the code. `migrator_runtime::testing` has the code that a test runs.

mod ast;
mod expand;

use proc_macro2::TokenStream;

/// Generates the test, or all errors.
pub(crate) fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match ast::parse(arguments, item) {
        Ok(test) => expand::test(&test),
        Err(faults) => faults.iter().map(syn::Error::to_compile_error).collect(),
    }
}
