//! Folders and histories of Flyway.

use super::Flyway;
use crate::files::Files;
use crate::history::{Database, Lock, OldEntry, OldState};
use crate::source::Source;
use crate::tool::Tool;
use crate::tools::tests::{messages, read};

fn keys(source: &Source) -> Vec<&str> {
    let all = source.migrations.iter();
    all.map(|one| one.key.as_str()).collect()
}

/// The keys of the migrations that these rows mean.
fn applied<'a>(source: &'a Source, rows: &[&str]) -> Result<Vec<&'a str>, String> {
    let entries = rows.iter().map(|key| OldEntry {
        key: (*key).to_owned(),
        applied_on: None,
        state: OldState::Applied,
    });
    let entries: Vec<_> = entries.collect();
    let history = Flyway.applied(source, &entries);
    let history = history.map_err(|problem| problem.message)?;
    let applied = history.applied.iter();
    Ok(applied
        .map(|(index, _)| source.migrations[*index].key.as_str())
        .collect())
}

#[test]
fn versions_have_parts() {
    let source = Flyway.read(&Files::of(
        "db",
        &[
            ("V1.10__c.sql", "SELECT 3;\r\n"),
            ("V1_2__b.sql", "SELECT '${x}';"),
            ("V1_2__b.sql.conf", "placeholderReplacement=false\n"),
            ("core/V1__a.sql", ""),
            ("core/U1.0__a.sql", "SELECT 0;"),
            ("V2__i.sql", "CREATE INDEX CONCURRENTLY i ON a (b);"),
            ("V3__i.sql", "SELECT 4;"),
            ("V3__i.sql.conf", "executeInTransaction = false"),
            ("R__views.sql", ""),
        ],
    ));
    assert_eq!(source.problems, []);
    assert_eq!(keys(&source), ["1", "1.2", "1.10", "2", "3"]);
    assert!(source.migrations[0].down.is_some());
    assert_eq!(source.migrations[2].up.sql, "SELECT 3;\n");
    let outside = source.migrations.iter().map(|one| one.up.no_transaction);
    assert_eq!(
        outside.collect::<Vec<_>>(),
        [false, false, false, true, true]
    );
    assert_eq!(source.left_out.len(), 1);
    assert_eq!(applied(&source, &["1", "1.02"]), Ok(vec!["1", "1.2"]));
}

#[test]
fn what_cannot_be_converted_has_a_place() {
    let source = Flyway.read(&Files::of(
        "db",
        &[
            (
                "V1__a.sql",
                "SELECT 1;\nSELECT '${owner}', '${owner}', '${';",
            ),
            ("V2__b.sql", ""),
            ("V2.0__c.sql", ""),
            ("U3__d.sql", ""),
            ("V4__e.sql", ""),
            ("V4__e.sql.conf", "shouldExecute=${run}"),
        ],
    ));
    assert_eq!(
        messages(&source),
        [
            "db/V1__a.sql:2:9: Flyway replaces `${owner}` by a value",
            "db/V2__b.sql: version 2 has another up script, `db/V2.0__c.sql`",
            "db/U3__d.sql: this down script has no up script",
            "db/V4__e.sql.conf: Flyway runs this script on a condition, `shouldExecute`",
        ]
    );
}

#[test]
fn a_baseline_row_means_all_migrations_up_to_it() {
    let source = read(&Flyway, &["V1__a.sql", "V2__b.sql", "V3__c.sql"]);
    assert_eq!(applied(&source, &["B2", "3"]), Ok(vec!["1", "2", "3"]));
    assert_eq!(applied(&source, &["B2.5"]), Ok(vec!["1", "2"]));
    assert_eq!(
        applied(&source, &["4"]),
        Err("the old history has migration `4`, which is not in the folder".to_owned())
    );
}

#[test]
fn a_baseline_file_stands_for_files_that_are_gone() {
    let source = read(&Flyway, &["B3__base.sql", "V4__d.sql"]);
    assert_eq!(keys(&source), ["3", "4"]);
    assert_eq!(applied(&source, &["1", "2", "3"]), Ok(vec!["3"]));
    assert_eq!(applied(&source, &["B3", "4"]), Ok(vec!["3", "4"]));

    let source = read(&Flyway, &["B3__base.sql", "V1__a.sql", "V3__c.sql"]);
    assert_eq!(keys(&source), ["1", "3"]);
    assert_eq!(source.left_out[0].path, "db/B3__base.sql");
}

#[test]
fn a_failed_migration_is_refused() {
    let source = read(&Flyway, &["V1__a.sql"]);
    for key in ["1", "B1"] {
        let entry = OldEntry {
            key: key.to_owned(),
            applied_on: None,
            state: OldState::Failed,
        };
        assert!(Flyway.applied(&source, &[entry]).is_err());
    }
}

#[test]
fn the_lock_is_that_of_the_tool() {
    let database = Database {
        database: "notes",
        schema: "public",
        table: "flyway_schema_history",
    };
    // The second number is Java's hash of `"public"."flyway_schema_history"`.
    let key = 77_431_708_279_161 + 2_125_624_436;
    assert_eq!(Flyway.lock(database), Lock::Advisory(key));
}
