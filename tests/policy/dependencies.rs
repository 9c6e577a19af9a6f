//! The dependency policy: which crate may depend on which, from which registry, under which
//! licence.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// The crates of this workspace that each crate may depend on in a build for a user.
const DIRECTION: &[(&str, &[&str])] = &[
    ("migrator-adopt", &["migrator-model"]),
    ("migrator-model", &[]),
    ("migrator-analysis", &["migrator-model"]),
    (
        "migrator-bench",
        &[
            "migrator-analysis",
            "migrator-cli",
            "migrator-figures",
            "migrator-localpg",
            "migrator-model",
            "migrator-runtime",
            "migrator-verify",
        ],
    ),
    (
        "example-command",
        &["migrator-analysis", "migrator-cli", "migrator-runtime"],
    ),
    ("example-pools", &["migrator-analysis", "migrator-runtime"]),
    (
        "example-tenant-service",
        &["migrator-analysis", "migrator-runtime"],
    ),
    ("migrator-connect", &[]),
    ("migrator-figures", &[]),
    ("migrator-localpg", &[]),
    ("migrator-macros", &["migrator-model"]),
    ("migrator-plan", &["migrator-model"]),
    // Only with the feature `testing` does it depend on localpg. A service does not have this feature.
    (
        "migrator-runtime",
        &[
            "migrator-connect",
            "migrator-localpg",
            "migrator-macros",
            "migrator-model",
            "migrator-plan",
        ],
    ),
    ("migrator-verify", &["migrator-model", "migrator-runtime"]),
    (
        "migrator-cli",
        &[
            "migrator-adopt",
            "migrator-analysis",
            "migrator-localpg",
            "migrator-model",
            "migrator-runtime",
            "migrator-verify",
        ],
    ),
    ("migrator-program-tests", &["migrator-cli"]),
    (
        "migrator",
        &["migrator-analysis", "migrator-cli", "migrator-runtime"],
    ),
];

/// The dependencies of `model` and `macros`, which every user compiles first.
const LIGHT: &[&str] = &[
    "migrator-macros",
    "migrator-model",
    "proc-macro2",
    "quote",
    "serde_spanned",
    "siphasher",
    "strsim",
    "syn",
    "toml",
    "toml_datetime",
    "toml_parser",
    "unicode-ident",
    "winnow",
];

/// The most crates that a user of `migrator-runtime` compiles, with our own and with the versions of
/// our Cargo.lock. It pins `idna_adapter` at 1.1, which needs no ICU4X: only refinery's reading of
/// URLs depends on it, and we never call this.
const RUNTIME: usize = 106;

/// The crates that the program has in two versions: ring and rand need different ones.
const TWICE: [&str; 1] = ["getrandom"];

/// Licences that require only attribution.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

struct Package {
    name: String,
    licence: String,
    source: Option<String>,
    /// The dependencies in a build for a user, without those of its own tests.
    dependencies: Vec<String>,
}

fn packages() -> BTreeMap<String, Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let dependencies: BTreeMap<String, Vec<String>> = list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| {
            let is_for_users = |edge: &Value| {
                list(&edge["dep_kinds"])
                    .iter()
                    .any(|kind| kind["kind"] != "dev")
            };
            let edges = list(&node["deps"]).into_iter().filter(is_for_users);
            let ids = edges.filter_map(|edge| text(&edge["pkg"])).collect();
            (text(&node["id"]).expect("a node has an id"), ids)
        })
        .collect();
    list(&metadata["packages"])
        .iter()
        .map(|package| {
            let id = text(&package["id"]).expect("a package has an id");
            let package = Package {
                name: text(&package["name"]).expect("a package has a name"),
                licence: text(&package["license"]).unwrap_or_default(),
                source: text(&package["source"]),
                dependencies: dependencies.get(&id).cloned().unwrap_or_default(),
            };
            (id, package)
        })
        .collect()
}

/// The names of all packages in a build of this package, with the features that it enables.
fn closure(name: &str) -> BTreeSet<String> {
    let listed = tree(&["--package", name]);
    let names = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// What `cargo tree` prints of a build for a user: a name and a version in each line.
fn tree(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges=normal,build"])
        .args(["--prefix=none", "--format={p}"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).expect("cargo prints text")
}

#[test]
fn our_crates_depend_on_each_other_in_one_direction() {
    let packages = packages();
    let ours: Vec<&Package> = packages.values().filter(|p| p.source.is_none()).collect();
    assert_eq!(ours.len(), DIRECTION.len());
    for package in ours {
        let (_, allowed) = DIRECTION
            .iter()
            .find(|(name, _)| *name == package.name)
            .expect("every crate of ours stands in the table");
        for dependency in package
            .dependencies
            .iter()
            .filter_map(|id| packages.get(id))
        {
            let is_allowed =
                dependency.source.is_some() || allowed.contains(&dependency.name.as_str());
            assert!(
                is_allowed,
                "{} depends on {}",
                package.name, dependency.name
            );
        }
    }
}

#[test]
fn model_and_macros_have_few_dependencies() {
    let light: BTreeSet<String> = LIGHT.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(closure("migrator-macros"), light);
}

#[test]
fn the_runtime_has_few_dependencies() {
    let built_with = closure("migrator-runtime");
    let count = built_with.len();
    assert!(
        count <= RUNTIME,
        "migrator-runtime is built with {count} crates"
    );
}

#[test]
fn the_program_has_one_version_of_each_crate() {
    let listed = tree(&["--duplicates", "--depth=0", "--package", "migrator"]);
    // cargo also lists a crate that it compiles twice in one version, for a macro and for the program.
    let versions: BTreeSet<(&str, &str)> = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let names: Vec<&str> = versions.iter().map(|(name, _)| *name).collect();
    let repeated = names.windows(2).filter(|pair| pair[0] == pair[1]);
    let repeated: Vec<&str> = repeated.map(|pair| pair[0]).collect();
    assert_eq!(repeated, TWICE);
}

#[test]
fn planning_does_not_depend_on_a_client_library() {
    let built_with = closure("migrator-plan");
    for name in ["tokio", "tokio-postgres", "rustls"] {
        assert!(
            !built_with.contains(name),
            "migrator-plan is built with {name}"
        );
    }
}

#[test]
fn every_dependency_comes_from_the_registry_under_a_permissive_licence() {
    for package in packages().values() {
        let name = &package.name;
        if let Some(source) = &package.source {
            assert!(
                source.starts_with("registry+"),
                "{name} comes from {source}"
            );
        }
        let mut alternatives = package.licence.split(" OR ").flat_map(|l| l.split('/'));
        let is_permissive = alternatives.any(|alternative| {
            let mut parts = alternative.split(" AND ");
            parts.all(|part| LICENCES.contains(&part.trim_matches(['(', ')', ' '])))
        });
        assert!(is_permissive, "{name} is under {:?}", package.licence);
    }
}
