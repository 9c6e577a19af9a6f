//! Tables that a script empties or fills.

use super::{codes, each};

#[test]
fn a_table_that_the_script_empties_accepts_a_not_null_column() {
    let add = "ALTER TABLE t ADD c int NOT NULL";
    for emptied in [
        "TRUNCATE t",
        "TRUNCATE TABLE u, public.t RESTART IDENTITY",
        "TRUNCATE ONLY t",
        "DELETE FROM t",
        "DELETE FROM ONLY t AS x WHERE true",
        "DELETE FROM t WHERE 1 = 1 RETURNING id",
        "WITH gone AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT id FROM gone",
        "DROP TABLE t; CREATE TABLE t (id int)",
        "ALTER TABLE t RENAME TO old; CREATE TABLE t (LIKE old)",
        "DO $$ BEGIN DELETE FROM t; END $$",
        "DO $$ BEGIN EXECUTE 'TRUNCATE ' || 't'; END $$",
    ] {
        let found = codes(&[&format!("{emptied}; {add}")]);
        assert!(!found.contains(&"M0213".to_owned()), "{emptied}: {found:?}");
    }
    each(
        &[],
        &[
            "TRUNCATE t CASCADE; ALTER TABLE c ADD c int NOT NULL",
            "TRUNCATE t CASCADE; ALTER TABLE nobodys ADD c int NOT NULL",
            "TRUNCATE nobodys; ALTER TABLE nobodys ADD c int NOT NULL",
            "TRUNCATE parts; ALTER TABLE parts ADD c int NOT NULL",
            "TRUNCATE t; ALTER TABLE t ADD c int NOT NULL UNIQUE, ALTER a TYPE bigint",
            "TRUNCATE t; CREATE INDEX i ON t (a)",
        ],
    );
    each(
        &["M0213"],
        &[
            "TRUNCATE u; ALTER TABLE t ADD c int NOT NULL",
            "DELETE FROM t WHERE a > 0; ALTER TABLE t ADD c int NOT NULL",
            "DELETE FROM t USING u; ALTER TABLE t ADD c int NOT NULL",
            "TRUNCATE t; INSERT INTO t VALUES (1); ALTER TABLE t ADD c int NOT NULL",
            "ALTER TABLE t ADD c int NOT NULL; TRUNCATE t",
            "TRUNCATE t; COPY t FROM '/rows'; ALTER TABLE t ADD c int NOT NULL",
        ],
    );
    each(&["M0220"], &["TRUNCATE t; ALTER TABLE t RENAME a TO z"]);
    each(&["M0216"], &["DELETE FROM t; CREATE INDEX i ON t (a)"]);
    assert_eq!(codes(&["TRUNCATE t", add]), ["M0213"]);
}
