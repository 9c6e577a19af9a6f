//! Tests the digest: the macro refuses a tree that the build script did not check.

mod support;

use std::time::{Duration, SystemTime};

use support::tree::{self, script};
use support::{Crate, MAIN};

const REFUSAL: &str = "src/main.rs:1:65: error: `database` is not the tree that build.rs checked \
    (help: touch `database/services.toml`, so that cargo runs build.rs again)";

#[test]
fn a_tree_that_the_build_script_did_not_check_is_refused() {
    let example = Crate::new("other-digest");
    example.write(
        "build.rs",
        r#"
            use migrator_model::digest::variable;
            fn main() {
                let base = std::env::current_dir().unwrap();
                println!("cargo::rustc-env={}=0", variable(&base, "database"));
            }
        "#,
    );
    assert_eq!(example.build().findings(), [REFUSAL]);
}

/// `cp -p` and the caches of build servers leave old times. Cargo compares times, so it notices
/// no change until something else is built.
#[test]
fn a_tree_restored_with_old_times_is_refused_until_the_build_script_has_seen_it() {
    let example = Crate::with_build_script("restored");
    let before = example.run();
    let long_ago = SystemTime::now() - Duration::from_hours(24);
    example.write(&script(0, "up"), "CREATE TABLE restored (id bigint);\n");
    example.set_time(&script(0, "up"), long_ago);
    let build = example.build();
    assert!(!build.succeeded || example.output() == before);

    example.write("src/main.rs", &format!("{MAIN}\n"));
    assert_eq!(example.build().findings(), [REFUSAL]);

    example.set_time("database/services.toml", SystemTime::now());
    assert_eq!(example.run(), example.expected());
}

#[test]
fn a_build_script_may_check_several_trees_and_spell_them_its_own_way() {
    let example = Crate::new("several-trees");
    tree::write(&example, "second/tree");
    example.write(
        &script(0, "up").replace("database", "second/tree"),
        "SELECT 2;\n",
    );
    example.write(
        "build.rs",
        r#"
            use migrator_model::build_script::check;
            fn main() {
                check("./database/");
                check("second/tree");
            }
        "#,
    );
    let main = r#"
        static ONE: runtime::Registry = runtime::embed_migrations!();
        static TWO: runtime::Registry = runtime::embed_migrations!("second/tree");
        fn main() {
            print!("{} {}", ONE.len(), TWO.get(0).unwrap().up().raw);
        }
    "#;
    example.write("src/main.rs", main);
    assert_eq!(example.run(), "5 SELECT 2;\n");
}
