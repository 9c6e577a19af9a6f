use std::fs;
use std::path::Path;

use migrator_model::{Code, Resolved, Tree, disk, resolve};

/// A tree of services in two tiers, each script under `SERVICE/VERSION`; a down
/// script stands after a line `--`.
fn tree(scripts: &[(&str, &str)]) -> Tree {
    let manifest = "tiers = [\"one\", \"two\"]\n\
        [services.core]\ntier = \"one\"\ndirectory = \"core\"\n\
        [services.auth]\ntier = \"one\"\ndirectory = \"auth\"\ndepends_on = [\"core\"]\n\
        [services.billing]\ntier = \"one\"\ndirectory = \"billing\"\n\
        [services.late]\ntier = \"two\"\ndirectory = \"late\"\n";
    let mut tree = Tree::new("database").with_file("services.toml", manifest);
    for service in ["core", "auth", "billing", "late"] {
        tree.nodes.insert(
            format!("migrations/{service}"),
            migrator_model::Node::Folder,
        );
    }
    for (number, (name, text)) in scripts.iter().enumerate() {
        let (service, day) = name.split_once('/').unwrap();
        let (up, down) = text.split_once("\n--\n").unwrap_or((text, "SELECT 1;"));
        let stem = format!("migrations/{service}/202401{day}000000_{number:08x}_step");
        tree = tree
            .with_file(&format!("{stem}.up.sql"), up)
            .with_file(&format!("{stem}.down.sql"), down);
    }
    tree
}

/// What is found about ownership: the code, `up` or `down` and line, and message.
fn found(scripts: &[(&str, &str)]) -> Vec<String> {
    let resolved = resolve(&tree(scripts));
    assert_eq!(resolved.problems, [], "the tree is sound");
    let findings = crate::analyse(&resolved).into_iter();
    let ours = findings.filter(|d| is_ours(d.code));
    ours.map(|d| {
        let path = d.path().expect("a finding of the tree has a place");
        let path = path.trim_start_matches("database/migrations/");
        let (service, rest) = path.split_once('/').unwrap();
        let direction = rest.rsplit('.').nth(1).unwrap();
        format!(
            "{} {service} {direction}: {} ({})",
            d.code, d.message, d.help
        )
    })
    .collect()
}

fn is_ours(code: Code) -> bool {
    [Code::M0320, Code::M0321, Code::M0322, Code::M0323].contains(&code)
}

#[track_caller]
fn silent(scripts: &[(&str, &str)]) {
    assert_eq!(found(scripts), [] as [String; 0]);
}

#[track_caller]
fn one(scripts: &[(&str, &str)], expected: &str) {
    let found = found(scripts);
    assert!(
        found.len() == 1 && found[0].starts_with(expected),
        "{expected}: {found:#?}"
    );
}

