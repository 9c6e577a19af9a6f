//! Databases with an encoding other than UTF-8.

use migrator_localpg::Throwaway;
use migrator_runtime::{ErrorKind, Migrator, Part};

use super::support::{Database, core, fault, registry, within};

/// A database with this encoding.
async fn encoded(encoding: &str, test: &str) -> Database {
    let server = Throwaway::shared().expect("a server");
    let name = format!("{test}_{}_{}", encoding.to_lowercase(), std::process::id());
    let url = server.url("postgres");
    let postgres = Database::at(url);
    postgres
        .run(&format!("DROP DATABASE IF EXISTS {name}"))
        .await;
    postgres
        .run(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        ))
        .await;
    Database::at(server.url(&name))
}

#[tokio::test]
async fn scripts_are_applied_and_reverted_in_every_encoding_that_has_their_characters() {
    for (encoding, text) in [
        ("LATIN1", "Grüße"),
        ("SQL_ASCII", "Grüße €"),
        ("EUC_JP", "日本"),
    ] {
        let database = encoded(encoding, "has").await;
        let up = format!("CREATE TABLE \"{text}\" (x text DEFAULT '{text}');\nSELECT '{text}';");
        let long = format!("SELECT '{text}'; -- {}", "x".repeat(1_000_000));
        let registry = core(&[&up, &long]);
        database.up(registry).await.expect(encoding);
        let name = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
        assert_eq!(database.value(name).await, text, "{encoding}");
        let recorded = "SELECT up_script FROM migrator.core_history ORDER BY version LIMIT 1";
        assert_eq!(database.value(recorded).await, up, "{encoding}");
        let recorded = recorded.replace("LIMIT 1", "OFFSET 1");
        assert!(database.value(&recorded).await == long, "{encoding}");
        let again = database.up(registry).await.expect(encoding);
        assert_eq!(again.done.len(), 0, "{encoding}: nothing has changed");
        let report = database.down(registry).await.expect(encoding);
        assert_eq!(report.done.len(), 2, "{encoding}");
    }
}

#[tokio::test]
async fn the_position_of_a_character_outside_the_encoding_is_reported() {
    for (encoding, text, first) in [("LATIN1", "ü€", "ü"), ("EUC_JP", "日😀", "日")] {
        let database = encoded(encoding, "lacks").await;
        for head in ["", "-- migrator: no-transaction\n"] {
            let script = format!("{head}SELECT 1;\nSELECT '{text}';");
            let failed = fault(database.up(core(&[&script])).await);
            let place = failed.position.map(|at| (at.line, at.column));
            let line = script.lines().count();
            let column = "SELECT '".chars().count() + first.chars().count() + 1;
            assert_eq!(place, Some((line, column)), "{encoding}: {failed:?}");
            assert_eq!(failed.part, Part::Script);
            assert_eq!(failed.sqlstate.as_deref(), Some("22P05"));
            database.run("DROP SCHEMA IF EXISTS migrator CASCADE").await;
        }
    }
}

#[tokio::test]
async fn the_position_of_such_a_character_in_a_down_script_is_reported_too() {
    let down = "SELECT 1;\nSELECT 'ü€';";
    for head in ["", "-- migrator: no-transaction\n"] {
        let database = encoded("LATIN1", "down").await;
        let up = format!("{head}CREATE TABLE plans (x text DEFAULT 'ü');");
        let failed = fault(database.up(registry(&[("core", 1, &up, down)])).await);
        let place = failed.position.map(|at| (at.line, at.column));
        assert_eq!(place, Some((2, 10)), "{failed:?}");
        let path = failed.path.as_deref().unwrap_or_default();
        assert!(path.ends_with(".down.sql"), "{path}");
        assert_eq!(failed.line.as_deref(), Some("SELECT 'ü€';"));
        assert_eq!(failed.part, Part::Script);
        assert_eq!(failed.code.to_string(), "M0501");
        assert_eq!(failed.sqlstate.as_deref(), Some("22P05"));
        let made = "SELECT count(*) FROM pg_class WHERE relname = 'plans'";
        assert_eq!(database.value(made).await, "0");
        // The migration was applied with another down script; the new one must be recorded.
        let before = registry(&[("core", 1, &up, "SELECT 1;")]);
        database.up(before).await.expect("it has the characters");
        let mut migrator = Migrator::new(registry(&[("core", 1, &up, down)]));
        let mut client = database.client().await;
        let edits = within("edits", migrator.edits(&client, "core", None)).await;
        let edits = edits.expect("they are read");
        let accepted = within("accept", migrator.accept(&mut client, &edits)).await;
        let error = accepted.expect_err("it has not this one");
        assert!(error.help().contains("such as UTF8"), "{}", error.help());
        let ErrorKind::Script(failed) = &*error.kind else {
            panic!("{error:?}");
        };
        let place = failed.position.map(|at| (at.line, at.column));
        assert_eq!(place, Some((2, 10)), "{failed:?}");
        within("close", client.close()).await;
    }
}

#[tokio::test]
async fn after_an_edit_that_cannot_be_recorded_no_later_edit_is_recorded() {
    let database = encoded("LATIN1", "edits").await;
    let scripts = |down: [&'static str; 3]| {
        registry(&[
            ("core", 1, "SELECT 1;", down[0]),
            ("core", 2, "SELECT 2;", down[1]),
            ("core", 3, "SELECT 3;", down[2]),
        ])
    };
    database
        .up(scripts(["SELECT 0;"; 3]))
        .await
        .expect("it runs");
    let edited = ["SELECT 'ü';", "SELECT '€';", "SELECT 'ä';"];
    let mut migrator = Migrator::new(scripts(edited));
    let mut client = database.client().await;
    let edits = within("edits", migrator.edits(&client, "core", None)).await;
    let edits = edits.expect("they are read");
    let accepted = within("accept", migrator.accept(&mut client, &edits)).await;
    let error = accepted.expect_err("the second is not of the encoding");
    let recorded: Vec<i64> = error
        .report
        .recorded
        .iter()
        .map(|id| id.version.as_integer() % 10)
        .collect();
    assert_eq!(recorded, [1]);
    let scripts = "SELECT string_agg(down_script, ' ' ORDER BY version) FROM migrator.core_history";
    assert_eq!(
        database.value(scripts).await,
        "SELECT 'ü'; SELECT 0; SELECT 0;"
    );
    assert_eq!(database.events().await[3..], ["accept core/1"]);
    within("close", client.close()).await;
}
