//! Which roles may own, write and read the history.

use std::time::Duration;

use migrator_runtime::{DatabaseState, Direction, Migrator, Selection, Target};

use super::{Trapped, refused_by_all, scripts};
use crate::support::{Database, registry, within};

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
            let message = format!("{granted}: `{grantee}` has the privileges {privilege} on it");
            trapped.assert_refused(&grant, &message).await;
            let revoke = format!("REVOKE {privilege} ON {object} FROM {grantee}");
            database.run(&revoke).await;
        }
    }
    let column = format!("GRANT UPDATE (down_script) ON migrator.core_history TO {role}");
    database.run(&column).await;
    let message = format!("`migrator.core_history`: `{role}` has the privileges UPDATE on it");
    trapped.assert_refused(&column, &message).await;
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
    let message = format!(
        "schema `migrator`: the owner is `{lead}`: not `postgres`, no role that `postgres` is a \
         member of, and no superuser"
    );
    trapped
        .assert_refused("granted by the role", &message)
        .await;
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

/// The SQL blocks of the page, with the names of this database and its roles.
fn page(database: &Database) -> Vec<String> {
    let page = include_str!("../../../../docs/security.md");
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
