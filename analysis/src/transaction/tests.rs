//! Scripts in, findings out.

use migrator_model::{Code, Tree, resolve};

const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n";

/// The findings on the transaction of an up script: the code and the help of each.
fn findings(up: &str) -> Vec<String> {
    let tree = Tree::new("database")
        .with_file("services.toml", MANIFEST)
        .with_file("migrations/a/20240101000000_00000000_m.up.sql", up)
        .with_file(
            "migrations/a/20240101000000_00000000_m.down.sql",
            "SELECT 1;",
        );
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, [], "{up}");
    let codes = [
        Code::M0208,
        Code::M0210,
        Code::M0211,
        Code::M0212,
        Code::M0214,
    ];
    let found = crate::analyse(&resolved).into_iter();
    let found = found.filter(|one| codes.contains(&one.code));
    found
        .map(|one| format!("{} {}", one.code, one.help))
        .collect()
}

fn outside(script: &str) -> Vec<String> {
    findings(&format!("-- migrator: no-transaction\n{script}; VACUUM;"))
}

#[test]
fn an_object_that_is_dropped_if_it_exists_can_be_created_again() {
    for script in [
        "DROP TRIGGER IF EXISTS x ON t; CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()",
        "DROP INDEX CONCURRENTLY IF EXISTS s.i; CREATE INDEX CONCURRENTLY i ON s.t (a)",
        "ALTER TABLE t DROP CONSTRAINT IF EXISTS k; ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)",
        "DROP TABLE IF EXISTS t; CREATE TABLE t (a int)",
        "ALTER TABLE t SET (fillfactor = 70); COMMENT ON TABLE t IS 'x'",
    ] {
        assert_eq!(outside(script), [] as [&str; 0], "{script}");
    }
    for script in [
        "DROP INDEX IF EXISTS j; CREATE INDEX CONCURRENTLY i ON t (a)",
        "CREATE INDEX CONCURRENTLY i ON t (a); DROP INDEX IF EXISTS i",
        "ALTER TABLE t DROP CONSTRAINT IF EXISTS k; ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0), DROP c",
    ] {
        let findings = outside(script);
        assert!(
            findings.len() == 1 && findings[0].starts_with("M0214"),
            "{script}: {findings:?}"
        );
    }
}

#[test]
fn a_script_that_adds_and_validates_a_constraint_becomes_two_migrations() {
    let add =
        "-- migrator: no-transaction\nALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;";
    let prove = "ALTER TABLE t VALIDATE CONSTRAINT k;";
    let both = findings(&format!("{add} {prove}"));
    assert!(
        both[0].starts_with("M0212 put each VALIDATE CONSTRAINT"),
        "{both:?}"
    );
    let alone = findings(add);
    assert!(
        alone[0].starts_with("M0212 remove the directive"),
        "{alone:?}"
    );
}

#[test]
fn a_script_may_use_its_own_savepoints() {
    for script in [
        "SAVEPOINT a; SELECT 1; RELEASE a;",
        "SAVEPOINT a; SELECT 1; ROLLBACK TO SAVEPOINT A; ROLLBACK TO a; RELEASE SAVEPOINT a;",
        "SAVEPOINT a; SAVEPOINT b; RELEASE a;",
        "SAVEPOINT a; SELECT 1;",
    ] {
        assert_eq!(findings(script), [] as [&str; 0], "{script}");
    }
    for script in [
        "ROLLBACK TO a;",
        "SAVEPOINT a; RELEASE b;",
        "SAVEPOINT a; SAVEPOINT b; RELEASE a; ROLLBACK TO b;",
        "SAVEPOINT a; ROLLBACK;",
        "SAVEPOINT a; COMMIT;",
    ] {
        let findings = findings(script);
        assert!(
            findings.len() == 1 && findings[0].starts_with("M0210"),
            "{script}: {findings:?}"
        );
    }
}

#[test]
fn savepoints_need_a_transaction() {
    for (script, expected) in [
        ("SAVEPOINT a; RELEASE a;", "M0210 write it between"),
        ("BEGIN; COMMIT; SAVEPOINT a;", "M0210 write it between"),
        ("VACUUM; ROLLBACK TO a;", "M0210 write it between"),
        (
            "BEGIN; COMMIT AND NO CHAIN; SAVEPOINT a;",
            "M0210 write it between",
        ),
        ("BEGIN; SAVEPOINT a; RELEASE a; COMMIT;", ""),
        ("BEGIN; COMMIT AND CHAIN; SAVEPOINT a; COMMIT;", ""),
    ] {
        let findings = findings(&format!("-- migrator: no-transaction\n{script}"));
        let refused: Vec<&String> = findings
            .iter()
            .filter(|one| one.starts_with("M0210"))
            .collect();
        assert_eq!(
            refused.len(),
            usize::from(!expected.is_empty()),
            "{script}: {findings:?}"
        );
        assert!(
            refused.iter().all(|one| one.starts_with(expected)),
            "{script}: {findings:?}"
        );
    }
}
