//! The tree of this platform on a real server: all of it, with many processes at once, with the
//! binary alone, and with an older and a newer binary.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use migrator_model::{Node, Tree, disk, resolve};
use migrator_runtime::{Direction, Migrator, Registry, Settings, Target};
use support::{BINARY, block_on, database, on, output, query, text};

/// The names of all objects that a migration can leave.
const CATALOG: &str = "
    SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
    UNION ALL SELECT 'extension ' || extname FROM pg_extension
    UNION ALL SELECT 'relation ' || oid::regclass || ' ' || relkind::text FROM pg_class
        WHERE relnamespace::regnamespace::text NOT LIKE 'pg\\_%'
          AND relnamespace::regnamespace::text NOT IN ('information_schema', 'migrator')
    UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname || ' '
            || format_type(atttypid, atttypmod) || ' ' || attnotnull
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attnum > 0 AND NOT attisdropped
          AND relnamespace::regnamespace::text NOT LIKE 'pg\\_%'
          AND relnamespace::regnamespace::text NOT IN ('information_schema', 'migrator')
    UNION ALL SELECT 'function ' || oid::regprocedure || md5(prosrc) FROM pg_proc
        WHERE pronamespace::regnamespace::text NOT LIKE 'pg\\_%'
          AND pronamespace::regnamespace::text <> 'information_schema'
    UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace::regnamespace::text NOT LIKE 'pg\\_%'
          AND connamespace::regnamespace::text NOT IN ('information_schema', 'migrator')
    UNION ALL SELECT 'policy ' || polname || ' ' || polrelid::regclass FROM pg_policy
    UNION ALL SELECT 'trigger ' || tgname || ' ' || tgrelid::regclass FROM pg_trigger
        WHERE NOT tgisinternal
    ORDER BY 1";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder is made")
}

fn tree() -> Tree {
    disk::read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("database"),
        "database",
    )
}

fn registry(tree: &Tree) -> &'static Registry {
    let resolved = resolve(tree);
    assert_eq!(resolved.problems, []);
    Box::leak(Box::new(resolved.registry))
}

/// Asserts that two catalogs are equal; a failure shows only the difference.
fn assert_same(found: &[String], expected: &[String]) {
    let differing = |some: &[String], others: &[String]| -> Vec<String> {
        let only = some.iter().filter(|object| !others.contains(object));
        only.cloned().collect()
    };
    let (more, less) = (differing(found, expected), differing(expected, found));
    assert!(
        more.is_empty() && less.is_empty(),
        "too much: {more:?}, missing: {less:?}"
    );
}

#[test]
fn the_whole_tree_goes_up_down_and_up_again() {
    let (url, folder) = (database(), folder());
    let run = |arguments: &[&str]| {
        let output = output(&mut on(&url, folder.path(), arguments));
        assert!(output.starts_with("exit: 0\n"), "{output}");
    };
    let before = query(&url, CATALOG);
    run(&["up", "--service=all"]);
    let after = query(&url, CATALOG);
    run(&["down", "--service=all", "--all", "--yes"]);
    let mut reverted = query(&url, CATALOG);
    reverted.retain(|object| object != "schema migrator");
    assert_same(&reverted, &before);
    run(&["up", "--service=all"]);
    assert_same(&query(&url, CATALOG), &after);
}

#[test]
fn any_number_of_the_newest_migrations_goes_down_and_up_again() {
    let (url, folder) = (database(), folder());
    let run = |arguments: &[&str]| {
        let output = output(&mut on(&url, folder.path(), arguments));
        assert!(output.starts_with("exit: 0\n"), "{output}");
    };
    run(&["up", "--service=all"]);
    let after = query(&url, CATALOG);
    let migrations = registry(&tree()).len();
    for steps in (1..=migrations).step_by(7) {
        let steps_option = format!("--steps={steps}");
        run(&["down", "--service=all", "--yes", &steps_option]);
        let left = query(&url, "SELECT count(*)::text FROM migrator.history");
        assert_eq!(left, [(migrations - steps).to_string()]);
        run(&["up", "--service=all"]);
        assert_same(&query(&url, CATALOG), &after);
    }
}

#[test]
fn eight_processes_at_once_apply_each_migration_once() {
    let (url, folder) = (database(), folder());
    let processes: Vec<_> = (0..8)
        .map(|_| {
            on(&url, folder.path(), &["up", "--service=all"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the binary runs")
        })
        .collect();
    for process in processes {
        let output = process.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", text(&output));
    }
    let migrations = registry(&tree()).len();
    let count = |sql: &str| query(&url, sql);
    assert_eq!(
        count("SELECT count(*)::text FROM migrator.history"),
        [migrations.to_string()]
    );
    let events = "SELECT count(*)::text FROM migrator.event WHERE kind = 'apply'";
    assert_eq!(count(events), [migrations.to_string()]);
    assert!(count("SELECT kind FROM migrator.event WHERE kind <> 'apply'").is_empty());
    let locks = "SELECT pid::text FROM pg_locks WHERE locktype = 'advisory'
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert!(count(locks).is_empty());
}

#[test]
fn the_binary_alone_in_a_folder_migrates() {
    let (url, folder) = (database(), folder());
    let copy = folder.path().join("migrator");
    fs::copy(BINARY, &copy).expect("the binary is copied");
    let mut command = std::process::Command::new(&copy);
    support::clear(&mut command);
    command
        .args(["up", "--service=tenant"])
        .env("DATABASE_URL", &url);
    let output = output(command.current_dir(folder.path()));
    assert!(output.starts_with("exit: 0\n"), "{output}");
    assert_eq!(
        query(&url, "SELECT to_regclass('tenant.tenants')::text"),
        ["tenant.tenants"]
    );
}

#[test]
fn an_older_binary_reverts_what_a_newer_one_applied() {
    let url = database();
    let newer = registry(&tree());
    let newest = newer
        .migrations_of("tenant")
        .last()
        .expect("tenant has migrations");
    let mut tree = tree();
    let file = format!("{}_{}", newest.version, newest.history_name());
    let count = tree.nodes.len();
    tree.nodes
        .retain(|path, node| !(matches!(node, Node::File(_)) && path.contains(&file)));
    assert_eq!(tree.nodes.len(), count - 2);
    let older = registry(&tree);
    let report = block_on(async {
        let settings = Settings::parse(&url).expect("the URL is well formed");
        let mut client = migrator_runtime::connect(settings)
            .await
            .expect("the server answers");
        let up = Migrator::new(newer).up(&mut client, Target::all()).await;
        assert_eq!(up.expect("it is empty").done.len(), newer.len());
        let refused = Migrator::new(older).up(&mut client, Target::all()).await;
        assert_eq!(
            refused.expect_err("one is missing").code().as_str(),
            "M0402"
        );
        let one = Target::service("tenant").steps(std::num::NonZeroUsize::MIN);
        Migrator::new(older)
            .down(&mut client, one)
            .await
            .expect("the script was recorded")
    });
    assert_eq!(report.done.len(), 1);
    assert_eq!(report.done[0].id.version, newest.version);
    assert_eq!(report.done[0].direction, Direction::Down);
}
