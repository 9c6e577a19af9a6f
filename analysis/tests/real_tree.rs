//! One fault added to this platform's own tree gives that finding, and one.
//!
//! M0320 has no fault here, as every service of the platform depends on all that
//! run before it: the tests of `ownership` take such a dependency away.

use std::path::Path;

use migrator_analysis::parse::{Kind, on_large_stack, parse};
use migrator_model::{Node, Problem, Tree, disk, resolve, sql};

fn tree() -> Tree {
    disk::read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../database"),
        "database",
    )
}

fn findings(tree: &Tree) -> Vec<Problem> {
    let resolved = resolve(tree);
    let further = migrator_analysis::analyse(&resolved);
    resolved.problems.into_iter().chain(further).collect()
}

/// The tree with one more migration, the newest of its service.
fn with_migration(folder: &str, up: &str, down: &str) -> Tree {
    let stem = format!("migrations/{folder}/20991231235959_f0f0f0f0_fault");
    tree()
        .with_file(&format!("{stem}.up.sql"), up)
        .with_file(&format!("{stem}.down.sql"), down)
}

/// The code, the folder, the up script, the down script.
const FAULTS: &[[&str; 4]] = &[
    [
        "M0208",
        "tenant_service",
        "CREAT TABLE tenant.x (id int);",
        "DROP TABLE tenant.x;",
    ],
    [
        "M0208",
        "tenant_service",
        "CREATE TABLE tenant.x (id int);",
        "DROP TABLE;",
    ],
    [
        "M0209",
        "tenant_service",
        "\\set a 1\nCREATE TABLE tenant.x (id int);",
        "DROP TABLE tenant.x;",
    ],
    [
        "M0209",
        "tenant_service",
        "COPY tenant.plans FROM stdin;\n1\n\\.\n",
        "DELETE FROM tenant.plans;",
    ],
    [
        "M0210",
        "tenant_service",
        "BEGIN; CREATE TABLE tenant.x (id int); COMMIT;",
        "DROP TABLE tenant.x;",
    ],
    [
        "M0211",
        "tenant_service",
        "VACUUM tenant.tenants;",
        "SELECT 1;",
    ],
    [
        "M0212",
        "tenant_service",
        "-- migrator: no-transaction\nCREATE TABLE tenant.x (id int);",
        "DROP TABLE tenant.x;",
    ],
    [
        "M0213",
        "tenant_service",
        "ALTER TABLE tenant.tenants ADD COLUMN x int NOT NULL;",
        "ALTER TABLE tenant.tenants DROP COLUMN x;",
    ],
    [
        "M0214",
        "tenant_service",
        "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY x ON tenant.tenants (slug);\nCREATE INDEX CONCURRENTLY y ON tenant.tenants (slug);",
        "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS tenant.y;\nDROP INDEX CONCURRENTLY IF EXISTS tenant.x;",
    ],
    [
        "M0215",
        "tenant_service",
        "ALTER TABLE tenant.tenants ADD COLUMN x uuid DEFAULT gen_random_uuid();",
        "ALTER TABLE tenant.tenants DROP COLUMN x;",
    ],
    [
        "M0216",
        "tenant_service",
        "CREATE INDEX x ON tenant.tenants (slug);",
        "DROP INDEX tenant.x;",
    ],
    [
        "M0217",
        "tenant_service",
        "ALTER TABLE tenant.tenants ADD CONSTRAINT x CHECK (slug <> 'x');",
        "ALTER TABLE tenant.tenants DROP CONSTRAINT x;",
    ],
    [
        "M0218",
        "tenant_service",
        "ALTER TABLE tenant.tenants ADD CONSTRAINT x FOREIGN KEY (slug) REFERENCES tenant.plans (code);",
        "ALTER TABLE tenant.tenants DROP CONSTRAINT x;",
    ],
    [
        "M0219",
        "tenant_service",
        "ALTER TABLE tenant.tenants ALTER COLUMN slug TYPE varchar(10);",
        "ALTER TABLE tenant.tenants ALTER COLUMN slug TYPE core.slug;",
    ],
    [
        "M0220",
        "tenant_service",
        "ALTER TABLE tenant.tenants RENAME COLUMN slug TO x;",
        "ALTER TABLE tenant.tenants RENAME COLUMN x TO slug;",
    ],
    [
        "M0221",
        "tenant_service",
        "ALTER TABLE tenant.tenants DROP COLUMN data_region;",
        "ALTER TABLE tenant.tenants ADD COLUMN data_region text NOT NULL DEFAULT 'eu', \
         ADD CONSTRAINT tenants_data_region_check CHECK (data_region IN ('ap', 'eu', 'us')); \
         CREATE INDEX tenants_data_region_idx ON tenant.tenants (data_region) \
         WHERE data_region <> 'eu';",
    ],
    [
        "M0222",
        "tenant_service",
        "DROP TABLE tenant.domains;",
        "DO $$ BEGIN EXECUTE 'CREATE TABLE tenant.domains (host text)'; END $$;",
    ],
    [
        "M0223",
        "tenant_service",
        "CREATE TABLE tenant.x (id int);",
        "DROP TABLE tenant.x CASCADE;",
    ],
    [
        "M0224",
        "tenant_service",
        "ALTER TABLE tenant.tenants ADD CONSTRAINT x UNIQUE (slug);",
        "ALTER TABLE tenant.tenants DROP CONSTRAINT x;",
    ],
    [
        "M0225",
        "tenant_service",
        "ALTER TABLE tenant.tenants ALTER COLUMN trial_ends_at SET NOT NULL;",
        "ALTER TABLE tenant.tenants ALTER COLUMN trial_ends_at DROP NOT NULL;",
    ],
    [
        "M0226",
        "tenant_service",
        "-- migrator: allow M0216 because it is small\nCREATE TABLE tenant.x (id int);",
        "DROP TABLE tenant.x;",
    ],
    [
        "M0227",
        "tenant_service",
        "CREATE TABLE tenant.x (id int);",
        "SELECT 1;",
    ],
    [
        "M0228",
        "tenant_service",
        "DROP INDEX tenant.tenants_plan_code_idx;",
        "SELECT 1;",
    ],
    [
        "M0229",
        "tenant_service",
        "ALTER TABLE tenant.tenants ADD COLUMN x text;",
        "SELECT 1;",
    ],
    [
        "M0230",
        "tenant_service",
        "CREATE TABLE tenant.x (id int);",
        "DROP TABLE tenant.x; DROP INDEX tenant.tenants_plan_code_idx;",
    ],
    [
        "M0321",
        "core",
        "CREATE TABLE core.x (id uuid REFERENCES tenant.tenants (id));",
        "DROP TABLE core.x;",
    ],
    [
        "M0322",
        "notification_service",
        "COMMENT ON INDEX notification.deliveries_due_idx IS 'gone';",
        "SELECT 1;",
    ],
    [
        "M0323",
        "user_service",
        "ALTER TABLE tenant.tenants ADD COLUMN x text;",
        "ALTER TABLE tenant.tenants DROP COLUMN x;",
    ],
];

