//! Generates a test that passes the user's function to `migrator_runtime::testing`.
//!
//! The size of the code does not depend on the registry, because the code only names it.

use proc_macro2::TokenStream;
use quote::quote;

use super::ast::{Arguments, Expected, Function, Test};

/// The function that the test harness calls. It contains the function of the user.
pub(crate) fn test(test: &Test) -> TokenStream {
    let Arguments {
        registry,
        services,
        runtime,
    } = &test.arguments;
    let Function {
        attributes,
        visibility,
        name,
        parameters,
        output,
        body,
        expected,
    } = &test.function;
    let usual = || quote!(::migrator_runtime);
    let runtime = runtime.clone().unwrap_or_else(usual);
    let run = match expected {
        Expected::Success => quote!(run),
        Expected::Panic => quote!(run_to_panic),
    };
    quote! {
        #[::core::prelude::v1::test]
        #attributes
        #visibility fn #name() #output {
            async fn #name #parameters #output #body
            #runtime::testing::__private::#run(
                &#registry,
                &[#(#services),*],
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                #name,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test;

    fn expansion(arguments: &str, item: &str) -> String {
        test(arguments.parse().unwrap(), item.parse().unwrap()).to_string()
    }

    /// The text, printed as tokens.
    fn tokens(text: &str) -> String {
        text.parse::<proc_macro2::TokenStream>()
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_test_is_a_few_lines_around_the_users_function() {
        let found = expansion(
            "crate::REGISTRY",
            "/// A tenant.\n#[ignore = \"slow\"] async fn found(mut db: TestDatabase) \
             -> Result<(), Error> { body().await }",
        );
        let expected = tokens(
            "#[::core::prelude::v1::test]
            /// A tenant.
            #[ignore = \"slow\"]
            fn found() -> Result<(), Error> {
                async fn found(mut db: TestDatabase) -> Result<(), Error> { body().await }
                ::migrator_runtime::testing::__private::run(
                    &crate::REGISTRY,
                    &[],
                    ::core::concat!(::core::module_path!(), \"::\", ::core::stringify!(found)),
                    found,
                )
            }",
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn services_and_another_name_of_the_runtime_are_passed_on() {
        let found = expansion(
            "R, services = [\"tenant\"], crate = our::runtime",
            "#[should_panic] pub async fn fails(db: TestDatabase) {}",
        );
        for part in [
            "our::runtime::testing::__private::run_to_panic",
            "&R, &[\"tenant\"],",
        ] {
            assert!(found.contains(&tokens(part)), "{found}");
        }
    }
}
