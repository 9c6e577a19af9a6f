//! A write of the history that changes no row fails its step.

use migrator_runtime::{Direction, Migrator, Outcome, Registry};

use crate::support::{Database, core, fault, registry, within};

/// A script that makes a later statement of the run change no row.
fn swallowing(table: &str, mode: &str) -> String {
    format!(
        "{mode}CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS \
           $$ BEGIN RETURN NULL; END $$;\n\
         CREATE TRIGGER swallow BEFORE INSERT OR UPDATE OR DELETE ON migrator.{table} \
           FOR EACH ROW EXECUTE FUNCTION swallow();"
    )
}

#[tokio::test]
async fn a_step_whose_entry_is_not_written_fails_and_is_rolled_back() {
    for table in ["core_history", "event"] {
        let database = Database::new().await;
        database.up(core(&["SELECT 1;"])).await.expect("it runs");
        let script = swallowing(table, "");
        let fault = database.fault(core(&["SELECT 1;", &script])).await;
        let message = swallowed(table);
        assert_eq!(fault.message, message);
        assert_eq!(fault.code.to_string(), "M0505");
        assert_eq!(database.recorded().await, ["core/1"]);
        let left = "SELECT count(*) FROM pg_proc WHERE proname = 'swallow'";
        assert_eq!(database.value(left).await, "0");
        let down = registry(&[("core", 1, "SELECT 1;", &script)]);
        let failed = fault_of_down(&database, down).await;
        assert_eq!(failed, message);
        assert_eq!(database.recorded().await, ["core/1"]);
        assert_eq!(database.value(left).await, "0");
    }
}

async fn fault_of_down(database: &Database, registry: &'static Registry) -> String {
    fault(database.down(registry).await).message
}

#[tokio::test]
async fn a_step_outside_a_transaction_whose_entry_is_not_written_fails() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1;"])).await.expect("it runs");
    let script = swallowing("core_history", "-- migrator: no-transaction\n");
    let fault = database.fault(core(&["SELECT 1;", &script])).await;
    assert_eq!(fault.message, swallowed("core_history"));
    assert_eq!(database.recorded().await, ["core/1", "core/2 dirty up"]);
}

#[tokio::test]
async fn a_deletion_that_a_trigger_swallows_is_made_up_for_as_the_help_says() {
    let database = Database::new().await;
    let down = "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS i;";
    let registry = registry(&[("core", 1, "CREATE TABLE a (id int);", down)]);
    database.up(registry).await.expect("it runs");
    // An audit trigger that returns NEW, which is NULL for a DELETE.
    let audit = "CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS \
                   $$ BEGIN RETURN NEW; END $$; \
                 CREATE TRIGGER swallow BEFORE INSERT OR UPDATE OR DELETE \
                   ON migrator.core_history FOR EACH ROW EXECUTE FUNCTION public.audit()";
    database.run(audit).await;
    for _ in 0..2 {
        let error = database.down(registry).await.expect_err("it is swallowed");
        assert!(error.to_string().contains(&swallowed("core_history")));
        let help = "only the record in the history is missing: remove the cause, then run \
                    `Migrator::down`, which adds the record";
        assert!(error.help().contains(help), "{}", error.help());
    }
    database.run("DROP FUNCTION public.audit() CASCADE").await;
    database.down(registry).await.expect("it adds the record");
    assert!(database.recorded().await.is_empty());
}

fn swallowed(table: &str) -> String {
    format!(
        "a write of the history changed 0 rows of `migrator.{table}` where 1 was expected; the \
         table has the trigger `swallow`"
    )
}

/// An administrator's trigger on a command of the service's table. Its return value decides
/// what happens to the row.
fn returning(command: &str, value: &str) -> String {
    format!(
        "CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql AS \
           $$ BEGIN RETURN {value}; END $$; \
         CREATE TRIGGER swallow BEFORE {command} ON migrator.core_history \
           FOR EACH ROW EXECUTE FUNCTION public.swallow()"
    )
}

/// Two migrations; the second has this directive.
fn two(mode: &str) -> &'static Registry {
    let up = format!("{mode}CREATE TABLE b ();");
    let down = format!("{mode}DROP TABLE b;");
    registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, &up, &down),
    ])
}

