//! Checks, keys and NOT NULL of tables in use.

use super::{codes, each};

#[test]
fn a_check_is_validated_in_its_own_migration() {
    let add = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)";
    let later = format!("{add} NOT VALID");
    let at_once = format!("{later}; ALTER TABLE t VALIDATE CONSTRAINT k");
    let column = "ALTER TABLE t ADD c int DEFAULT 5 CHECK (c > 0)";
    each(
        &["M0217"],
        &[
            add,
            column,
            &at_once,
            &format!("{later}, VALIDATE CONSTRAINT k"),
        ],
    );
    each(
        &[],
        &[&later, &format!("-- migrator: no-transaction\n{at_once}")],
    );
    assert!(codes(&[&later, "ALTER TABLE t VALIDATE CONSTRAINT k"]).is_empty());
}

#[test]
fn a_foreign_key_is_validated_in_its_own_migration() {
    let add = "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u";
    let later = format!("{add} NOT VALID");
    let at_once = format!("{later}; ALTER TABLE t VALIDATE CONSTRAINT k");
    each(
        &["M0218"],
        &[
            add,
            &at_once,
            "ALTER TABLE t ADD c int DEFAULT 1 REFERENCES u",
        ],
    );
    each(
        &[],
        &[
            &later,
            "ALTER TABLE t ADD c int REFERENCES u",
            "ALTER TABLE t ADD c int DEFAULT NULL REFERENCES u",
            "ALTER TABLE parts ADD FOREIGN KEY (id) REFERENCES u",
        ],
    );
    assert!(codes(&[&later, "ALTER TABLE t VALIDATE CONSTRAINT k"]).is_empty());
}

#[test]
fn a_key_can_use_an_existing_index() {
    each(
        &["M0224"],
        &[
            "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
            "ALTER TABLE u ADD PRIMARY KEY (id)",
            "ALTER TABLE t ADD EXCLUDE USING gist (a WITH =)",
            "ALTER TABLE t ADD c int UNIQUE",
        ],
    );
    each(
        &[],
        &[
            "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i",
            "ALTER TABLE t ADD PRIMARY KEY USING INDEX i",
            "ALTER TABLE parts ADD PRIMARY KEY (id)",
        ],
    );
}

#[test]
fn a_validated_check_makes_a_column_not_null() {
    let require = "ALTER TABLE t ALTER a SET NOT NULL";
    let open = "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL AND a > 0) NOT VALID";
    let proof = "ALTER TABLE t VALIDATE CONSTRAINT k";
    let other = "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL OR b IS NOT NULL) NOT VALID";
    let native = "ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID";
    let gone = "ALTER TABLE t DROP CONSTRAINT k";
    each(
        &["M0225"],
        &[
            require,
            "ALTER TABLE t ADD NOT NULL a",
            &format!("{native}; {proof}"),
        ],
    );
    assert_eq!(codes(&[open, require]), ["M0225"]);
    assert!(codes(&[open, proof, require]).is_empty());
    assert!(codes(&[native, proof, require]).is_empty());
    assert!(codes(&[open, &format!("{proof}; {require}; {gone}")]).is_empty());
    assert_eq!(codes(&[other, proof, require]), ["M0225"]);
    assert_eq!(codes(&[open, proof, gone, require]), ["M0225"]);
}

#[test]
fn a_rule_reports_a_statement_once() {
    each(
        &["M0217", "M0224"],
        &["ALTER TABLE t ADD CHECK (a > 0), ADD CHECK (a < 9), ADD UNIQUE (a), ADD UNIQUE (b)"],
    );
}

#[test]
fn a_constraint_that_is_not_enforced_is_not_validated() {
    each(
        &[],
        &[
            "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED",
            "ALTER TABLE t ADD c int DEFAULT 5 CHECK (c > 0) NOT ENFORCED",
            "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u NOT ENFORCED",
            "ALTER TABLE t ADD c int DEFAULT 5 REFERENCES u NOT ENFORCED",
        ],
    );
    let add = "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u NOT ENFORCED";
    let enforce = "ALTER TABLE t ALTER CONSTRAINT k ENFORCED";
    assert_eq!(codes(&[add, enforce]), ["M0218"]);
}
