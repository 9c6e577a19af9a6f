//! Histories that strangers can write, or whose rows run strangers' code when they are read or
//! written. Every operation refuses them, and runs none of that code.

use std::time::Duration;

use migrator_runtime::{
    DatabaseState, Direction, Error, Migrator, Outcome, Registry, Selection, Target,
};

use super::support::{Database, core, done, fault, registry, version, within};

fn scripts() -> &'static Registry {
    registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
    ])
}

/// The tables as the first release created them.
const TABLES: &str = include_str!("format_1.sql");

/// Functions that make their owner a superuser when a superuser calls them.
const TRAPS: &str = "
    CREATE FUNCTION trap() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
      IF current_setting('is_superuser') = 'on' THEN EXECUTE 'ALTER ROLE evil SUPERUSER'; END IF;
      RETURN true; END $$;
    CREATE FUNCTION number() RETURNS integer LANGUAGE plpgsql AS
      $$ BEGIN PERFORM public.trap(); RETURN 1; END $$;
    CREATE FUNCTION frozen(anyelement) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
      $$ BEGIN PERFORM public.trap(); RETURN true; END $$;
    CREATE FUNCTION is_less(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS
      $$ BEGIN RETURN trap(); END $$;
    CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM public.trap(); RETURN coalesce(NEW, OLD); END $$;
    CREATE DOMAIN checked AS text CHECK (trap());
    CREATE DOMAIN filled AS text DEFAULT number()::text;
    CREATE TYPE own AS ENUM ('up', 'down');
    CREATE FUNCTION cast_own(own) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
      $$ BEGIN PERFORM public.trap(); RETURN 'up'; END $$;
    CREATE CAST (own AS text) WITH FUNCTION cast_own(own) AS IMPLICIT;";

/// A change by a role that owns the history, and the error that it causes.
const WAYS: &[(&str, &str)] = &[
    (
        "CREATE TRIGGER t BEFORE INSERT ON migrator.event FOR EACH ROW EXECUTE FUNCTION fires()",
        "`migrator.event`: the trigger `t on migrator.event` calls a function of `evil`",
    ),
    (
        "CREATE TRIGGER t BEFORE INSERT ON migrator.event FOR EACH ROW EXECUTE FUNCTION fires(); \
         ALTER TABLE migrator.event DISABLE TRIGGER t",
        "`migrator.event`: the trigger `t on migrator.event` calls a function of `evil`",
    ),
    (
        "CREATE TRIGGER t BEFORE UPDATE OF dirty ON migrator.core_history \
           FOR EACH ROW EXECUTE FUNCTION fires(); \
         ALTER TABLE migrator.core_history ENABLE REPLICA TRIGGER t",
        "`migrator.core_history`: the trigger `t on migrator.core_history` calls a function of \
         `evil`",
    ),
    (
        "CREATE TRIGGER t BEFORE TRUNCATE ON migrator.history EXECUTE FUNCTION fires(); \
         ALTER TABLE migrator.history ENABLE ALWAYS TRIGGER t",
        "`migrator.history`: the trigger `t on migrator.history` calls a function of `evil`",
    ),
    (
        "CREATE TRIGGER t AFTER INSERT ON migrator.event REFERENCING NEW TABLE AS added \
           EXECUTE FUNCTION fires()",
        "`migrator.event`: the trigger `t on migrator.event` calls a function of `evil`",
    ),
    (
        "ALTER FUNCTION fires() SECURITY DEFINER; \
         CREATE TRIGGER t BEFORE INSERT ON migrator.format EXECUTE FUNCTION fires()",
        "`migrator.format`: the trigger `t on migrator.format` calls a function of `evil`",
    ),
    (
        "CREATE TRIGGER t BEFORE UPDATE ON migrator.core_history FOR EACH ROW \
           WHEN (frozen(NEW.version)) EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "`migrator.core_history`: the condition of the trigger `t on migrator.core_history` \
         calls a function",
    ),
    (
        "CREATE TRIGGER t BEFORE UPDATE ON migrator.event FOR EACH ROW \
           WHEN (query_to_xml('SELECT trap()', true, true, '') IS NOT NULL) \
           EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "`migrator.event`: the condition of the trigger `t on migrator.event` calls a function",
    ),
    (
        "CREATE OPERATOR === (PROCEDURE = is_less, LEFTARG = bigint, RIGHTARG = bigint); \
         CREATE TRIGGER t BEFORE UPDATE ON migrator.event FOR EACH ROW WHEN (NEW.id === 1) \
           EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "`migrator.event`: the condition of the trigger `t on migrator.event` calls a function",
    ),
    (
        "CREATE TRIGGER t BEFORE UPDATE ON migrator.event FOR EACH ROW \
           WHEN (NEW.kind::checked = '') EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "`migrator.event`: the condition of the trigger `t on migrator.event` calls a function",
    ),
    (
        "ALTER TABLE migrator.event ADD words tsvector; \
         CREATE TRIGGER t BEFORE INSERT ON migrator.event FOR EACH ROW \
           EXECUTE FUNCTION tsvector_update_trigger('words', 'pg_catalog.simple', 'kind')",
        "`migrator.event`: the trigger `t on migrator.event` calls its function with arguments",
    ),
    (
        "CREATE TRIGGER t AFTER DELETE ON migrator.core_history EXECUTE FUNCTION fires()",
        "`migrator.core_history`: the trigger `t on migrator.core_history` calls a function of \
         `evil`",
    ),
    (
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON migrator.core_history \
           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fires()",
        "`migrator.core_history`: the trigger `t on migrator.core_history` calls a function of \
         `evil`",
    ),
    (
        "ALTER TABLE migrator.event ALTER role SET DEFAULT number()",
        "`migrator.event`: the column `role` has the default `number()`",
    ),
    (
        "ALTER TABLE migrator.event ADD extra text DEFAULT query_to_xml('SELECT trap()', \
           true, true, '')",
        "`migrator.event`: the column `extra` has the default \
         `query_to_xml('SELECT trap()'::text, true, true, ''::text)`",
    ),
    (
        "CREATE SEQUENCE other; ALTER TABLE migrator.event ALTER id DROP IDENTITY, \
           ALTER id SET DEFAULT nextval('other')",
        "`migrator.event`: the column `id` has the default `nextval('other'::regclass)`",
    ),
    (
        "ALTER TABLE migrator.event ADD extra checked",
        "`migrator.event`: the column `extra` has the type `checked`, which is not Postgres's own",
    ),
    (
        "ALTER TABLE migrator.event ADD extra filled",
        "`migrator.event`: the column `extra` has the type `filled`, which is not Postgres's own",
    ),
    (
        "ALTER TABLE migrator.history DROP CONSTRAINT history_dirty_check; \
         ALTER TABLE migrator.history ALTER dirty TYPE own USING NULL",
        "`migrator.history`: the column `dirty` has the type `own`, which is not Postgres's own",
    ),
    (
        "ALTER TABLE migrator.event ADD extra boolean GENERATED ALWAYS AS (frozen(id)) STORED",
        "`migrator.event`: the column `extra` is generated",
    ),
    (
        "ALTER TABLE migrator.history ADD CHECK (trap())",
        "`migrator.history`: it has the check constraint `history_check`: `trap()`",
    ),
    (
        "ALTER TABLE migrator.core_history ADD CHECK (frozen(1))",
        "`migrator.core_history`: it has the check constraint `core_history_check`: `frozen(1)`",
    ),
    (
        "ALTER TABLE migrator.event ADD EXCLUDE (id WITH =)",
        "`migrator.event`: it has the constraint `event_id_excl`",
    ),
    (
        "CREATE TABLE public.mine (version bigint REFERENCES migrator.core_history \
           ON DELETE CASCADE)",
        "`migrator.core_history`: the foreign key `mine_version_fkey` refers to it",
    ),
    (
        "CREATE TABLE public.mine (id bigint PRIMARY KEY); \
         ALTER TABLE migrator.event ADD FOREIGN KEY (version) REFERENCES mine",
        "`migrator.event`: it has the foreign key `event_version_fkey`",
    ),
    (
        "CREATE INDEX i ON migrator.core_history (frozen(version))",
        "`migrator.core_history`: the index `migrator.i` evaluates a function that is not \
         Postgres's own",
    ),
    (
        "CREATE INDEX i ON migrator.event (id) WHERE frozen(1)",
        "`migrator.event`: the index `migrator.i` evaluates a function that is not Postgres's own",
    ),
    (
        "CREATE RULE r AS ON INSERT TO migrator.event DO ALSO SELECT trap()",
        "`migrator.event`: it has the rule `r on migrator.event`",
    ),
    (
        "ALTER TABLE migrator.history ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY p ON migrator.history USING (trap())",
        "`migrator.history`: it has the policy `p on migrator.history`",
    ),
    (
        "ALTER TABLE migrator.core_history FORCE ROW LEVEL SECURITY",
        "`migrator.core_history`: row security is on, so that the server may hide rows",
    ),
    (
        "DROP TABLE migrator.format; CREATE VIEW migrator.format AS SELECT number() AS format",
        "`migrator.format`: it is a view, and no ordinary table",
    ),
    (
        "DROP TABLE migrator.format; \
         CREATE MATERIALIZED VIEW migrator.format AS SELECT 1 AS format",
        "`migrator.format`: it is a materialized view, and no ordinary table",
    ),
    (
        "DROP TABLE migrator.event; CREATE TABLE migrator.event (LIKE migrator.core_history, \
           kind text, service text) PARTITION BY LIST (kind)",
        "`migrator.event`: it is a partitioned table, and no ordinary table",
    ),
    (
        "DROP TABLE migrator.event; CREATE VIEW migrator.event AS SELECT 1 AS id; \
         CREATE TRIGGER t INSTEAD OF INSERT ON migrator.event \
           FOR EACH ROW EXECUTE FUNCTION fires()",
        "`migrator.event`: it is a view, and no ordinary table",
    ),
    (
        "DROP TABLE migrator.event; CREATE SEQUENCE migrator.event",
        "`migrator.event`: it is a sequence, and no ordinary table",
    ),
    (
        "CREATE TABLE public.mine () INHERITS (migrator.history)",
        "`migrator.mine`: the table `mine` inherits from `history`, and lies in another schema",
    ),
    (
        "CREATE TABLE migrator.mine () INHERITS (migrator.core_history)",
        "`migrator.core_history`: the table `migrator.mine` inherits from it",
    ),
    (
        "CREATE TABLE public.mine (name varchar(255) NOT NULL); \
         ALTER TABLE migrator.history INHERIT mine",
        "`migrator.history`: it inherits from the table `mine`",
    ),
    (
        "CREATE STATISTICS s ON (frozen(1)), kind FROM migrator.event",
        "`migrator.event`: the statistics `public.s` evaluates a function that is not \
         Postgres's own",
    ),
];

/// A database in which a role named `evil…` may create a schema and does so. Each case has its
/// own role name in place of `evil`.
struct Trapped {
    database: Database,
    role: String,
    evil: Database,
}

impl Trapped {
    async fn new() -> Trapped {
        let database = Database::new().await;
        let (evil, role) = database.as_new_role().await;
        let (_, name) = database.url.rsplit_once('/').expect("a name");
        let grants = format!(
            "GRANT CREATE ON DATABASE {name} TO {role}; GRANT ALL ON SCHEMA public TO {role}"
        );
        database.run(&grants).await;
        let trapped = Trapped {
            database,
            role,
            evil,
        };
        trapped.does(TRAPS).await;
        trapped
    }

    /// Runs statements as that role.
    async fn does(&self, sql: &str) {
        let sql = sql.replace("ALTER ROLE evil", &format!("ALTER ROLE {}", self.role));
        self.evil.run(&sql).await;
    }

    async fn is_since(&self, major: u32) -> bool {
        let version = self.database.value("SHOW server_version_num").await;
        version.parse::<u32>().expect("a number") >= major * 10_000
    }

    async fn is_superuser(&self) -> bool {
        let is = format!(
            "SELECT rolsuper FROM pg_roles WHERE rolname = '{}'",
            self.role
        );
        self.database.value(&is).await == "t"
    }

    /// Asserts that every operation refuses a superuser with this error, and runs nothing.
    async fn assert_refused(&self, way: &str, said: &str) {
        for (what, error) in refused_by_all(&self.database).await {
            assert_eq!(
                error.code().to_string(),
                "M0526",
                "{way}: {what}: {error:?}"
            );
            let migrator_runtime::ErrorKind::Refused(conflicts) = &*error.kind else {
                panic!("{way}: {what}: {error:?}")
            };
            let all: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
            assert!(all.iter().any(|one| one == said), "{way}: {what}: {all:#?}");
            assert!(
                conflicts
                    .iter()
                    .all(|conflict| !conflict.remedy.to_string().is_empty())
            );
        }
        assert!(!self.is_superuser().await, "{way}");
    }
}

/// Every operation of a migrator.
async fn refused_by_all(database: &Database) -> Vec<(&'static str, Error)> {
    let mut client = database.client().await;
    let mut migrator = Migrator::new(scripts());
    let target = Target::all();
    let mut refused: Vec<(&str, Error)> = Vec::new();
    let status = migrator.status(&client, &Selection::All).await;
    refused.push(("status", status.expect_err("status")));
    let state = migrator.state(&client, &target).await;
    refused.push(("state", state.expect_err("state")));
    let wait = migrator.wait_until_current(&mut client, &target, Duration::from_secs(60));
    refused.push(("wait", within("wait", wait).await.expect_err("wait")));
    for direction in [Direction::Up, Direction::Down] {
        let plan = migrator.plan(&client, direction, &target).await;
        refused.push(("plan", plan.map(drop).expect_err("plan")));
    }
    let recorded = migrator.recorded(&client).await;
    refused.push(("recorded", recorded.expect_err("recorded")));
    let edits = migrator.edits(&client, "core", None).await;
    refused.push(("edits", edits.map(drop).expect_err("edits")));
    let up = migrator.up(&mut client, target.clone());
    refused.push(("up", within("up", up).await.expect_err("up")));
    let down = migrator.down(&mut client, target.clone());
    refused.push(("down", within("down", down).await.expect_err("down")));
    for outcome in [Outcome::Applied, Outcome::Reverted] {
        let repair = migrator.repair(&mut client, "core", version(1), outcome);
        let repair = within("repair", repair).await;
        refused.push(("repair", repair.map(drop).expect_err("repair")));
    }
    refused
}

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
    let said = owner("schema `migrator`");
    trapped.assert_refused("empty", &said).await;
    trapped.does("CREATE TABLE migrator.theirs ()").await;
    trapped.assert_refused("with other things", &said).await;
    trapped.does(TABLES).await;
    trapped.assert_refused("with our tables", &said).await;
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

#[tokio::test]
async fn every_way_to_run_foreign_code_is_refused_by_name() {
    for (way, said) in WAYS {
        let trapped = Trapped::new().await;
        // Extended statistics on expressions exist since Postgres 14.
        if way.contains("STATISTICS") && !trapped.is_since(14).await {
            continue;
        }
        trapped.does("CREATE SCHEMA migrator").await;
        trapped.does(TABLES).await;
        trapped.does(way).await;
        // The role has taken over the schema with everything in it.
        let taken = "ALTER SCHEMA migrator OWNER TO postgres; \
             DO $$ DECLARE t record; BEGIN FOR t IN SELECT c.oid::regclass AS name, \
               CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' \
                 WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind FROM pg_class c \
               WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v', 'm', 'p') \
                 OR c.oid = to_regclass('migrator.event') AND relkind = 'S' \
             LOOP EXECUTE format('ALTER %s %s OWNER TO postgres', t.kind, t.name); END LOOP; END $$";
        trapped.database.run(taken).await;
        let said = said.replace("`evil`", &format!("`{}`", trapped.role));
        trapped.assert_refused(way, &said).await;
    }
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
    let said =
        format!("`migrator.event`: the trigger `t on migrator.event` calls a function of `{role}`");
    trapped.assert_refused("granted once", &said).await;
    database.run("DROP TRIGGER t ON migrator.event").await;
    let report = database
        .down(scripts())
        .await
        .expect("what the help says helps");
    assert_eq!(report.done.len(), 2);
}

#[tokio::test]
async fn privileges_of_strangers_are_refused_and_those_of_readers_are_not() {
    let trapped = Trapped::new().await;
    let Trapped { database, role, .. } = &trapped;
    database.up(scripts()).await.expect("it runs");
    let readers = format!(
        "GRANT USAGE ON SCHEMA migrator TO PUBLIC, {role}; \
         GRANT SELECT ON ALL TABLES IN SCHEMA migrator TO PUBLIC, {role}; \
         GRANT SELECT (name) ON migrator.event TO {role}"
    );
    database.run(&readers).await;
    let report = database.down(scripts()).await.expect("readers do no harm");
    assert_eq!(report.done.len(), 2);
    for (privilege, object, granted) in [
        ("CREATE", "SCHEMA migrator", "schema `migrator`"),
        ("INSERT", "migrator.event", "`migrator.event`"),
        ("UPDATE", "migrator.format", "`migrator.format`"),
        ("DELETE", "migrator.core_history", "`migrator.core_history`"),
        ("TRUNCATE", "migrator.history", "`migrator.history`"),
        ("TRIGGER", "migrator.event", "`migrator.event`"),
        ("REFERENCES", "migrator.event", "`migrator.event`"),
        (
            "UPDATE",
            "SEQUENCE migrator.event_id_seq",
            "`migrator.event_id_seq`",
        ),
    ] {
        for grantee in [role.as_str(), "PUBLIC"] {
            let grant = format!("GRANT {privilege} ON {object} TO {grantee}");
            database.run(&grant).await;
            let said = format!("{granted}: `{grantee}` has the privileges {privilege} on it");
            trapped.assert_refused(&grant, &said).await;
            let revoke = format!("REVOKE {privilege} ON {object} FROM {grantee}");
            database.run(&revoke).await;
        }
    }
    let column = format!("GRANT UPDATE (down_script) ON migrator.core_history TO {role}");
    database.run(&column).await;
    let said = format!("`migrator.core_history`: `{role}` has the privileges UPDATE on it");
    trapped.assert_refused(&column, &said).await;
    let revoke = format!("REVOKE UPDATE ON migrator.core_history FROM {role}");
    database.run(&revoke).await;
    database
        .up(scripts())
        .await
        .expect("what the help says helps");
}

#[tokio::test]
async fn a_superuser_does_not_trust_a_role_because_it_was_granted_to_it_by_that_role() {
    let trapped = Trapped::new().await;
    let Trapped { database, role, .. } = &trapped;
    // Since Postgres 15 no role may do so for itself. Here the role has the ADMIN OPTION.
    let lead = format!("lead_{role}");
    database
        .run(&format!(
            "CREATE ROLE {lead}; GRANT {lead} TO {role} WITH ADMIN OPTION; \
             GRANT CREATE ON DATABASE {} TO {lead}",
            database.url.rsplit_once('/').expect("a name").1
        ))
        .await;
    trapped
        .does(&format!(
            "GRANT {lead} TO postgres; SET ROLE {lead}; CREATE SCHEMA migrator"
        ))
        .await;
    let said = format!(
        "schema `migrator`: the owner is `{lead}`: not `postgres`, no role that `postgres` is a \
         member of, and no superuser"
    );
    trapped.assert_refused("granted by the role", &said).await;
    database
        .run(&format!("REVOKE {lead} FROM postgres CASCADE"))
        .await;
    database
        .run(&format!("SET ROLE postgres; GRANT {lead} TO postgres"))
        .await;
    database
        .up(scripts())
        .await
        .expect("a superuser granted it");
    database.run(&format!("REVOKE {lead} FROM postgres")).await;
}

/// Two roles that can log in, one of which is a member of a third.
#[tokio::test]
async fn a_member_of_the_owner_migrates_and_others_do_not() {
    let database = Database::new().await;
    let (_, name) = database.url.rsplit_once('/').expect("a name");
    let (member, role) = database.as_new_role().await;
    database
        .run(&format!(
            "CREATE ROLE group_of_{name}; CREATE ROLE team_of_{name}; \
             GRANT group_of_{name} TO team_of_{name}; GRANT team_of_{name} TO {role}; \
             CREATE SCHEMA migrator AUTHORIZATION group_of_{name}; \
             GRANT ALL ON SCHEMA public TO {role}; \
             GRANT ALL ON SCHEMA migrator TO {role}, team_of_{name}"
        ))
        .await;
    let report = member.up(scripts()).await.expect("it is a member");
    assert_eq!(report.done.len(), 2);
    database
        .run(&format!(
            "REVOKE team_of_{name} FROM {role}; GRANT group_of_{name} TO {role}"
        ))
        .await;
    let error = database.up(scripts()).await.expect_err("it is no member");
    assert_eq!(error.code().to_string(), "M0526");
    let report = member.down(scripts()).await.expect("it is a member");
    assert_eq!(report.done.len(), 2);
}

#[tokio::test]
async fn a_reader_only_reads_the_history_of_another_owner() {
    let trapped = Trapped::new().await;
    let Trapped { database, evil, .. } = &trapped;
    evil.up(scripts()).await.expect("it owns what it makes");
    let (_, name) = database.url.rsplit_once('/').expect("a name");
    database
        .run(&format!("CREATE ROLE reader_{name} LOGIN"))
        .await;
    let url = database
        .url
        .replace("//postgres@", &format!("//reader_{name}@"));
    let reader = Database::at(url);
    trapped
        .does(&format!(
            "GRANT USAGE ON SCHEMA migrator TO reader_{name}; \
             GRANT SELECT ON migrator.format, migrator.history TO reader_{name}"
        ))
        .await;
    let migrator = Migrator::new(scripts());
    let client = reader.client().await;
    let target = Target::all();
    let state = migrator.state(&client, &target).await.expect("a state");
    assert_eq!(state, DatabaseState::Current);
    let status = migrator.status(&client, &Selection::All).await;
    assert!(status.expect("a status").is_current());
    let error = migrator.recorded(&client).await.expect_err("scripts");
    assert_eq!(error.code().to_string(), "M0526");
    let error = reader.down(scripts()).await.expect_err("it may not");
    assert_eq!(error.code().to_string(), "M0526");
    // Each operation of a superuser is refused before it reads the tables.
    for (_, error) in refused_by_all(database).await {
        assert_eq!(error.code().to_string(), "M0526");
    }
    // A reader refuses a view in place of a table.
    trapped
        .does(
            "CREATE TABLE kept AS TABLE migrator.format; DROP TABLE migrator.format; \
             CREATE VIEW migrator.format AS TABLE kept; GRANT SELECT ON migrator.format TO PUBLIC",
        )
        .await;
    let error = migrator.state(&client, &target).await.expect_err("a view");
    assert_eq!(error.code().to_string(), "M0526");
}

#[tokio::test]
async fn hidden_rows_of_the_history_are_an_error() {
    let database = Database::new().await;
    database.up(scripts()).await.expect("it runs");
    let (reader, role) = database.as_new_role().await;
    database
        .run(&format!(
            "GRANT USAGE ON SCHEMA migrator TO {role}; \
             GRANT SELECT ON ALL TABLES IN SCHEMA migrator TO {role}; \
             ALTER TABLE migrator.core_history ENABLE ROW LEVEL SECURITY"
        ))
        .await;
    for database in [&reader, &database] {
        for (what, error) in refused_by_all(database).await {
            assert_eq!(error.code().to_string(), "M0526", "{what}");
            assert!(error.help().contains("DISABLE ROW LEVEL SECURITY"));
        }
    }
    let (owner, role) = {
        let (_, name) = database.url.rsplit_once('/').expect("a name");
        let role = format!("owner_{name}");
        database
            .run(&format!(
                "CREATE ROLE {role} LOGIN; \
                 ALTER TABLE migrator.core_history DISABLE ROW LEVEL SECURITY; \
                 ALTER SCHEMA migrator OWNER TO {role}; \
                 ALTER TABLE migrator.format OWNER TO {role}; \
                 ALTER TABLE migrator.event OWNER TO {role}; \
                 ALTER TABLE migrator.history OWNER TO {role}; \
                 ALTER TABLE migrator.core_history OWNER TO {role}; \
                 ALTER TABLE a OWNER TO {role}; ALTER TABLE b OWNER TO {role}; \
                 GRANT ALL ON SCHEMA public TO {role}"
            ))
            .await;
        let url = database.url.replace("//postgres@", &format!("//{role}@"));
        (Database::at(url), role)
    };
    let force = "ALTER TABLE migrator.core_history ENABLE ROW LEVEL SECURITY, \
                 FORCE ROW LEVEL SECURITY";
    owner.run(force).await;
    for (what, error) in refused_by_all(&owner).await {
        assert_eq!(error.code().to_string(), "M0526", "{what} as {role}");
    }
    let off = "ALTER TABLE migrator.core_history DISABLE ROW LEVEL SECURITY, \
               NO FORCE ROW LEVEL SECURITY";
    owner.run(off).await;
    let report = owner
        .down(scripts())
        .await
        .expect("what the help says helps");
    assert_eq!(report.done.len(), 2);
}

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
        let said = swallowed(table);
        assert_eq!(fault.message, said);
        assert_eq!(fault.code.to_string(), "M0505");
        assert_eq!(database.recorded().await, ["core/1"]);
        let left = "SELECT count(*) FROM pg_proc WHERE proname = 'swallow'";
        assert_eq!(database.value(left).await, "0");
        let down = registry(&[("core", 1, "SELECT 1;", &script)]);
        let failed = fault_of_down(&database, down).await;
        assert_eq!(failed, said);
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
        let said = format!("{error}: {:?}", error.kind);
        assert!(said.contains(&swallowed("core_history")), "{said}");
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
        let said = format!("{error}: {:?}", error.kind);
        assert!(said.contains(&swallowed("core_history")), "{said}");
        assert_eq!(database.events().await, ["apply core/1", "apply core/2"]);
    }
}

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

