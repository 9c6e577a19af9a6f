//! Tests the generated code together with the user's own names, lints and editions.

mod support;

use support::{Crate, RUNTIME_DEPENDENCY, ours};

/// A program that redefines every name in the generated code.
const SHADOWS: &str = r#"
    #![no_implicit_prelude]
    #![allow(dead_code, non_camel_case_types, unused_macros, reason = "a test")]
    mod rt {
        pub mod __private {
            pub use ::migrator_macros::embed;
            pub use ::migrator_model::embedded::*;
        }
    }
    macro_rules! include_str { ($($t:tt)*) => { ::core::compile_error!("mine") }; }
    macro_rules! concat { ($($t:tt)*) => { ::core::compile_error!("mine") }; }
    macro_rules! env { ($($t:tt)*) => { ::core::compile_error!("mine") }; }
    struct str;
    struct u64;
    struct Text;
    struct Service;
    struct Migration;
    struct MigrationRef;
    enum Mode { Transaction, NoTransaction }
    enum Option { Some, None }
    use Option::{None, Some};
    const TIERS: () = ();
    const SERVICES: () = ();
    const MIGRATIONS: () = ();
    const LIST: () = ();
    mod core {}
    mod std {}
    fn text() {}
    fn registry() {}
    fn service() {}
    fn migration() {}
    fn plain() {}
    fn script() {}
    fn reference() {}
    static REGISTRY: ::migrator_model::Registry = rt::__private::embed!(crate::rt; "database");
    fn main() {
        let (text, registry, migration, plain) = ((), (), (), ());
        let same = rt::__private::embed!(crate::rt; "database");
        ::std::assert!(same == REGISTRY);
        ::std::print!("{REGISTRY:?}");
        let _ = (text, registry, migration, plain);
    }
"#;

#[test]
fn the_users_names_do_not_change_what_is_embedded() {
    let example = Crate::new("shadows");
    example.manifest("2024", &format!("{}{}", ours("macros"), ours("model")));
    example.write("src/main.rs", SHADOWS);
    assert_eq!(example.run(), example.expected());
}

#[test]
fn every_edition_can_embed() {
    for edition in ["2018", "2021"] {
        let example = Crate::new(&format!("edition-{edition}"));
        example.manifest(edition, RUNTIME_DEPENDENCY);
        assert_eq!(example.run(), example.expected());
    }
}

/// No lint of the crate reports the generated code.
#[test]
fn no_lint_reports_the_generated_code() {
    let example = Crate::new("lints");
    example.write("src/main.rs", LINTED);
    let build = example.build();
    assert!(build.succeeded, "{}", build.stderr);
    assert_eq!(build.findings(), [""; 0]);
    let clippy = example.clippy();
    assert!(clippy.succeeded, "{}", clippy.stderr);
    assert_eq!(clippy.findings(), [""; 0]);
}

const LINTED: &str = r#"//! A program.
#![forbid(unsafe_code)]
#![deny(
    warnings, future_incompatible, nonstandard_style, rust_2018_idioms, unused,
    absolute_paths_not_starting_with_crate, let_underscore_drop, macro_use_extern_crate,
    meta_variable_misuse, missing_copy_implementations, missing_debug_implementations,
    missing_docs, redundant_lifetimes, single_use_lifetimes, trivial_casts,
    trivial_numeric_casts, unit_bindings, unnameable_types, unreachable_pub,
    unused_crate_dependencies, unused_extern_crates, unused_import_braces, unused_lifetimes,
    unused_macro_rules, unused_qualifications, unused_results, variant_size_differences,
    clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction
)]
#![expect(
    clippy::blanket_clippy_restriction_lints, clippy::print_stdout, clippy::use_debug,
    reason = "these lints would report the program itself"
)]

use runtime::{Registry, embed_migrations};

/// All.
static REGISTRY: Registry = embed_migrations!();

/// Some.
const TENANT: &Registry = &embed_migrations!("database", services = ["tenant"]);

fn main() {
    let audit = embed_migrations!("database", services = ["audit"]);
    println!("{REGISTRY:?}{TENANT:?}{audit:?}");
}
"#;
