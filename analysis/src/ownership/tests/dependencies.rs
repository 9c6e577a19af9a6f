//! References to objects of other services, with and without a dependency.

use std::fs;
use std::path::Path;

use migrator_model::{Code, Resolved, disk, resolve};

use super::{CORE, found, is_ours, one, silent};

#[test]
fn the_real_tree_is_sound() {
    let resolved = real(|manifest| manifest);
    assert_eq!(resolved.problems, []);
    let ours = crate::analyse(&resolved)
        .into_iter()
        .filter(|d| is_ours(d.code));
    let ours: Vec<String> = ours.map(|d| d.to_string()).collect();
    assert_eq!(ours, [] as [String; 0]);
}

fn real(edit: impl Fn(String) -> String) -> Resolved {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../database");
    let manifest = fs::read_to_string(folder.join("services.toml")).unwrap();
    let tree = disk::read(&folder, "database").with_file("services.toml", edit(manifest));
    resolve(&tree)
}

#[test]
fn a_removed_dependency_is_reported() {
    let whole = real(|manifest| manifest).registry;
    let mut missed = 0;
    for service in whole.services() {
        for dependency in service.depends_on() {
            let resolved = real(|manifest| without(&manifest, service.name, dependency));
            assert_eq!(resolved.problems, [], "{} on {dependency}", service.name);
            let findings = crate::analyse(&resolved);
            let codes: Vec<Code> = findings
                .iter()
                .map(|d| d.code)
                .filter(|&c| is_ours(c))
                .collect();
            let remains = resolved.registry.dependencies_of(service.name);
            let waits = whole.migrations_of(service.name).any(|migration| {
                let mut requires = migration.required();
                requires.any(|(service, _)| service == dependency)
            });
            let is_needed = !waits && !remains.contains(dependency);
            let check = format!("{} without {dependency}: {findings:#?}", service.name);
            assert_eq!(is_needed, !codes.is_empty(), "{check}");
            assert!(codes.iter().all(|&code| code == Code::M0320), "{check}");
            missed += usize::from(is_needed);
        }
    }
    assert!(missed > 3, "{missed}");
}

/// The manifest without one entry of one service's `depends_on`.
fn without(manifest: &str, service: &str, dependency: &str) -> String {
    let header = format!("[services.{service}]");
    let (before, after) = manifest.split_once(&header).unwrap();
    let start = after.find("depends_on").unwrap();
    let end = start + after[start..].find(']').unwrap();
    let list = after[start..end].replace(&format!("\"{dependency}\""), "");
    let list = list.replace("[, ", "[").replace(", ,", ",");
    format!(
        "{before}{header}{}{}{}",
        &after[..start],
        list.trim_end_matches(", "),
        &after[end..]
    )
}

#[test]
fn a_service_may_refer_to_its_objects_and_its_dependencies() {
    silent(&[CORE, ("auth/01", "CREATE SCHEMA auth; CREATE TABLE auth.a (m core.mood DEFAULT core.f(1));
        INSERT INTO core.t VALUES (1); COMMENT ON TABLE core.t IS 'x'; GRANT SELECT ON core.t TO bob;
        GRANT USAGE ON SCHEMA core TO bob; ALTER DEFAULT PRIVILEGES IN SCHEMA core GRANT SELECT ON TABLES TO bob;
        CREATE INDEX a_by_m ON auth.a (m); ALTER TABLE auth.a RENAME TO b; DROP TABLE auth.b;")]);
}

#[test]
fn an_undeclared_dependency_is_reported_once() {
    for statement in [
        "CREATE TABLE x (id int REFERENCES core.t);",
        "CREATE TABLE x (m core.mood); INSERT INTO core.t VALUES (1);",
        "CREATE TABLE x (m core.t);",
        "SELECT core.f(1);",
        "GRANT USAGE ON SCHEMA core TO bob; GRANT SELECT ON core.t TO bob;",
        "INSERT INTO shared VALUES (1);",
        "ALTER TABLE core.t ADD c int;",
        "DROP TABLE core.t;",
        "CREATE TABLE core.x (id int);",
        "CREATE INDEX i ON core.t (id);",
        "SELECT core.made_by_an_extension();",
        "SELECT 1;\n--\nINSERT INTO core.t VALUES (1);",
    ] {
        one(&[CORE, ("billing/02", statement)], "M0320 billing");
    }
}

#[test]
fn the_help_names_what_would_allow_the_reference() {
    let found = found(&[CORE, ("billing/02", "SELECT core.f(1);")]);
    assert_eq!(
        found,
        [
            "M0320 billing up: `billing` uses function `core.f` of `core` (created in \
         `database/migrations/core/20240101000000_00000000_step.up.sql:2`), but does not \
         depend on `core` (add `\"core\"` to `depends_on` of `[services.billing]`, or \
         `-- migrator: requires core/20240101000000` to the up script)",
        ]
    );
}

#[test]
fn a_migration_may_refer_to_what_it_requires() {
    let requires = "-- migrator: requires core/20240101000000\nSELECT core.f(1);";
    silent(&[CORE, ("billing/02", requires)]);
    silent(&[
        CORE,
        ("billing/02", requires),
        ("billing/03", "SELECT core.f(1);"),
    ]);
    let later = ("core/03", "CREATE TABLE core.later ();");
    one(
        &[
            CORE,
            later,
            ("billing/02", requires),
            ("billing/03", "TABLE core.later;"),
        ],
        "M0320 billing up: `billing` uses relation `core.later`",
    );
    let late = ("late/01", "CREATE TABLE l ();");
    silent(&[
        late,
        (
            "core/01",
            "-- migrator: requires late/20240101000000\nINSERT INTO l VALUES (1);",
        ),
    ]);
}

#[test]
fn a_dependency_that_would_order_two_services_is_reported_as_missing() {
    one(
        &[
            ("billing/01", "CREATE TABLE b (id int REFERENCES c);"),
            ("core/01", "CREATE TABLE c (id int);"),
        ],
        "M0320 billing up",
    );
}
