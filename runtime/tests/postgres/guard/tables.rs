//! Tables of other databases and of older releases.

use super::{TABLES, scripts};
use crate::support::{Database, done, registry};

#[tokio::test]
async fn a_database_that_demands_primary_keys_gets_them() {
    let database = Database::new().await;
    database
        .run(
            "CREATE FUNCTION public.demand() RETURNS event_trigger LANGUAGE plpgsql AS $$ \
             DECLARE made record; BEGIN \
               FOR made IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP \
                 IF made.command_tag = 'CREATE TABLE' AND NOT EXISTS (SELECT 1 FROM pg_index i \
                   WHERE i.indrelid = made.objid AND i.indisprimary) THEN \
                   RAISE EXCEPTION 'table % has no primary key', made.object_identity; \
                 END IF; END LOOP; END $$; \
             CREATE EVENT TRIGGER demand ON ddl_command_end EXECUTE FUNCTION public.demand()",
        )
        .await;
    let scripts = registry(&[
        ("core", 1, "SELECT 1;", "SELECT 1;"),
        ("tenant", 2, "SELECT 1;", "SELECT 1;"),
    ]);
    let report = database.up(scripts).await.expect("it runs");
    assert_eq!(done(&report), ["core/1", "tenant/2"]);
    let without = "SELECT count(*) FROM pg_class c WHERE relkind = 'r' \
                   AND relnamespace = 'migrator'::regnamespace AND NOT EXISTS \
                   (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)";
    assert_eq!(database.value(without).await, "0");
}

#[tokio::test]
async fn a_history_of_the_first_release_is_read_and_written() {
    let database = Database::new().await;
    database.run("CREATE SCHEMA migrator").await;
    database.run(TABLES).await;
    let report = database.up(scripts()).await.expect("it runs");
    assert_eq!(done(&report), ["core/1", "core/2"]);
    let further = registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
        ("tenant", 3, "SELECT 1;", "SELECT 1;"),
    ]);
    let report = database.up(further).await.expect("it makes a table");
    assert_eq!(done(&report), ["tenant/3"]);
    let report = database.down(further).await.expect("it runs");
    assert_eq!(report.done.len(), 3);
}
