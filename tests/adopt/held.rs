//! Histories with a failed migration, a reverted one or a program, and tools at work, for each tool
//! that has them.

use std::fs;

use migrator_adopt as adopt;

use super::refusals::{assert_refused, while_held};
use super::support::{execute, query};
use super::{Checkout, assert_done, each, write};

/// The stored checkout of a tool, after a statement on its database.
fn after(tool: &'static str, sql: &str) -> Checkout {
    let checkout = each::checkout(tool);
    execute(&checkout.url, sql);
    checkout
}

#[test]
fn a_failed_migration_is_refused() {
    let index = "20240505090000";
    for (tool, key, failure) in [
        (
            "flyway",
            "10",
            "UPDATE flyway_schema_history SET success = false WHERE version = '10'".to_owned(),
        ),
        (
            "golang-migrate",
            "5",
            "UPDATE schema_migrations SET dirty = true".to_owned(),
        ),
        (
            "prisma",
            "20240505090000_index",
            format!(
                "UPDATE _prisma_migrations SET finished_at = NULL, applied_steps_count = 0, \
                 logs = 'ERROR' WHERE migration_name = '{index}_index'"
            ),
        ),
        (
            "sqlx",
            index,
            format!(
                "UPDATE _sqlx_migrations SET success = false, execution_time = -1 \
                 WHERE version = {index}"
            ),
        ),
    ] {
        let checkout = after(tool, &failure);
        assert_refused(&checkout, "M1003", &format!("migration `{key}` failed"));
        assert_eq!(checkout.files(), Vec::<String>::new(), "{tool}");
    }
}

#[test]
fn a_reverted_migration_is_pending() {
    for (tool, sql) in [
        (
            "flyway",
            "INSERT INTO flyway_schema_history VALUES \
             (8, '10', 'index', 'UNDO_SQL', 'U10__index.sql', 1, 'notes', now(), 1, true)",
        ),
        (
            "goose",
            "INSERT INTO goose_db_version (version_id, is_applied) VALUES (5, false)",
        ),
        (
            "prisma",
            "UPDATE _prisma_migrations SET finished_at = NULL, rolled_back_at = now() \
             WHERE migration_name LIKE '%\\_index'",
        ),
    ] {
        let checkout = after(tool, &format!("DROP INDEX note_changed_at; {sql}"));
        assert_done(&checkout.adopt(&[]));
        let [applied, pending] = checkout.status();
        assert_eq!(applied, ["authors", "notes", "touch", "first_authors"]);
        assert_eq!(pending, ["index", "pinned"]);
        checkout.assert_no_drift();
    }
}

/// Statements that take and release what the tool holds while it migrates.
fn hold(tool: &dyn adopt::Tool, url: &str) -> [String; 2] {
    let name = query(url, "SELECT current_database()::text").remove(0);
    let adopt::Table {
        schema,
        name: table,
        ..
    } = tool.table();
    let schema = schema.unwrap_or("public");
    let place = adopt::Database {
        database: &name,
        schema,
        table,
    };
    match tool.lock(place) {
        adopt::Lock::Advisory(key) => {
            ["", "un"].map(|un| format!("SELECT pg_advisory_{un}lock({key})"))
        }
        // Each of these tools writes its table in the transaction of a migration.
        adopt::Lock::OfTable => [
            format!("BEGIN; LOCK TABLE {schema}.{table} IN ROW EXCLUSIVE MODE"),
            "ROLLBACK".to_owned(),
        ],
    }
}

#[test]
fn each_tool_at_work_is_not_disturbed() {
    for tool in adopt::ALL {
        let checkout = each::checkout(tool.name());
        let [take, release] = hold(*tool, &checkout.url);
        while_held(&checkout.url, [&take, &release], || {
            let message = format!("{} is at work", tool.name());
            assert_refused(&checkout, "M1007", &message);
        });
        assert_done(&checkout.adopt(&[]));
    }
}

/// The migration `index` as a program: a new file instead of the SQL, or a row of another type.
#[test]
fn a_program_in_the_history_is_left_out() {
    for (tool, sql_file, program, key) in [
        ("goose", "00005_index.sql", "00005_index.go", "5"),
        (
            "node-pg-migrate",
            "1714899600000_index.sql",
            "1714899600000_index.js",
            "1714899600000_index",
        ),
        ("refinery", "V5__index.sql", "V5__index.rs", "5"),
        ("flyway", "V10__index.sql", "", "10"),
    ] {
        let checkout = each::checkout(tool);
        let folder = checkout.path().join("db");
        fs::remove_file(folder.join(sql_file)).expect(sql_file);
        if program.is_empty() {
            fs::remove_file(folder.join("U10__index.sql")).expect("it is there");
            let is_java = "UPDATE flyway_schema_history SET type = 'JDBC' WHERE version = '10'";
            execute(&checkout.url, is_java);
        } else {
            write(checkout.path(), &format!("db/{program}"), "// a program\n");
        }
        let adopted = checkout.adopt(&[]);
        assert_done(&adopted);
        let left_out = format!("leaves out {key} in `public.");
        assert!(adopted.contains(&left_out), "{tool}: {adopted}");
        let [applied, pending] = checkout.status();
        assert_eq!(applied, ["authors", "notes", "touch", "first_authors"]);
        assert_eq!(pending, ["pinned"]);
        // No migration makes what the program has made.
        let drift = checkout.run(&["drift", "--directory=database"]);
        assert!(drift.starts_with("exit: 6\n"), "{drift}");
        assert!(drift.contains("note_changed_at"), "{drift}");
    }
}
