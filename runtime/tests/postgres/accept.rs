//! Records scripts that were edited after they were applied.

use migrator_runtime::plan::Remedy;
use migrator_runtime::{Edit, Error, Migrator, Outcome, Registry, Version};

use super::support::{Database, Script, core, registry, version};

async fn edits(
    database: &Database,
    registry: &'static Registry,
    version: Option<Version>,
) -> Result<Vec<Edit>, Error> {
    let client = database.client().await;
    Migrator::new(registry)
        .edits(&client, "core", version)
        .await
}

async fn accept(
    database: &Database,
    registry: &'static Registry,
    edits: &[Edit],
) -> Result<(), Error> {
    let mut client = database.client().await;
    Migrator::new(registry).accept(&mut client, edits).await
}

fn both(up: &str, down: &str) -> &'static Registry {
    let scripts: [Script<'_>; 1] = [("core", 1, up, down)];
    registry(&scripts)
}

#[tokio::test]
async fn an_accepted_migration_is_no_longer_changed() {
    let database = Database::new().await;
    database
        .up(core(&["CREATE TABLE a ()", "SELECT 2"]))
        .await
        .expect("it runs");
    let edited = core(&["CREATE TABLE a (id int)", "SELECT 2"]);
    let refused = database.up(edited).await.expect_err("it was changed");
    assert_eq!(refused.code().to_string(), "M0401");
    let id = edited.get(0).expect("it has one").id();
    assert_eq!(refused.conflicts()[0].remedy, Remedy::AcceptChange { id });

    let found = edits(&database, edited, None).await.expect("they are read");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].up_script.as_deref(), Some("CREATE TABLE a ()"));
    assert!(found[0].is_up() && !found[0].is_down());
    accept(&database, edited, &found)
        .await
        .expect("it is recorded");
    assert!(
        database
            .up(edited)
            .await
            .expect("it is as recorded")
            .done
            .is_empty()
    );
    assert!(
        edits(&database, edited, None)
            .await
            .expect("they are read")
            .is_empty()
    );
    assert_eq!(
        database.events().await,
        ["apply core/1", "apply core/2", "accept core/1"]
    );
    assert_eq!(
        database
            .value("SELECT up_script FROM migrator.core_history ORDER BY version LIMIT 1")
            .await,
        "CREATE TABLE a (id int)"
    );
    assert_eq!(
        database.value("SELECT count(*) FROM a").await,
        "0",
        "nothing was run"
    );
    // `drift` runs the recorded scripts in the order in which they were applied.
    let client = database.client().await;
    let recorded = Migrator::new(edited)
        .recorded(&client)
        .await
        .expect("it is read");
    let versions: Vec<_> = recorded.iter().map(|entry| entry.id.version).collect();
    assert_eq!(versions, [version(1), version(2)]);
}

#[tokio::test]
async fn an_edited_down_script_is_recorded_alone() {
    let database = Database::new().await;
    database
        .up(both("SELECT 1", "SELECT 2"))
        .await
        .expect("it runs");
    let edited = both("SELECT 1", "SELECT 3");
    let found = edits(&database, edited, Some(version(1)))
        .await
        .expect("they are read");
    assert!(!found[0].is_up() && found[0].is_down());
    accept(&database, edited, &found)
        .await
        .expect("it is recorded");
    assert_eq!(
        database
            .value("SELECT down_script FROM migrator.core_history")
            .await,
        "SELECT 3"
    );
}

#[tokio::test]
async fn an_entry_that_changed_since_the_user_saw_it_is_not_accepted() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1"])).await.expect("it runs");
    let edited = core(&["SELECT 2"]);
    let found = edits(&database, edited, None).await.expect("they are read");
    database
        .run("UPDATE migrator.core_history SET checksum = '7'")
        .await;
    let error = accept(&database, edited, &found)
        .await
        .expect_err("it is not as it was");
    assert_eq!(error.code().to_string(), "M0401");
    assert_eq!(
        database
            .value("SELECT checksum FROM migrator.core_history")
            .await,
        "7"
    );
    assert_eq!(database.events().await, ["apply core/1"]);
}

