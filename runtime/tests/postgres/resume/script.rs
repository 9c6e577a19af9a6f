//! At which statement a script resumes, and which scripts never do.

use migrator_runtime::Left;
use migrator_runtime::plan::Remedy;

use super::{BUILD, VALID, table, taken_up};
use crate::support::core;

#[tokio::test]
async fn a_script_resumes_at_its_first_unfinished_statement() {
    let database = table().await;
    database
        .run("CREATE TYPE mood AS ENUM ('sad'); INSERT INTO a VALUES (1), (1)")
        .await;
    let script = "-- migrator: no-transaction\n\
                  SET search_path = public;\n\
                  ALTER TYPE mood ADD VALUE 'o''k' BEFORE 'sad';\n\
                  CREATE INDEX CONCURRENTLY j ON a (other);\n\
                  COMMENT ON INDEX j IS 'why';\n\
                  CREATE UNIQUE INDEX CONCURRENTLY i ON a (id);\n\
                  ANALYZE a;";
    let registry = core(&[script]);
    assert_eq!(database.fault(registry).await.left, Left::Resumable);
    let built = database.value("SELECT 'j'::regclass::oid").await;
    database.run("DELETE FROM a").await;
    assert_eq!(
        taken_up(&database, registry).await,
        [
            "the value `o'k` is there: it is not added again",
            "the index `j` is there and valid: it is not built again",
            "the index `i` was left invalid: it is dropped and built again",
        ]
    );
    assert_eq!(database.value("SELECT 'j'::regclass::oid").await, built);
    assert_eq!(
        database.value("SELECT enum_range(NULL::mood)").await,
        "{o'k,sad}"
    );
}

#[tokio::test]
async fn only_the_script_that_was_interrupted_is_resumed() {
    let database = table().await;
    database.run("INSERT INTO a VALUES (7), (7)").await;
    let script = BUILD.replace("INDEX", "UNIQUE INDEX");
    database.fault(core(&[&script])).await;
    let edited = core(&[&script.replace("(id)", "(other)")]);
    let error = database.up(edited).await.expect_err("it is another script");
    assert_eq!(error.code().to_string(), "M0404");
    let remedy = &error.conflicts()[0].remedy;
    let cannot = |remedy: &Remedy| {
        matches!(
            remedy,
            Remedy::RepairDirty {
                resumable: false,
                ..
            }
        )
    };
    assert!(cannot(remedy), "{remedy:?}");
    assert_eq!(database.value(VALID).await, "false", "nobody touched it");
    database.run("DELETE FROM a").await;
    let cosmetic = script.replace("ON a", "\n  ON a -- what\n");
    taken_up(&database, core(&[&cosmetic])).await;
}

#[tokio::test]
async fn a_statement_that_the_catalog_does_not_show_stays_dirty() {
    for script in [
        "CREATE INDEX CONCURRENTLY ON a (id); SELECT nothing;",
        "CREATE INDEX CONCURRENTLY i ON a (id); INSERT INTO a VALUES ('x');",
    ] {
        let database = table().await;
        let registry = core(&[&format!("-- migrator: no-transaction\n{script}")]);
        assert_eq!(database.fault(registry).await.left, Left::Dirty);
        let error = database.up(registry).await.expect_err("it is dirty");
        assert_eq!(error.code().to_string(), "M0404");
    }
}
