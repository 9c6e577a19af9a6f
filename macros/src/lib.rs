//! `embed_migrations!`, which embeds a tree of migrations, and the attribute `test`.
//!
//! `embed_migrations!` is a pipeline with one file for each stage. `ast` parses the arguments,
//! `tree` reads and checks the tree, `narrow` selects the services, and `expand` generates the
//! code. The attribute is in `test`.

mod ast;
mod expand;
mod narrow;
mod test;
mod tree;

use proc_macro::TokenStream;

/// The procedural macro behind `migrator_runtime::embed_migrations!`.
///
/// The input is the path of the runtime crate, a semicolon, and the arguments of the user.
#[doc(hidden)]
#[proc_macro]
pub fn embed(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as ast::Input);
    match tree::load(&input.arguments) {
        Ok(embedded) => expand::registry(&input.runtime, &embedded).into(),
        Err(faults) => expand::faults(&input.runtime, &faults).into(),
    }
}

/// Gives a test its own database.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    test::test(arguments.into(), item.into()).into()
}
