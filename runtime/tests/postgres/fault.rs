//! The errors of a failing script, and their positions.

use migrator_localpg::Throwaway;
use migrator_runtime::{Fault, Left, Options, Part, Registry, Target};

use super::support::{Database, core, fault, registry, stem, with_events};

/// The position and its line, such as `2:8 SELECT x`.
fn place(fault: &Fault) -> String {
    let position = fault
        .position
        .map_or_else(|| "-".to_owned(), |at| at.to_string());
    format!("{position} {}", fault.line.as_deref().unwrap_or("-"))
}

async fn place_of(script: &str) -> String {
    let database = Database::new().await;
    let fault = database.fault(core(&[script])).await;
    let path = format!("database/migrations/core/{}.up.sql", stem("core", 1));
    assert_eq!(fault.path.as_deref(), Some(path.as_str()));
    place(&fault)
}

#[tokio::test]
async fn a_failure_has_file_line_column_and_the_line_itself() {
    let database = Database::new().await;
    let script = "CREATE TABLE a (id int);\n\nINSERT INTO a\n  VALUES (nothing);\n";
    let fault = database.fault(core(&[script])).await;
    assert_eq!(
        fault.to_string(),
        "`core/20240101000001_c000001a_m1` failed: column \"nothing\" does not exist"
    );
    assert_eq!(place(&fault), "4:11   VALUES (nothing);");
    assert_eq!(fault.sqlstate.as_deref(), Some("42703"));
    assert_eq!(fault.left, Left::Nothing);
    assert_eq!(database.value("SELECT to_regclass('a') IS NULL").await, "t");
}

#[tokio::test]
async fn without_a_position_from_the_server_the_statement_is_named() {
    assert_eq!(
        place_of("SELECT 1;\n-- why\nSELECT 2,\n  1/0;\nSELECT 3;").await,
        "3:1 SELECT 2,"
    );
    assert_eq!(
        place_of("SELECT 1; ;;\n  DO $$ BEGIN\n  RAISE 'no';\nEND $$;").await,
        "2:3   DO $$ BEGIN"
    );
    // For the server it is one statement, as it is for the reader.
    assert_eq!(
        place_of(
            "CREATE TABLE a (); CREATE RULE r AS ON DELETE TO a DO ALSO (SELECT 1; SELECT 2);\n\
             SELECT 1/0;"
        )
        .await,
        "2:1 SELECT 1/0;"
    );
}

#[tokio::test]
async fn a_body_of_several_statements_is_one_statement_to_servers_that_know_it() {
    let body = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;";
    let server = Throwaway::shared().expect("a server");
    let expected = match server.programs().major {
        ..14 => format!("2:33 {body}"),
        14.. => "3:1 SELECT 1/0;".to_owned(),
    };
    let script = format!("SELECT 1;\n{body}\nSELECT 1/0;");
    assert_eq!(place_of(&script).await, expected);
}

#[tokio::test]
async fn a_syntax_error_is_placed_before_anything_runs() {
    assert_eq!(place_of("SELECT 1;\nSELEKT 2;").await, "2:1 SELEKT 2;");
}

#[tokio::test]
async fn a_script_that_breaks_off_fails_at_its_end() {
    assert_eq!(
        place_of("CREATE TABLE a (\n  id int\n\n").await,
        "2:9   id int"
    );
    assert_eq!(place_of("SELECT 1 +").await, "1:11 SELECT 1 +");
    let outside = "-- migrator: no-transaction\nSELECT 1 +";
    assert_eq!(place_of(outside).await, "2:11 SELECT 1 +");
}

#[tokio::test]
async fn columns_are_counted_in_characters() {
    assert_eq!(
        place_of("SELECT '日本語 🐘 ü', nothing;").await,
        "1:19 SELECT '日本語 🐘 ü', nothing;"
    );
    let outside = "-- migrator: no-transaction\n-- ü\nSELECT '🐘';\nSELECT 'ü', nothing;";
    assert_eq!(place_of(outside).await, "4:13 SELECT 'ü', nothing;");
}

#[tokio::test]
async fn carriage_returns_and_a_byte_order_mark_do_not_shift_positions() {
    assert_eq!(
        place_of("\u{feff}SELECT nothing;").await,
        "1:8 SELECT nothing;"
    );
    assert_eq!(
        place_of("\u{feff}SELECT 1;\r\n\r\nSELECT nothing;\r\n").await,
        "3:8 SELECT nothing;"
    );
}

#[tokio::test]
async fn a_failure_of_the_commit_names_the_file_without_a_line() {
    let script = "CREATE TABLE a (id int PRIMARY KEY, a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\
                  INSERT INTO a VALUES (1, 2);";
    let database = Database::new().await;
    let fault = database.fault(core(&[script])).await;
    assert_eq!(fault.sqlstate.as_deref(), Some("23503"));
    assert_eq!(place(&fault), "- -");
    assert!(
        fault
            .detail
            .is_some_and(|detail| detail.contains("(a)=(2)"))
    );
    assert_eq!(database.events().await, ["failure core/1"]);
    assert!(database.recorded().await.is_empty());
}