#[tokio::test]
async fn a_failure_leaves_the_edits_before_it_recorded() {
    let database = Database::new().await;
    let three = core(&["SELECT 1", "SELECT 2", "SELECT 3"]);
    database.up(three).await.expect("it runs");
    let edited = core(&["SELECT 4", "SELECT 5", "SELECT 6"]);
    let found = edits(&database, edited, None).await.expect("they are read");
    assert_eq!(found.len(), 3);
    let trigger = "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF NEW.version % 10 = 2 THEN RAISE EXCEPTION 'not this one'; END IF; \
         RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE UPDATE ON migrator.core_history \
         FOR EACH ROW EXECUTE FUNCTION public.refuse()";
    database.run(trigger).await;
    let error = accept(&database, edited, &found)
        .await
        .expect_err("the second is refused");
    assert_eq!(error.code().to_string(), "M0505");
    let message = error.to_string();
    assert!(
        message.contains("_m2` could not be recorded: not this one"),
        "{message}"
    );
    let scripts = "SELECT up_script FROM migrator.core_history ORDER BY version";
    assert_eq!(
        database.rows(scripts).await,
        ["SELECT 4", "SELECT 2", "SELECT 3"]
    );
    assert_eq!(
        database.events().await.last().map(String::as_str),
        Some("accept core/1")
    );
    database.run("DROP FUNCTION public.refuse() CASCADE").await;
    let found = edits(&database, edited, None).await.expect("they are read");
    assert_eq!(found.len(), 2);
    accept(&database, edited, &found)
        .await
        .expect("they are recorded");
    assert_eq!(
        database.rows(scripts).await,
        ["SELECT 4", "SELECT 5", "SELECT 6"]
    );
}

#[tokio::test]
async fn an_edit_is_recorded_again_after_a_serialization_failure() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1"])).await.expect("it runs");
    let edited = core(&["SELECT 4"]);
    let found = edits(&database, edited, None).await.expect("they are read");
    // A rollback does not take back the value of a sequence.
    let trigger = "CREATE SEQUENCE public.tries; \
         CREATE FUNCTION public.conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF nextval('public.tries') < 3 THEN \
           RAISE EXCEPTION 'could not serialize' USING ERRCODE = '40001'; END IF; \
         RETURN NEW; END $$; \
         CREATE TRIGGER conflict BEFORE UPDATE ON migrator.core_history \
         FOR EACH ROW EXECUTE FUNCTION public.conflict()";
    database.run(trigger).await;
    accept(&database, edited, &found)
        .await
        .expect("the third try succeeds");
    let tries = "SELECT last_value FROM public.tries";
    assert_eq!(database.value(tries).await, "3");
    let script = "SELECT up_script FROM migrator.core_history";
    assert_eq!(database.value(script).await, "SELECT 4");
    assert_eq!(database.events().await, ["apply core/1", "accept core/1"]);
}

#[tokio::test]
async fn an_unapplied_missing_or_dirty_migration_is_refused() {
    let database = Database::new().await;
    database.up(core(&["SELECT 1"])).await.expect("it runs");
    let code = async |registry, number| {
        let found = edits(&database, registry, Some(version(number))).await;
        found.expect_err("it is refused").code().to_string()
    };
    assert_eq!(
        code(core(&["SELECT 1", "SELECT 2"]), 2).await,
        "M0401",
        "not applied"
    );
    assert_eq!(code(core(&[]), 1).await, "M0402", "missing");
    database
        .run("UPDATE migrator.core_history SET dirty = 'up'")
        .await;
    assert_eq!(code(core(&["SELECT 2"]), 1).await, "M0404", "dirty");
    database
        .repair(core(&["SELECT 2"]), 1, Outcome::Applied)
        .await
        .expect("it is dirty");
    database
        .run("UPDATE migrator.core_history SET name = 'ffffffff_m1'")
        .await;
    assert_eq!(
        code(core(&["SELECT 2"]), 1).await,
        "M0401",
        "another migration"
    );
}
