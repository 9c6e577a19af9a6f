//! Trees and histories of tools in a layout that only some versions or databases have.

use std::fs;

use super::each::{self, APPLIED};
use super::support::execute;
use super::{Checkout, assert_done};

/// Adopts, and expects these migrations as applied, and no drift.
fn assert_adopted(checkout: &Checkout, applied: &[&str], pending: &[&str]) -> String {
    let adopted = checkout.adopt(&[]);
    assert_done(&adopted);
    let [is_applied, others] = checkout.status();
    assert_eq!(is_applied, applied, "{adopted}");
    assert_eq!(others, pending, "{adopted}");
    checkout.assert_no_drift();
    adopted
}

/// Version 1 has folders, and two more columns. An upgraded history has no times in them.
#[test]
fn folders_of_drizzle_are_adopted() {
    let checkout = each::checkout("drizzle");
    let folder = checkout.path().join("db");
    fs::remove_dir_all(folder.join("meta")).expect("it is there");
    let names = [&APPLIED[..], &["pinned"]].concat();
    let mut rows = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let new = format!("2024050{}090000_{name}", index + 1);
        fs::create_dir(folder.join(&new)).expect("it is made");
        let old = folder.join(format!("000{index}_{name}.sql"));
        fs::rename(old, folder.join(&new).join("migration.sql")).expect("it is moved");
        rows.push(format!(
            "UPDATE drizzle.__drizzle_migrations SET name = '{new}' WHERE id = {index} + 1;"
        ));
    }
    let columns = "ALTER TABLE drizzle.__drizzle_migrations \
                   ADD COLUMN name text, ADD COLUMN applied_at timestamptz DEFAULT now();";
    let old = "UPDATE drizzle.__drizzle_migrations SET applied_at = NULL WHERE id < 4;";
    execute(&checkout.url, &format!("{columns}{}{old}", rows.concat()));
    assert_adopted(&checkout, &APPLIED, &["pinned"]);
    assert_eq!(checkout.up(), ["pinned"]);
    assert_eq!(checkout.down(), "pinned");
}

/// Up to version 2, Flyway has recorded only the baseline.
#[test]
fn a_baseline_of_flyway_stands_for_earlier_migrations() {
    let checkout = each::checkout("flyway");
    execute(
        &checkout.url,
        "DELETE FROM flyway_schema_history WHERE installed_rank < 5; \
         INSERT INTO flyway_schema_history VALUES (1, '2', '<< Flyway Baseline >>', 'BASELINE', \
           '<< Flyway Baseline >>', NULL, 'notes', '2024-05-10 09:00:00', 0, true)",
    );
    assert_adopted(&checkout, &APPLIED, &["pinned"]);
}

#[test]
fn a_branch_of_alembic_may_be_pending() {
    let checkout = each::checkout("alembic");
    execute(
        &checkout.url,
        "DROP INDEX note_changed_at; DELETE FROM alembic_version WHERE version_num LIKE '5%'",
    );
    let names = |all: &[u8]| -> Vec<String> {
        let names = all.iter().map(|n| format!("revision_{n}a2b3c4d5e6f"));
        names.collect()
    };
    let adopted = checkout.adopt(&[]);
    assert_done(&adopted);
    assert_eq!(checkout.status(), [names(&[1, 2, 3, 4]), names(&[5, 6])]);
    assert!(adopted.contains("--allow-out-of-order"), "{adopted}");
    checkout.assert_no_drift();
}