const OUTSIDE: &str = "-- migrator: no-transaction\n";

#[tokio::test]
async fn a_trusted_trigger_that_swallows_an_entry_fails_the_step() {
    let b = "SELECT to_regclass('b') IS NOT NULL";
    // The command, the trigger's return value, the direction, the dirty mark that remains for a
    // script outside a transaction, and whether its table exists.
    for (command, value, direction, left, there) in [
        ("DELETE", "NEW", Direction::Down, "core/2 dirty down", "f"),
        ("UPDATE", "NULL", Direction::Down, "core/2", "t"),
        ("UPDATE", "OLD", Direction::Down, "core/2", "t"),
        ("INSERT", "OLD", Direction::Up, "", "f"),
        ("UPDATE", "OLD", Direction::Up, "core/2 dirty up", "t"),
    ] {
        for mode in ["", OUTSIDE] {
            if mode.is_empty() && command == "UPDATE" {
                continue;
            }
            let case = format!("{command} {value} {direction:?} {mode:?}");
            let database = Database::new().await;
            let scripts = two(mode);
            let first = registry(&[("core", 1, "CREATE TABLE a ();", "DROP TABLE a;")]);
            database.up(first).await.expect("it runs");
            if direction == Direction::Down {
                database.up(scripts).await.expect("it runs");
            }
            database.run(&returning(command, value)).await;
            let failed = match direction {
                Direction::Up => database.up(scripts).await,
                Direction::Down => database.down(scripts).await,
            };
            assert_eq!(fault(failed).message, swallowed("core_history"), "{case}");
            let mut entries = vec!["core/1".to_owned()];
            let second = match (mode, direction) {
                (OUTSIDE, _) => left,
                (_, Direction::Up) => "",
                (_, Direction::Down) => "core/2",
            };
            entries.extend((!second.is_empty()).then(|| second.to_owned()));
            assert_eq!(database.recorded().await, entries, "{case}");
            let is_there = match mode {
                OUTSIDE => there,
                _ if direction == Direction::Down => "t",
                _ => "f",
            };
            assert_eq!(database.value(b).await, is_there, "{case}");
        }
    }
}

#[tokio::test]
async fn a_trusted_trigger_that_swallows_a_repair_fails_it() {
    for (command, outcome) in [("UPDATE", Outcome::Applied), ("DELETE", Outcome::Reverted)] {
        let database = Database::new().await;
        database.up(two("")).await.expect("it runs");
        database
            .run("UPDATE migrator.core_history SET dirty = 'up' WHERE version % 10 = 2")
            .await;
        database.run(&returning(command, "NULL")).await;
        let error = database.repair(two(""), 2, outcome).await;
        let error = error.expect_err("nothing was written");
        assert_eq!(error.code().to_string(), "M0505");
        let message = format!("{error}: {:?}", error.kind);
        assert!(message.contains(&swallowed("core_history")), "{message}");
        assert_eq!(database.recorded().await, ["core/1", "core/2 dirty up"]);
    }
}

#[tokio::test]
async fn a_trusted_trigger_that_swallows_an_accepted_change_fails_it() {
    let database = Database::new().await;
    database.up(two("")).await.expect("it runs");
    for value in ["NULL", "OLD"] {
        database
            .run("DROP FUNCTION IF EXISTS public.swallow() CASCADE")
            .await;
        database.run(&returning("UPDATE", value)).await;
        let edited = registry(&[
            ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
            ("core", 2, "CREATE TABLE b (id int);", "DROP TABLE b;"),
        ]);
        let mut client = database.client().await;
        let mut migrator = Migrator::new(edited);
        let edits = migrator.edits(&client, "core", None).await;
        let edits = edits.expect("they are read");
        let accept = migrator.accept(&mut client, &edits);
        let error = within("accept", accept).await.expect_err("it is swallowed");
        let message = format!("{error}: {:?}", error.kind);
        assert!(message.contains(&swallowed("core_history")), "{message}");
        assert_eq!(database.events().await, ["apply core/1", "apply core/2"]);
    }
}
