//! Histories that strangers can write, or whose rows run strangers' code when they are read or
//! written. Every operation refuses them, and runs none of that code.

mod code;
mod lost_writes;
mod roles;
mod tables;
mod ways;

use std::time::Duration;

use migrator_runtime::{Direction, Error, Migrator, Outcome, Registry, Selection, Target};

use crate::support::{Database, registry, version, within};

fn scripts() -> &'static Registry {
    registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
    ])
}

/// The tables as the first release created them.
const TABLES: &str = include_str!("../format_1.sql");

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
    async fn assert_refused(&self, way: &str, message: &str) {
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
            assert!(
                all.iter().any(|one| one == message),
                "{way}: {what}: {all:#?}"
            );
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
