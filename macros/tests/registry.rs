//! Tests the registry in a program.

mod support;

use std::fs;

use support::Crate;
use support::tree::{self, MIGRATIONS};

#[test]
fn a_program_contains_the_registry_that_resolve_returns() {
    let example = Crate::new("whole-tree");
    let printed = example.run();
    assert_eq!(printed, example.expected());
}

/// The macro may be used in any place for an expression.
#[test]
fn a_registry_may_be_a_static_a_constant_or_a_value_and_of_any_folder() {
    let example = Crate::new("every-place");
    tree::write(&example, "other/tree");
    example.write(
        "src/main.rs",
        r#"
            use runtime::{Registry, embed_migrations};
            static STATIC: Registry = embed_migrations!();
            const CONSTANT: Registry = embed_migrations!("database",);
            mod deep {
                pub static OTHER: super::Registry = runtime::embed_migrations!("./other/tree/");
            }
            macro_rules! through {
                ($folder:literal) => { embed_migrations!($folder) };
            }
            fn main() {
                let local = through!("database");
                assert!(STATIC == CONSTANT && STATIC == local);
                for migration in deep::OTHER.migrations() {
                    println!("{migration} {}", migration.up().path());
                }
            }
        "#,
    );
    let order = ["core", "mail", "audit", "tenant", "tenant"];
    let lines = order.iter().zip(MIGRATIONS).map(|(service, path)| {
        let (_, name) = path.split_once('/').unwrap();
        format!("{service}/{name} ./other/tree/migrations/{path}.up.sql\n")
    });
    assert_eq!(example.run(), lines.collect::<String>());
}

#[test]
fn only_the_named_services_and_the_services_they_need_are_embedded() {
    let example = Crate::new("narrowed");
    example.write(
        "src/main.rs",
        r#"
            use runtime::{Registry, embed_migrations};
            static TENANT: Registry = embed_migrations!("database", services = ["tenant"]);
            static AUDIT: Registry = embed_migrations!(services = ["audit", "audit",]);
            static BOTH: Registry = embed_migrations!("database", services = ["audit", "tenant"],);
            fn main() {
                for registry in [&TENANT, &AUDIT, &BOTH] {
                    let services: Vec<_> = registry.services().map(|s| s.name).collect();
                    println!("{} {}", services.join(" "), registry.len());
                }
            }
        "#,
    );
    let expected = "core tenant 3\naudit mail 2\ncore audit mail tenant 5\n";
    assert_eq!(example.run(), expected);
}

/// The paths in the generated code start at Cargo.toml. So the code does not depend on the
/// folder of the checkout, and the program does not contain that folder.
#[test]
fn a_program_does_not_know_where_it_was_built() {
    for example in [
        Crate::new("placeless"),
        Crate::with_build_script("placeless-watched"),
    ] {
        let _ = example.run();
        let program = fs::read(example.program()).unwrap();
        let holds = |text: &str| program.windows(text.len()).any(|w| w == text.as_bytes());
        assert!(holds("CREATE TABLE setting"));
        assert!(!holds(example.folder.to_str().unwrap()));
    }
}

/// The build script writes the registry, and the macro includes what it wrote.
#[test]
fn with_a_build_script_a_program_contains_the_same_registry() {
    let example = Crate::with_build_script("whole-tree-watched");
    assert_eq!(example.run(), example.expected());
}
