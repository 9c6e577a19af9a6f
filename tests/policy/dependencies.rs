//! The dependency policy: which crate may depend on which, from which registry, under which
//! licence.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// The crates of this workspace that each crate may depend on in a build for a user.
const DIRECTION: &[(&str, &[&str])] = &[
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
        "example-tenant-service",
        &["migrator-analysis", "migrator-runtime"],
    ),
    ("migrator-connect", &[]),
    ("migrator-figures", &[]),
    ("migrator-localpg", &[]),
    ("migrator-macros", &["migrator-model"]),
    ("migrator-plan", &["migrator-model"]),
    // Only with the feature `testing`, which no release binary has, it depends on localpg.
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
            "migrator-analysis",
            "migrator-localpg",
            "migrator-model",
            "migrator-runtime",
            "migrator-verify",
        ],
    ),
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
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges=normal,build"])
        .args(["--prefix=none", "--format={p}", "--package", name])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let tree = String::from_utf8_lossy(&output.stdout);
    let names = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
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
