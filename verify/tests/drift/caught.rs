//! Scripts that only the history has: which errors they may catch.

use std::time::Duration;

use migrator_model::{MigrationId, Registry};

use super::SHOP;
use super::support::{Live, Script, registry};
use super::untrusted::{Target, forge, shop};

const FORGED: &str = "shop/20250101000001_f0000001_forged";

/// A function that hides every error.
const ATTEMPT: Script<'_> = (
    "shop",
    3,
    "CREATE FUNCTION shop.attempt(text) RETURNS bool LANGUAGE plpgsql AS $f$ BEGIN \
       EXECUTE $1; RETURN true; EXCEPTION WHEN OTHERS THEN RETURN false; END $f$;",
    "DROP FUNCTION shop.attempt(text);",
);

/// A function that hides two kinds of errors.
const ENSURE: Script<'_> = (
    "shop",
    4,
    "CREATE FUNCTION shop.\"Ensure\"(sql text) RETURNS bool LANGUAGE plpgsql AS $f$ BEGIN \
       EXECUTE sql; RETURN true; \
       EXCEPTION WHEN duplicate_object OR duplicate_table THEN RETURN false; END $f$; \
     CREATE TYPE shop.mood AS ENUM ('glad');",
    "DROP TYPE shop.mood; DROP FUNCTION shop.\"Ensure\"(text);",
);

/// The entries whose script caught what may be a refusal.
async fn caught(live: &Live, own: &'static Registry, script: &str) -> Vec<String> {
    forge(live, 1, script).await;
    let found = live.try_drift(own, &[]).await.expect(script);
    live.run("DELETE FROM migrator.shop_history WHERE version > 20250101000000")
        .await;
    names(&found.caught)
}

