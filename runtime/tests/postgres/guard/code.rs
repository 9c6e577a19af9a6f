//! Code of strangers in the history.

use migrator_runtime::model::Code;
use migrator_runtime::{DatabaseState, Migrator, Selection, Target};

use super::ways::WAYS;
use super::{TABLES, Trapped, scripts};
use crate::support::{Database, core, done, registry};

#[tokio::test]
async fn a_strangers_history_is_refused_before_anything_in_it_runs() {
    let trapped = Trapped::new().await;
    trapped.does("CREATE SCHEMA migrator").await;
    let owner = |object: &str| {
        format!(
            "{object}: the owner is `{}`: not `postgres`, no role that `postgres` is a member of, \
             and no superuser",
            trapped.role
        )
    };
    let message = owner("schema `migrator`");
    trapped.assert_refused("empty", &message).await;
    trapped.does("CREATE TABLE migrator.theirs ()").await;
    trapped.assert_refused("with other things", &message).await;
    trapped.does(TABLES).await;
    trapped.assert_refused("with our tables", &message).await;
    trapped
        .does(
            "INSERT INTO migrator.core_history VALUES (20990101000000, 'deadbeef_x', 'now', '1', \
               NULL, NULL, '{}', '{}', 'SELECT 1', 'ALTER ROLE evil SUPERUSER')",
        )
        .await;
    trapped
        .assert_refused("with an entry", &owner("`migrator.core_history`"))
        .await;
}

/// Makes a superuser the owner of the schema with everything in it.
const TAKE_OVER: &str = "ALTER SCHEMA migrator OWNER TO postgres; \
             DO $$ DECLARE t record; BEGIN FOR t IN SELECT c.oid::regclass AS name, \
               CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' \
                 WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind FROM pg_class c \
               WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v', 'm', 'p') \
                 OR c.oid = to_regclass('migrator.event') AND relkind = 'S' \
             LOOP EXECUTE format('ALTER %s %s OWNER TO postgres', t.kind, t.name); END LOOP; END $$";

#[tokio::test]
async fn every_way_to_run_foreign_code_is_refused_by_name() {
    for (way, message) in WAYS {
        let trapped = Trapped::new().await;
        // Extended statistics on expressions exist since Postgres 14.
        if way.contains("STATISTICS") && !trapped.is_since(14).await {
            continue;
        }
        trapped.does("CREATE SCHEMA migrator").await;
        trapped.does(TABLES).await;
        trapped.does(way).await;
        trapped.database.run(TAKE_OVER).await;
        let message = message.replace("`evil`", &format!("`{}`", trapped.role));
        trapped.assert_refused(way, &message).await;
    }
}

/// The ways to run code only when somebody writes the history.
const WRITTEN_ONLY: [&str; 5] = [
    "ALTER role SET DEFAULT number()",
    "ADD extra text DEFAULT query_to_xml(",
    "ALTER id SET DEFAULT nextval('other')",
    "ADD CHECK (trap())",
    "ADD CHECK (frozen(1))",
];

/// With nothing to do, a run writes nothing. It checks only what a read could evaluate and who can
/// write rows; the whole check comes before a run that has something to do.
#[tokio::test]
async fn with_nothing_to_do_a_flaw_that_only_a_write_evaluates_waits_for_the_next_change() {
    let mut written_only = 0;
    for (way, message) in WAYS {
        let trapped = Trapped::new().await;
        // The existing rows violate the foreign key.
        if way.contains("FOREIGN KEY") || way.contains("STATISTICS") && !trapped.is_since(14).await
        {
            continue;
        }
        let applied = trapped.evil.up(scripts()).await;
        applied.expect("it owns what it makes");
        trapped.does(way).await;
        trapped.database.run(TAKE_OVER).await;
        let client = trapped.database.client().await;
        let state = Migrator::new(scripts())
            .state(&client, &Target::all())
            .await;
        let up = trapped.database.up(scripts()).await;
        if WRITTEN_ONLY.iter().any(|end| way.contains(end)) {
            written_only += 1;
            assert_eq!(state.expect(way), DatabaseState::Current);
            assert!(up.expect(way).done.is_empty());
        } else {
            let refused = [state.expect_err(way), up.expect_err(way)];
            assert_eq!(refused.map(|error| error.code()), [Code::M0526; 2], "{way}");
        }
        let further = registry(&[
            ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
            ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
            ("core", 3, "CREATE TABLE c ();", "DROP TABLE c;"),
        ]);
        let refused = trapped.database.up(further).await.expect_err(way);
        let migrator_runtime::ErrorKind::Refused(conflicts) = &*refused.kind else {
            panic!("{way}: {refused:?}")
        };
        let message = message.replace("`evil`", &format!("`{}`", trapped.role));
        let found = conflicts
            .iter()
            .any(|conflict| conflict.to_string() == message);
        assert!(found, "{way}: {conflicts:#?}");
        assert!(!trapped.is_superuser().await, "{way}");
    }
    assert_eq!(written_only, WRITTEN_ONLY.len());
}

/// A function that records its own name, and the trigger that calls it.
fn audit(name: &str, security: &str, trigger: &str) -> String {
    format!(
        "CREATE FUNCTION public.{name}() RETURNS trigger LANGUAGE plpgsql {security} AS $$ BEGIN \
           INSERT INTO public.seen VALUES ('{name}'); RETURN coalesce(NEW, OLD); END $$; \
         {trigger} EXECUTE FUNCTION public.{name}();"
    )
}