const CORE: (&str, &str) = (
    "core/01",
    "CREATE SCHEMA core; CREATE TABLE core.t (id int); CREATE TYPE core.mood AS ENUM ('a');
     CREATE FUNCTION core.f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
     CREATE TABLE shared (id int);",
);

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
    for service in whole.services.iter() {
        for dependency in service.depends_on.iter() {
            let resolved = real(|manifest| without(&manifest, &service.name, dependency));
            assert_eq!(resolved.problems, [], "{} on {dependency}", service.name);
            let findings = crate::analyse(&resolved);
            let codes: Vec<Code> = findings
                .iter()
                .map(|d| d.code)
                .filter(|&c| is_ours(c))
                .collect();
            let remains = resolved.registry.dependencies_of(&service.name);
            let waits = whole.migrations_of(&service.name).any(|migration| {
                let mut requires = migration.requires.iter();
                requires.any(|reference| reference.service == *dependency)
            });
            let is_needed = !waits && !remains.contains(dependency.as_ref());
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
fn a_reference_to_a_later_object_is_reported() {
    one(
        &[
            ("core/01", "CREATE VIEW v AS TABLE t;"),
            ("core/02", "CREATE TABLE t ();"),
        ],
        "M0321 core up: relation `t` does not exist yet: `database/migrations/core/20240102",
    );
    let found = found(&[
        ("core/01", "CREATE VIEW v AS TABLE t;"),
        ("late/02", "CREATE TABLE t ();"),
    ]);
    assert!(
        found[0].ends_with(
            "(add `-- migrator: requires late/20240102000000`, so that this migration waits)"
        ),
        "{found:?}"
    );
    one(
        &[
            ("core/01", "CREATE TABLE s.t ();"),
            ("late/02", "CREATE SCHEMA s;"),
        ],
        "M0321 core up: schema `s`",
    );
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

#[test]
fn a_reference_to_a_dropped_or_renamed_object_is_reported() {
    let make = (
        "core/01",
        "CREATE SCHEMA a; CREATE TABLE a.t (); CREATE TABLE a.u ();",
    );
    for (end, rest) in [
        (
            "DROP TABLE a.t;",
            "drops it (use the object that replaces it)",
        ),
        (
            "DROP SCHEMA a CASCADE;",
            "drops it (use the object that replaces it)",
        ),
        (
            "ALTER TABLE a.t RENAME TO v;",
            "renames it to `a.v` (write `a.v`)",
        ),
        (
            "ALTER TABLE a.t SET SCHEMA public;",
            "renames it to `t` (write `t`)",
        ),
        (
            "ALTER SCHEMA a RENAME TO b;",
            "renames it to `b.t` (write `b.t`)",
        ),
    ] {
        let scripts = [
            make,
            ("core/02", end),
            ("core/03", "INSERT INTO a.t VALUES (1);"),
        ];
        one(
            &scripts,
            "M0322 core up: relation `a.t` does not exist any more",
        );
        assert!(found(&scripts)[0].ends_with(rest), "{:?}", found(&scripts));
        silent(&[
            make,
            ("core/02", end),
            ("core/03", "DROP TABLE IF EXISTS a.t;"),
        ]);
    }
    silent(&[
        make,
        ("core/02", "ALTER TABLE a.t RENAME TO v;"),
        ("core/03", "TABLE a.v;"),
    ]);
    silent(&[
        make,
        ("core/02", "ALTER SCHEMA a RENAME TO b;"),
        ("core/03", "TABLE b.t;"),
    ]);
    silent(&[
        make,
        ("core/02", "DROP TABLE a.t;"),
        ("core/03", "CREATE TABLE a.t ();"),
        ("core/04", "TABLE a.t;"),
    ]);
}

#[test]
fn a_change_of_another_services_object_is_reported_once() {
    for statement in [
        "ALTER TABLE core.t ADD c int;\n--\nALTER TABLE core.t DROP c;",
        "DROP TABLE core.t;\n--\nCREATE TABLE core.t (id int);",
        "ALTER TABLE core.t RENAME TO u;\n--\nALTER TABLE core.u RENAME TO t;",
        "ALTER TABLE core.t SET SCHEMA public;",
        "ALTER TYPE core.mood ADD VALUE 'b';",
        "DROP FUNCTION core.f(int);",
        "CREATE OR REPLACE FUNCTION core.f(a int) RETURNS int LANGUAGE sql AS 'SELECT 2';",
        "CREATE TABLE core.mine (id int); CREATE TABLE core.mine_too (id int);\n--\nDROP TABLE core.mine, core.mine_too;",
        "CREATE INDEX t_by_id ON core.t (id);\n--\nDROP INDEX core.t_by_id;",
        "CREATE TRIGGER g BEFORE UPDATE ON core.t FOR EACH ROW EXECUTE FUNCTION core.f();\n--\nDROP TRIGGER g ON core.t;",
        "CREATE TABLE mine (); ALTER TABLE mine SET SCHEMA core;\n--\nDROP TABLE core.mine;",
        "ALTER SCHEMA core RENAME TO heart;",
        "DROP SCHEMA core CASCADE;",
        "DROP TABLE IF EXISTS shared;",
        "SELECT 1;\n--\nDROP TABLE core.t;",
    ] {
        one(&[CORE, ("auth/02", statement)], "M0323 auth");
    }
    silent(&[
        CORE,
        (
            "auth/02",
            "-- migrator: allow M0323 because core agreed\nALTER TABLE core.t ADD c int;",
        ),
    ]);
}

#[test]
fn an_allowed_object_belongs_to_the_service_that_creates_it() {
    let scripts = [
        CORE,
        (
            "auth/02",
            "-- migrator: allow M0323 because core agreed\n\
             CREATE VIEW core.mine AS SELECT 1 AS a;",
        ),
        (
            "auth/03",
            "CREATE OR REPLACE VIEW core.mine AS SELECT 2 AS a;",
        ),
        (
            "auth/04",
            "DROP VIEW core.mine;\n--\nCREATE VIEW core.mine AS SELECT 2 AS a;",
        ),
    ];
    silent(&scripts);
}

#[test]
fn uncertain_references_are_not_reported() {
    let own = |text| silent(&[CORE, ("billing/02", text)]);
    // Names that nobody makes, or only as something else.
    own(
        "SELECT * FROM pg_class, unknown, information_schema.tables; SELECT t FROM f(1); DROP TABLE IF EXISTS t;",
    );
    // The script's own.
    own("CREATE TEMP TABLE shared (id int); INSERT INTO shared VALUES (1); DROP TABLE shared;");
    own("WITH shared AS (SELECT 1) SELECT * FROM shared;");
    own("SET search_path = billing; CREATE TABLE shared (id int); DROP TABLE shared;");
    own("DO $$ BEGIN INSERT INTO core.t VALUES (1); END $$;");
    own("SELECT 'core.t'; CREATE TABLE b (core text); SELECT b.core FROM b;");
    // What several make.
    silent(&[
        CORE,
        (
            "auth/01",
            "CREATE EXTENSION pgcrypto; CREATE TABLE IF NOT EXISTS shared (id int);",
        ),
        (
            "billing/01",
            "CREATE EXTENSION IF NOT EXISTS pgcrypto; DROP TABLE shared; DROP EXTENSION pgcrypto;",
        ),
    ]);
    // Other functions of the same name.
    silent(&[
        (
            "core/01",
            "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        ),
        (
            "billing/01",
            "CREATE OR REPLACE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        ),
    ]);
    silent(&[
        (
            "core/01",
            "CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION s.f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        ),
        ("core/02", "DROP FUNCTION s.f(int);"),
        ("core/03", "SELECT s.f('x');"),
    ]);
}

#[test]
fn types_of_the_catalog_and_objects_of_bodies_and_extensions_are_not_reported() {
    // Types of the catalog.
    silent(&[
        ("core/01", "CREATE TABLE a (at date);"),
        ("core/02", "CREATE TABLE date (id int);"),
    ]);
    // What bodies and extensions make.
    silent(&[
        ("core/01", "CREATE TABLE t (id int);"),
        ("core/02", "DROP TABLE t;"),
        (
            "core/03",
            "DO $$ BEGIN EXECUTE 'CREATE TABLE t (id int)'; END $$;",
        ),
        ("core/04", "INSERT INTO t VALUES (1);"),
    ]);
    silent(&[
        (
            "core/01",
            "CREATE SCHEMA e; CREATE EXTENSION x SCHEMA e; SELECT e.f(1);",
        ),
        (
            "core/02",
            "CREATE FUNCTION e.f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        ),
    ]);
}

/// `auth` and `core` are services with schemas of their names; `billing` depends on neither.
const SCHEMAS: [(&str, &str); 3] = [
    (
        "core/01",
        "CREATE SCHEMA core; CREATE TABLE core.tenants (id int);",
    ),
    (
        "auth/02",
        "CREATE SCHEMA auth; CREATE TABLE auth.users (id int); CREATE FUNCTION auth.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ),
    (
        "billing/03",
        "CREATE SCHEMA billing; CREATE TABLE billing.users (id int PRIMARY KEY, name text); CREATE TABLE billing.items (id int, user_id int);",
    ),
];

#[test]
fn an_alias_with_the_name_of_a_schema_is_no_reference_to_it() {
    for script in [
        "SELECT auth.id FROM billing.users auth JOIN billing.items core ON core.user_id = auth.id;",
        "SELECT auth.* FROM billing.users AS auth WHERE auth.name IS NOT NULL ORDER BY auth.id;",
        "WITH core AS (SELECT * FROM billing.users) SELECT core.id FROM core;",
        "WITH RECURSIVE auth (id) AS (SELECT 1 UNION ALL SELECT auth.id + 1 FROM auth) SELECT * FROM auth;",
        "WITH users AS (SELECT 1 AS id) SELECT users.id FROM users;",
        "MERGE INTO billing.users auth USING billing.items core ON core.user_id = auth.id \
         WHEN MATCHED THEN UPDATE SET name = 'x' WHEN NOT MATCHED THEN INSERT (id) VALUES (core.user_id);",
        "INSERT INTO billing.users AS core (id) VALUES (1) ON CONFLICT (id) DO UPDATE \
         SET name = excluded.name WHERE core.id > 0 RETURNING core.id;",
        "UPDATE billing.users auth SET name = 'x' FROM billing.items core WHERE core.user_id = auth.id;",
        "UPDATE billing.users SET name = core.id::text FROM billing.items AS core;",
        "DELETE FROM billing.users auth USING billing.items core WHERE core.user_id = auth.id;",
        "CREATE VIEW billing.v AS SELECT auth.id FROM billing.users auth;",
        "CREATE VIEW billing.v AS SELECT core.id, count(*) OVER (PARTITION BY core.id) FROM billing.users core;",
        "SELECT (SELECT auth.id FROM billing.users auth LIMIT 1), core.id FROM LATERAL (SELECT 1 AS id) core;",
        "SELECT auth.id FROM generate_series(1, 3) AS auth (id);",
        "SELECT core FROM billing.users core GROUP BY core.id, core;",
        "ALTER TABLE billing.users ADD COLUMN auth int, ADD CHECK (auth > 0);",
        "CREATE TABLE billing.core (auth int); SELECT core.auth FROM billing.core;",
    ] {
        let [core, auth, billing] = SCHEMAS;
        silent(&[core, auth, billing, ("billing/04", script)]);
    }
}

#[test]
fn a_reference_beside_such_an_alias_is_still_found() {
    for script in [
        "SELECT auth.id FROM auth.users auth;",
        "WITH auth AS (SELECT 1) SELECT * FROM auth, auth.users;",
        "SELECT auth.f(core.id) FROM billing.users core;",
        "MERGE INTO billing.users auth USING auth.users ON true WHEN MATCHED THEN DELETE;",
    ] {
        let [core, auth, billing] = SCHEMAS;
        one(
            &[core, auth, billing, ("billing/04", script)],
            "M0320 billing up:",
        );
    }
}