#[tokio::test]
async fn a_down_script_is_placed_in_its_own_file() {
    let database = Database::new().await;
    let registry = registry(&[("core", 1, "SELECT 1;", "SELECT 1;\nSELECT nothing;")]);
    database.up(registry).await.expect("it runs");
    let fault = super::support::fault(database.down(registry).await);
    assert_eq!(place(&fault), "2:8 SELECT nothing;");
    assert!(fault.path.is_some_and(|path| path.ends_with(".down.sql")));
    assert_eq!(database.recorded().await, ["core/1"]);
    assert_eq!(database.events().await, ["apply core/1", "failure core/1"]);
}

#[tokio::test]
async fn an_error_in_a_function_has_its_context() {
    let database = Database::new().await;
    let script = "DO $$ BEGIN RAISE 'no' USING DETAIL = 'd', HINT = 'h', ERRCODE = 'AB123'; END $$";
    let fault = database.fault(core(&[script])).await;
    assert_eq!(fault.message, "no");
    assert_eq!(fault.detail.as_deref(), Some("d"));
    assert_eq!(fault.hint.as_deref(), Some("h"));
    assert_eq!(fault.sqlstate.as_deref(), Some("AB123"));
    assert!(
        fault
            .context
            .is_some_and(|context| context.contains("RAISE"))
    );
}

#[tokio::test]
async fn an_error_in_another_encoding_leaves_the_client_usable() {
    let database = Database::new().await;
    let script = "SET client_encoding = 'LATIN1'; DO $$ BEGIN RAISE 'ü'; END $$;";
    let mut client = database.client().await;
    let mut migrator = migrator_runtime::Migrator::new(core(&[script]));
    let run = migrator.up(&mut client, migrator_runtime::Target::all());
    super::support::within("up", run)
        .await
        .expect_err("it fails");
    let again = database
        .up(core(&["SELECT 1;"]))
        .await
        .expect("nothing is in its way");
    assert_eq!(again.done.len(), 1);
}

/// The notices during a run that fails.
async fn told_of(registry: &'static Registry) -> (Fault, Vec<String>) {
    let database = Database::new().await;
    let (migrator, events) = with_events(registry, Options::default());
    let fault = fault(database.up_with(migrator, Target::all()).await);
    let all = events.all.lock().expect("nobody panics");
    let notices = all.iter().filter(|event| event.starts_with("notice"));
    (fault, notices.cloned().collect())
}

#[tokio::test]
async fn a_deferred_constraint_fails_at_commit_without_a_warning_about_our_rollback() {
    let (fault, notices) = told_of(core(&[
        "CREATE TABLE users (id int PRIMARY KEY);",
        "CREATE TABLE orders (id int REFERENCES users DEFERRABLE INITIALLY DEFERRED);\n\
         INSERT INTO orders VALUES (42);",
    ]))
    .await;
    let expected = format!(
        "`core/{}` failed at COMMIT: insert or update on table \"orders\" violates foreign \
         key constraint \"orders_id_fkey\"",
        stem("core", 2)
    );
    assert_eq!(fault.to_string(), expected);
    assert_eq!((fault.part, fault.left), (Part::Commit, Left::Nothing));
    let constraint = "`orders_id_fkey` of `public.orders`";
    assert_eq!(fault.constraint.as_deref(), Some(constraint));
    assert_eq!(fault.position, None, "the server names no line");
    assert!(fault.path.is_some_and(|path| path.ends_with(".up.sql")));
    assert_eq!(notices, [""; 0]);
}

#[tokio::test]
async fn a_deferred_trigger_fails_at_commit_too() {
    let (fault, notices) = told_of(core(&["CREATE TABLE t (x int);\n\
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ \
           BEGIN RAISE EXCEPTION 'not today'; END $$;\n\
         CREATE CONSTRAINT TRIGGER c AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED \
           FOR EACH ROW EXECUTE FUNCTION f();\n\
         INSERT INTO t VALUES (1);"]))
    .await;
    assert_eq!(fault.part, Part::Commit);
    assert!(fault.to_string().ends_with("failed at COMMIT: not today"));
    assert_eq!((fault.constraint, notices), (None, vec![]));
}

#[tokio::test]
async fn a_failure_outside_a_transaction_does_not_mention_our_rollback() {
    let script = "-- migrator: no-transaction\nSELECT 1;\nSELECT 1 / 0;";
    let (fault, notices) = told_of(core(&[script])).await;
    assert_eq!((fault.part, notices), (Part::Script, vec![]));
    // A notice that the script itself causes is reported.
    let script = "-- migrator: no-transaction\nCOMMIT;\nSELECT 1 / 0;";
    let (_, notices) = told_of(core(&[script])).await;
    assert_eq!(notices, ["notice there is no transaction in progress"]);
}