#[test]
fn the_tree_as_it_is_gives_no_finding() {
    assert_eq!(findings(&tree()), []);
}

#[test]
fn one_fault_gives_one_finding() {
    for [code, folder, up, down] in FAULTS {
        let found = findings(&with_migration(folder, up, down));
        let codes: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, [*code], "{up}\n{down}\n{found:#?}");
    }
}

#[test]
fn an_unknown_lint_gives_one_finding() {
    let mut tree = tree();
    let Some(Node::File(manifest)) = tree.nodes.get_mut("services.toml") else {
        return assert!(tree.nodes.contains_key("services.toml"));
    };
    manifest.extend(b"M0104 = \"warn\"\n");
    let found = findings(&tree);
    let codes: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["M0313"]);
}

#[test]
fn a_level_and_an_allowance_decide_what_a_lint_does() {
    use migrator_model::Severity;
    let up = "CREATE INDEX x ON tenant.tenants (slug);";
    let down = "DROP INDEX tenant.x;";
    let severity = |tree: &Tree| findings(tree).first().map(|finding| finding.severity);
    let plain = with_migration("tenant_service", up, down);
    assert_eq!(severity(&plain), Some(Severity::Warning));
    let level = |level: &str| {
        let mut tree = plain.clone();
        let Node::File(manifest) = tree.nodes.get_mut("services.toml").expect("it is there") else {
            return None;
        };
        manifest.extend(format!("M0216 = \"{level}\"\n").into_bytes());
        severity(&tree)
    };
    assert_eq!(level("deny"), Some(Severity::Error));
    assert_eq!(level("allow"), None);
    let allowed = format!("-- migrator: allow M0216 because it is small\n{up}");
    assert_eq!(
        findings(&with_migration("tenant_service", &allowed, down)),
        []
    );
}