/// A history of a deployer who is not a superuser, with a superuser's triggers.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is a table of inputs")]
async fn triggers_whose_functions_trusted_roles_own_are_tolerated() {
    let database = Database::new().await;
    let (deployer, role) = database.as_new_role().await;
    let group = format!("group_of_{role}");
    let (_, name) = database.url.rsplit_once('/').expect("a name");
    database
        .run(&format!(
            "CREATE ROLE {group}; GRANT {group} TO {role}; \
             GRANT ALL ON SCHEMA public TO {role}, {group}; \
             GRANT CREATE ON DATABASE {name} TO {role}; \
             CREATE TABLE public.seen (trigger text); GRANT INSERT ON public.seen TO {role}"
        ))
        .await;
    deployer.up(core(&["SELECT 1;"])).await.expect("it runs");
    let by_superuser = [
        audit(
            "each",
            "SECURITY DEFINER",
            "CREATE TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON migrator.event FOR EACH ROW",
        ),
        audit(
            "entry",
            "",
            "CREATE TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON migrator.core_history \
               FOR EACH ROW",
        ),
        audit(
            "statement",
            "",
            "CREATE TRIGGER b AFTER INSERT OR DELETE ON migrator.core_history",
        ),
        audit(
            "deferred",
            "",
            "CREATE CONSTRAINT TRIGGER c AFTER INSERT OR DELETE ON migrator.core_history \
               DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
        ),
        audit(
            "condition",
            "",
            "CREATE TRIGGER d AFTER INSERT ON migrator.event FOR EACH ROW \
               WHEN (NEW.kind = 'apply')",
        ),
        audit(
            "disabled",
            "",
            "CREATE TRIGGER e BEFORE INSERT ON migrator.event FOR EACH ROW",
        ),
        audit(
            "replica",
            "",
            "CREATE TRIGGER f BEFORE INSERT ON migrator.event FOR EACH ROW",
        ),
        "ALTER TABLE migrator.event DISABLE TRIGGER e, ENABLE REPLICA TRIGGER f;".to_owned(),
        format!("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}"),
    ];
    for sql in by_superuser {
        database.run(&sql).await;
    }
    let group_audit = audit(
        "of_group",
        "",
        "CREATE TRIGGER g BEFORE INSERT ON migrator.event FOR EACH ROW",
    );
    deployer
        .run(&format!(
            "{group_audit} ALTER FUNCTION public.of_group() OWNER TO {group}"
        ))
        .await;
    let own = "CREATE TRIGGER h AFTER INSERT ON migrator.core_history FOR EACH ROW";
    deployer.run(&audit("own", "", own)).await;

    let scripts = core(&["SELECT 1;", "SELECT 2;"]);
    let client = deployer.client().await;
    let migrator = Migrator::new(scripts);
    let status = migrator.status(&client, &Selection::All).await;
    assert!(!status.expect("it reads").is_current());
    let report = deployer.up(scripts).await.expect("it applies");
    assert_eq!(done(&report), ["core/2"]);
    let seen = "SELECT DISTINCT trigger FROM seen ORDER BY 1";
    let fired = [
        "condition",
        "deferred",
        "each",
        "entry",
        "of_group",
        "own",
        "statement",
    ];
    assert_eq!(database.rows(seen).await, fired);
    let report = deployer.down(scripts).await.expect("it reverts");
    assert_eq!(report.done.len(), 2);
    assert_eq!(deployer.recorded().await, [""; 0]);
}

#[tokio::test]
async fn a_trigger_that_a_stranger_was_once_allowed_to_create_is_refused() {
    let trapped = Trapped::new().await;
    let Trapped { database, role, .. } = &trapped;
    database.up(scripts()).await.expect("it runs");
    let grant = format!(
        "GRANT USAGE ON SCHEMA migrator TO {role}; GRANT TRIGGER ON migrator.event TO {role}"
    );
    database.run(&grant).await;
    trapped
        .does(
            "CREATE TRIGGER t BEFORE INSERT ON migrator.event \
               FOR EACH ROW EXECUTE FUNCTION fires()",
        )
        .await;
    database
        .run(&format!("REVOKE TRIGGER ON migrator.event FROM {role}"))
        .await;
    let message =
        format!("`migrator.event`: the trigger `t on migrator.event` calls a function of `{role}`");
    trapped.assert_refused("granted once", &message).await;
    database.run("DROP TRIGGER t ON migrator.event").await;
    let report = database
        .down(scripts())
        .await
        .expect("what the help says helps");
    assert_eq!(report.done.len(), 2);
}

#[tokio::test]
async fn a_recorded_script_of_an_altered_entry_is_not_executed() {
    for change in [
        "up_script = up_script || ' '",
        "checksum = '1'",
        "name = 'c000002a_other'",
        "down_script = 'CREATE TABLE forged ()', up_script = 'SELECT 2;'",
    ] {
        let database = Database::new().await;
        database.up(scripts()).await.expect("it runs");
        database
            .run(&format!(
                "UPDATE migrator.core_history SET {change} WHERE version % 10 = 2"
            ))
            .await;
        // For a binary that lacks both migrations, one entry is as it was recorded.
        let older = || Migrator::new(registry(&[]));
        let both = database.down_with(older(), Target::service("core")).await;
        let error = both.expect_err(change);
        assert_eq!(error.code().to_string(), "M0527", "{change}: {error:?}");
        assert!(error.report.done.is_empty(), "{change}");
        assert_eq!(database.recorded().await, ["core/1", "core/2"], "{change}");
        assert_eq!(database.value("SELECT to_regclass('forged')").await, "NULL");
        // A binary that has both runs its own scripts.
        if !change.contains("checksum") && !change.contains("name") {
            let report = database.down(scripts()).await.expect(change);
            assert_eq!(report.done.len(), 2, "{change}");
        }
    }
}
