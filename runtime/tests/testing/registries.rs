//! The registries of the tests.

use std::sync::LazyLock;

use migrator_runtime::model::{Tree, resolve};
use migrator_runtime::{Registry, embed_migrations};

/// The registry of a whole platform.
pub(crate) static REGISTRY: Registry = embed_migrations!("../database");

/// A small registry.
pub(crate) static SMALL: Registry = embed_migrations!("../tests/trees/good-two-legs/database");

/// A registry whose second line fails.
pub(crate) static FAILING: LazyLock<Registry> =
    LazyLock::new(|| of("CREATE TABLE a ();\nSELECT nothing FROM nowhere;\n"));

/// A registry whose script waits while a session holds the lock [`GATE`].
pub(crate) static GATED: LazyLock<Registry> = LazyLock::new(|| {
    of(
        "DO $$ BEGIN\n    WHILE EXISTS (SELECT FROM pg_catalog.pg_locks\n        \
        WHERE locktype = 'advisory' AND classid = 0 AND objid = 4711) LOOP\n        \
        PERFORM pg_catalog.pg_sleep(0.01);\n    END LOOP;\nEND $$;\nCREATE TABLE through ();\n",
    )
});

/// A registry that changes settings of the database itself.
pub(crate) static SETTING: LazyLock<Registry> = LazyLock::new(|| {
    of(r#"DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path TO "a b", pg_temp', current_database());
    EXECUTE format('ALTER DATABASE %I SET app.motto TO %L', current_database(), 'it''s, = "so"');
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET work_mem TO %L',
        current_user, current_database(), '7MB');
END $$;
"#)
});

/// The lock that [`GATED`] waits for.
pub(crate) const GATE: i64 = 4711;

/// A registry of one service with one migration.
fn of(up: &str) -> Registry {
    let manifest = "tiers = [\"T\"]\n[services.core]\ntier = \"T\"\ndirectory = \"core\"\n";
    let stem = "migrations/core/20240101000000_0a1b2c3d_first";
    let tree = Tree::new("database")
        .with_file("services.toml", manifest)
        .with_file(&format!("{stem}.up.sql"), up)
        .with_file(&format!("{stem}.down.sql"), "SELECT 1;\n");
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, []);
    resolved.registry
}