/// The severity of M0216 in `tenant/20991231235959`, with further lines in the manifest.
fn severity_with(lines: &str) -> Option<migrator_model::Severity> {
    let up = "CREATE INDEX x ON tenant.tenants (slug);";
    let mut tree = with_migration("tenant_service", up, "DROP INDEX tenant.x;");
    if let Some(Node::File(manifest)) = tree.nodes.get_mut("services.toml") {
        manifest.extend(format!("\n{lines}\n").into_bytes());
    }
    let found = findings(&tree);
    let codes: Vec<&str> = found.iter().map(|one| one.code.as_str()).collect();
    assert!(codes.iter().all(|code| *code == "M0216"), "{found:#?}");
    found.first().map(|finding| finding.severity)
}

#[test]
fn the_most_specific_level_decides() {
    use migrator_model::Severity::{Error, Warning};
    // The manifest ends with `[lints]`.
    let all = "M0216 = \"deny\"";
    let own = "[services.tenant.lints]\nM0216 = \"warn\"";
    let own_before = "[services.tenant.lints.before]\nversion = \"21000101000000\"";
    for (lines, expected) in [
        (format!("{all}\n{own}"), Some(Warning)),
        (format!("{own}\n{own_before}\nM0216 = \"allow\""), None),
        // No level of this service, and no level before a version that is not later.
        (
            format!("{all}\n[services.auth.lints]\nM0216 = \"allow\""),
            Some(Error),
        ),
        (
            "[lints.before]\nversion = \"20991231235959\"\nM0216 = \"allow\"".to_owned(),
            Some(Warning),
        ),
        (
            "[lints.before]\nversion = \"21000101000000\"\nM0216 = \"allow\"".to_owned(),
            None,
        ),
        // A service's level is more specific than one for all services before a version.
        (
            format!("[lints.before]\nversion = \"21000101000000\"\nM0216 = \"allow\"\n{own}"),
            Some(Warning),
        ),
        // Levels before a version leave out other lints.
        (format!("{own_before}\nM0221 = \"deny\""), Some(Warning)),
    ] {
        assert_eq!(severity_with(&lines), expected, "{lines}");
    }
}

/// The runtime splits scripts by their tokens, so that it needs no parser.
#[test]
fn a_script_is_split_into_the_statements_that_are_parsed() {
    let registry = resolve(&tree()).registry;
    for script in registry.migrations().flat_map(|m| [m.up(), m.down()]) {
        let text = script.sql();
        let split: Vec<usize> = sql::statements(&text)
            .iter()
            .map(|range| range.start)
            .collect();
        let parsed = on_large_stack(|| {
            let tree = parse(&text);
            let statements = tree.statements();
            let statements = statements.filter(|&id| tree.kind(id) != Kind::EMPTY_STMT);
            statements
                .map(|id| tree.range(id).start)
                .collect::<Vec<usize>>()
        });
        assert_eq!(parsed, Ok(split), "{}", script.path());
    }
}