fn names(entries: &[MigrationId]) -> Vec<String> {
    entries.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_refusal_that_a_script_catches_is_reported() {
    let target = Target::new();
    let file = target.path().display();
    let program = format!("COPY (SELECT 1) TO PROGRAM ''touch {file}''");
    let own = registry(&[SHOP[0], SHOP[1], ATTEMPT]);
    let live = Live::new().await;
    live.up(own).await;
    let scripts = [
        format!("DO $do$ BEGIN EXECUTE '{program}'; EXCEPTION WHEN OTHERS THEN NULL; END $do$"),
        // Neither the word nor the block is in the text.
        format!("SELECT shop.attempt('{program}')"),
        format!("-- migrator: no-transaction\nSELECT shop.attempt('{program}');"),
        "DO $do$ BEGIN EXECUTE 'DO $x$ BEGIN CREATE ROLE r; EXCE' || \
           'PTION WHEN insufficient_privilege THEN NULL; END $x$'; END $do$"
            .to_owned(),
        // What is logged is not the script's to decide.
        format!(
            "RESET ALL; SET client_min_messages = error; \
             SELECT shop.attempt('SET log_min_messages = panic'), shop.attempt('{program}')"
        ),
        format!(
            "CREATE FUNCTION shop.late() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN \
               PERFORM shop.attempt('{program}'); RETURN NULL; END $f$; \
             CREATE TABLE shop.late_t (x int); CREATE CONSTRAINT TRIGGER late AFTER INSERT ON shop.late_t \
               DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shop.late(); \
             INSERT INTO shop.late_t VALUES (1)"
        ),
        // The server refuses one statement, and another one is harmless.
        format!(
            "DO $do$ BEGIN BEGIN CREATE SCHEMA shop; EXCEPTION WHEN OTHERS THEN NULL; END; \
               BEGIN {}; EXCEPTION WHEN OTHERS THEN NULL; END; END $do$",
            program.replace("''", "'")
        ),
        // A category of conditions.
        "DO $do$ BEGIN CREATE ROLE r; \
           EXCEPTION WHEN syntax_error_or_access_rule_violation THEN NULL; END $do$"
            .to_owned(),
        "DO $do$ BEGIN CREATE ROLE r; EXCEPTION WHEN SQLSTATE '42000' THEN NULL; END $do$"
            .to_owned(),
        "DO 'BEGIN CREATE ROLE r; EXCEPTION WHEN OTHERS THEN NULL; END'".to_owned(),
        // The function is gone, or another one, when the script has ended.
        "CREATE FUNCTION shop.g() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN CREATE ROLE r; \
           EXCEPTION WHEN OTHERS THEN NULL; END $f$; SELECT shop.g(); DROP FUNCTION shop.g();"
            .to_owned(),
        "CREATE FUNCTION shop.g() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN CREATE ROLE r; \
           EXCEPTION WHEN OTHERS THEN NULL; END $f$; SELECT shop.g(); \
         CREATE OR REPLACE FUNCTION shop.g() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN \
           EXCEPTION WHEN duplicate_object THEN NULL; END $f$;"
            .to_owned(),
    ];
    for script in scripts {
        assert_eq!(caught(&live, own, &script).await, [FORGED], "{script}");
    }
    assert!(!target.path().exists());
}

#[tokio::test]
async fn a_script_that_catches_nothing_is_noted_alone() {
    let live = shop().await;
    forge(
        &live,
        1,
        "DO $do$ BEGIN PERFORM 1; EXCEPTION WHEN OTHERS THEN NULL; END $do$; \
         SAVEPOINT a; CREATE TABLE shop.gone (); ROLLBACK TO a; RELEASE a;",
    )
    .await;
    let found = live.try_drift(registry(SHOP), &[]).await;
    let found = found.expect("the history can be repeated");
    assert_eq!(names(&found.from_history), [FORGED]);
    assert_eq!(found.caught, []);
    assert_eq!(found.differences, []);
}

#[tokio::test]
async fn an_error_that_is_no_refusal_may_be_caught() {
    let own = registry(&[SHOP[0], SHOP[1], ATTEMPT, ENSURE]);
    let live = Live::new().await;
    live.up(own).await;
    let scripts = [
        "DO $$ BEGIN CREATE TYPE shop.mood AS ENUM ('glad'); \
           EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "-- migrator: no-transaction\nDO $$ BEGIN CREATE SCHEMA shop; \
           EXCEPTION WHEN duplicate_schema OR SQLSTATE '42P06' THEN NULL; END $$;",
        "DO LANGUAGE 'plpgsql' 'BEGIN CREATE SCHEMA shop; \
           EXCEPTION WHEN duplicate_schema THEN NULL; END'",
        // A handler of all errors, of which the error says that the live server raised it too.
        "DO $do$ DECLARE state text; BEGIN CREATE SCHEMA shop; EXCEPTION WHEN OTHERS THEN \
           GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE; \
           IF state <> '42P06' THEN RAISE; END IF; END $do$",
        "DO $$ BEGIN BEGIN CREATE SCHEMA shop; EXCEPTION WHEN duplicate_table THEN NULL; END; \
           EXCEPTION WHEN duplicate_object THEN NULL; WHEN others THEN NULL; END $$",
        // A function of an earlier script.
        "SELECT shop.\"Ensure\"('CREATE TYPE shop.mood AS ENUM ()')",
        "SET search_path = shop; SELECT \"Ensure\"('CREATE TYPE shop.mood AS ENUM ()')",
        // A block that another statement runs.
        "DO $$ BEGIN EXECUTE 'DO $x$ BEGIN CREATE SCHEMA shop; ' || \
           'EXCEPTION WHEN duplicate_schema THEN NULL; END $x$'; END $$",
        // A function that the script drops again.
        "CREATE FUNCTION shop.g() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN CREATE SCHEMA shop; \
           EXCEPTION WHEN duplicate_schema THEN NULL; END $f$; SELECT shop.g(); \
         DROP FUNCTION shop.g();",
    ];
    for script in scripts {
        assert_eq!(caught(&live, own, script).await, [""; 0], "{script}");
    }
}

#[tokio::test]
async fn a_script_that_catches_its_cancellation_is_not_trusted() {
    let live = shop().await;
    forge(
        &live,
        1,
        "DO $do$ BEGIN PERFORM pg_sleep(1e9); EXCEPTION WHEN query_canceled THEN NULL; END $do$",
    )
    .await;
    let limit = Some(Duration::from_secs(1));
    let found = live.drift_within(registry(SHOP), &[], limit).await;
    match found {
        Ok(found) => assert_eq!(names(&found.caught), [FORGED]),
        Err(error) => assert_eq!(error.code().as_str(), "M0604", "{error}"),
    }
}
