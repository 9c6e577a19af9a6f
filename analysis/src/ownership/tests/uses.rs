//! Trees in, the objects and services that each migration uses out.

use migrator_model::resolve;

use super::tree;
use crate::uses;

/// The changes and the services of each migration, as text.
fn used(scripts: &[(&str, &str)]) -> Vec<String> {
    let resolved = resolve(&tree(scripts));
    assert_eq!(resolved.problems, [], "the tree is sound");
    let used = uses(&resolved.registry).into_iter().map(|uses| {
        let changes = uses.changes.iter().map(|change| {
            let schema = change.schema.as_deref().unwrap_or("public");
            let of = change.table.iter().map(|table| format!(" of {table}"));
            let of: String = of.collect();
            let (kind, object, name) = (change.kind.as_str(), change.object, &change.name);
            format!("{kind} {object} {schema}.{name}{of}")
        });
        let changes: Vec<String> = changes.collect();
        let services: Vec<String> = uses.services.into_iter().collect();
        format!(
            "{}: {}; uses {}",
            uses.migration.service,
            changes.join(", "),
            services.join(", ")
        )
    });
    used.collect()
}

#[test]
fn objects_and_used_services_are_listed() {
    let scripts = [
        (
            "core/01",
            "CREATE SCHEMA core; CREATE TABLE core.users (id int);",
        ),
        (
            "auth/02",
            "CREATE TABLE keys (owner int REFERENCES core.users (id)); CREATE INDEX keys_i ON keys (owner);",
        ),
        ("billing/03", "CREATE TABLE bills ();"),
        (
            "core/04",
            "ALTER TABLE core.users ADD name text; ALTER TABLE core.users RENAME TO people;",
        ),
        (
            "core/05",
            "DROP TABLE core.people; CREATE TABLE core.people ();",
        ),
    ];
    assert_eq!(
        used(&scripts),
        [
            "billing: creates relation public.bills; uses ",
            "core: creates schema public.core, creates relation core.users; uses ",
            "core: alters relation core.users, drops relation core.users, \
             creates relation core.people; uses ",
            "core: drops relation core.people, creates relation core.people; uses ",
            "auth: creates relation public.keys, creates relation public.keys_i, \
             alters relation public.keys; uses core",
        ]
    );
}

#[test]
fn a_name_that_no_script_creates_is_no_use() {
    let scripts = [
        ("core/01", "CREATE TABLE users ();"),
        ("billing/02", "CREATE VIEW v AS SELECT * FROM elsewhere.t;"),
    ];
    assert_eq!(
        used(&scripts),
        [
            "billing: creates relation public.v; uses ",
            "core: creates relation public.users; uses "
        ]
    );
}

#[test]
fn an_object_in_the_schema_of_another_service_uses_that_service() {
    let scripts = [
        ("core/01", "CREATE SCHEMA core;"),
        ("late/02", "CREATE TABLE core.extra ();"),
    ];
    assert_eq!(
        used(&scripts).last().map(String::as_str),
        Some("late: creates relation core.extra; uses core")
    );
}

#[test]
fn a_down_script_uses_services_too() {
    let scripts = [
        ("core/01", "CREATE TABLE users ();"),
        ("late/02", "SELECT 1;\n--\nSELECT * FROM users;"),
    ];
    assert_eq!(
        used(&scripts).last().map(String::as_str),
        Some("late: ; uses core")
    );
}

#[test]
fn an_object_that_a_later_script_creates_is_a_use() {
    let scripts = [
        ("core/01", "CREATE TABLE users ();"),
        ("billing/02", "CREATE VIEW v AS SELECT * FROM users;"),
    ];
    assert_eq!(
        used(&scripts).first().map(String::as_str),
        Some("billing: creates relation public.v; uses core")
    );
}
