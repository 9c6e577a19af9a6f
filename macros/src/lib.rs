//! `embed_migrations!`: a tree of migrations as constants; and the attribute of tests.
//!
//! `embed_migrations!` is a pipeline, a stage a file: `ast` is what the user typed, `tree` what
//! lies on disk and what is wrong with it, `narrow` the part that was asked
//! for, `expand` the tokens. The attribute's is in `test`.

mod ast;
mod expand;
mod narrow;
mod test;
mod tree;

use proc_macro::TokenStream;

/// The procedural half of `migrator_runtime::embed_migrations!`.
///
/// Takes the path of the runtime crate, a semicolon, and what the user wrote.
#[doc(hidden)]
#[proc_macro]
pub fn embed(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as ast::Input);
    match tree::load(&input.arguments) {
        Ok(embedded) => expand::registry(&input.runtime, &embedded).into(),
        Err(faults) => expand::faults(&input.runtime, &faults).into(),
    }
}

/// What stands over a test that gets a database of its own.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    test::test(arguments.into(), item.into()).into()
}