/// The SQL blocks of the page, with the names of this database and its roles.
fn page(database: &Database) -> Vec<String> {
    let page = include_str!("../../../docs/security.md");
    let (_, name) = database.url.rsplit_once('/').expect("a name");
    let blocks = page.split("```sql\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().expect("its end"));
    let mut blocks: Vec<String> = blocks.map(str::to_owned).collect();
    for block in &mut blocks {
        *block = block.replace("DATABASE shop", &format!("DATABASE {name}"));
        for role in ["deployer", "service", "reader"] {
            *block = block.replace(&format!("{role};"), &format!("{role}_{name};"));
            *block = block.replace(&format!("ROLE {role} "), &format!("ROLE {role}_{name} "));
        }
    }
    blocks
}

#[tokio::test]
async fn the_privileges_of_the_security_page_suffice() {
    let scripts = registry(&[
        ("core", 1, "CREATE SCHEMA own;", "DROP SCHEMA own;"),
        ("core", 2, "CREATE TABLE own.b ();", "DROP TABLE own.b;"),
    ]);
    for schema_is_made in [false, true] {
        let database = Database::new().await;
        let (_, name) = database.url.rsplit_once('/').expect("a name");
        let as_role = |role: &str| {
            Database::at(
                database
                    .url
                    .replace("//postgres@", &format!("//{role}_{name}@")),
            )
        };
        let blocks = page(&database);
        let [migrates, schema, service, reader] = blocks.as_slice() else {
            panic!("{blocks:#?}")
        };
        database.run(migrates).await;
        if schema_is_made {
            database.run(schema).await;
        }
        let deployer = as_role("deployer");
        let report = deployer.up(scripts).await.expect("it migrates");
        assert_eq!(report.done.len(), 2);
        database.run(service).await;
        database.run(reader).await;
        let target = Target::all();
        let migrator = Migrator::new(scripts);
        let mut client = as_role("service").client().await;
        let wait = migrator.wait_until_current(&mut client, &target, Duration::ZERO);
        let state = within("a wait", wait).await.expect("it may read");
        assert_eq!(state, DatabaseState::Current);
        let client = as_role("reader").client().await;
        let status = migrator.status(&client, &Selection::All).await;
        assert!(status.expect("it may read").is_current());
        let plan = migrator.plan(&client, Direction::Down, &target).await;
        assert_eq!(plan.expect("it may read").steps.len(), 2);
        let events = client.postgres().simple_query("TABLE migrator.event").await;
        events.expect("it may read");
        let report = deployer.down(scripts).await.expect("it reverts");
        assert_eq!(report.done.len(), 2);
    }
}
