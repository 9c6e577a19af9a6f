//! Columns whose type is a domain.

use super::{codes, each};

#[test]
fn a_domain_with_a_constraint_rewrites_the_table() {
    let in_script = |domain: &str| format!("{domain}; ALTER TABLE t ADD c d");
    each(
        &["M0215"],
        &[
            "ALTER TABLE t ADD c label",
            "ALTER TABLE t ADD c public.Label DEFAULT 'x'",
            "ALTER TABLE t ADD c label NOT NULL DEFAULT 'x'",
            &in_script("CREATE DOMAIN d AS label"),
            &in_script("CREATE DOMAIN d AS int NOT NULL DEFAULT 1"),
            &in_script("CREATE DOMAIN d AS int; ALTER DOMAIN d ADD CHECK (VALUE > 0) NOT VALID"),
            &in_script("ALTER DOMAIN label RENAME TO d"),
        ],
    );
    each(
        &["M0213"],
        &[
            "ALTER TABLE t ADD c label NOT NULL",
            &in_script("CREATE DOMAIN d AS int NOT NULL"),
        ],
    );
    each(
        &[],
        &[
            "ALTER TABLE t ADD c moment",
            "ALTER TABLE t ADD c label[]",
            "CREATE TABLE w (); ALTER TABLE w ADD c label",
            &in_script(
                "CREATE DOMAIN d AS int CHECK (VALUE > 0); ALTER DOMAIN d DROP CONSTRAINT d_check",
            ),
            &in_script("CREATE DOMAIN d AS int NOT NULL; ALTER DOMAIN d DROP NOT NULL"),
            &in_script("DROP DOMAIN label; CREATE DOMAIN d AS int"),
        ],
    );
}

#[test]
fn a_change_to_a_domain_without_a_constraint_rewrites_nothing() {
    let of = |column: &str, to: &str| {
        codes(&[&format!(
            "ALTER TABLE t ADD at timestamptz, ADD m moment; ALTER TABLE t ALTER {column} TYPE {to}"
        )])
    };
    for (column, to) in [
        ("at", "moment"),
        ("at", "timestamptz(6)"),
        ("m", "timestamptz"),
        ("m", "moment"),
        ("v", "wide"),
        ("b", "text"),
    ] {
        assert!(of(column, to).is_empty(), "{column} to {to}");
    }
    for (column, to) in [
        ("at", "timestamptz(3)"),
        ("b", "label"),
        ("b", "wide"),
        ("a", "moment"),
        ("at", "timestamp"),
    ] {
        assert_eq!(of(column, to), ["M0219"], "{column} to {to}");
    }
}
