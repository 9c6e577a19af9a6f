//! Scripts that only the history has: what they may do on the temporary server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use migrator_model::sql;
use migrator_verify::Error;

use super::SHOP;
use super::support::{Live, registry};

/// A folder that the server's user may write, and a file in it that is not there.
pub(crate) struct Target {
    _folder: tempfile::TempDir,
    file: PathBuf,
}

impl Target {
    pub(crate) fn new() -> Target {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir_in("/tmp").expect("a folder");
        let mode = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(folder.path(), mode).expect("it is ours");
        let file = folder.path().join("written");
        Target {
            _folder: folder,
            file,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.file
    }
}

/// Adds an entry whose checksum is right, as whoever can write the history can.
pub(crate) async fn forge(live: &Live, number: i64, script: &str) {
    let version = 20_250_101_000_000 + number;
    let name = format!("f{number:07}_forged");
    let checksum = sql::checksum(&name, version, script);
    live.run(&format!(
        "INSERT INTO migrator.shop_history \
           (version, name, applied_on, checksum, up_script, down_script) \
         VALUES ({version}, '{name}', 'now', '{checksum}', $forged${script}$forged$, 'SELECT 1'); \
         INSERT INTO migrator.event (kind, service, version, name, application, migrator_version) \
         VALUES ('apply', 'shop', {version}, '{name}', '', '')"
    ))
    .await;
}

/// A database with the shop's migrations.
pub(crate) async fn shop() -> Live {
    let live = Live::new().await;
    live.up(registry(SHOP)).await;
    live
}

#[tokio::test]
async fn a_script_that_does_not_match_its_checksum_is_refused() {
    let live = shop().await;
    let target = Target::new();
    for change in [
        format!(
            "up_script = $$COPY (SELECT 1) TO PROGRAM 'touch {}'$$",
            target.path().display()
        ),
        "checksum = '1'".to_owned(),
        "up_script = up_script || ' '".to_owned(),
    ] {
        live.run(&format!(
            "UPDATE migrator.shop_history SET {change} WHERE version = 20240101000002"
        ))
        .await;
        let error = live.try_drift(registry(SHOP), &[]).await;
        let error = error.expect_err("the entry was altered");
        assert!(
            matches!(
                error,
                Error::Altered {
                    is_in_registry: true,
                    ..
                }
            ),
            "{change}: {error}"
        );
        assert!(
            error
                .remedy()
                .to_string()
                .contains("record the script of the registry")
        );
        let other = live.try_drift(registry(&SHOP[..1]), &[]).await;
        let other = other.expect_err("the entry was altered");
        assert!(matches!(
            other,
            Error::Altered {
                is_in_registry: false,
                ..
            }
        ));
        assert!(
            other
                .remedy()
                .to_string()
                .contains("a registry that has this migration")
        );
        assert_eq!(error.code().as_str(), "M0527");
        assert!(
            error.to_string().contains("shop/20240101000002_"),
            "{error}"
        );
    }
    assert!(!target.path().exists());
}

#[tokio::test]
async fn no_recorded_script_runs_a_program_or_writes_a_file() {
    let target = Target::new();
    let file = target.path().display();
    let program = format!("COPY (SELECT 1) TO PROGRAM 'touch {file}'");
    let scripts = [
        program.clone(),
        format!("COPY (SELECT 1) TO '{file}'"),
        format!("RESET ROLE; RESET SESSION AUTHORIZATION; {program}"),
        format!("SET SESSION AUTHORIZATION DEFAULT; {program}"),
        format!("SET ROLE NONE; {program}"),
        format!("ALTER ROLE CURRENT_USER SUPERUSER; {program}"),
        format!("GRANT pg_execute_server_program TO CURRENT_USER; {program}"),
        format!("CREATE ROLE r SUPERUSER; SET ROLE r; {program}"),
        format!("COMMIT; BEGIN; {program}"),
        format!("DO $do$ BEGIN EXECUTE $x${program}$x$; END $do$"),
        format!("-- migrator: no-transaction\n{program};"),
        format!("CREATE TABLE t (x text); COPY t FROM PROGRAM 'touch {file}'"),
        format!("SELECT lo_export(lo_create(0), '{file}')"),
        format!("-- migrator: no-transaction\nALTER SYSTEM SET archive_command = 'touch {file}'"),
        "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; \
         CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()"
            .to_owned(),
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'getpid'".to_owned(),
        "LOAD '/tmp/evil.so'".to_owned(),
        "SELECT pg_read_file('/etc/passwd')".to_owned(),
        "CREATE EXTENSION dblink".to_owned(),
    ];
    let live = shop().await;
    for script in scripts {
        live.run("DELETE FROM migrator.shop_history WHERE version > 20250101000000")
            .await;
        forge(&live, 1, &script).await;
        let error = live.try_drift(registry(SHOP), &[]).await;
        let error = error.expect_err(&script);
        assert!(!target.path().exists(), "{script}");
        if script.contains("COMMIT") {
            continue;
        }
        assert!(
            matches!(error, Error::Unprivileged { .. }),
            "{script}: {error}"
        );
        assert_eq!(error.code().as_str(), "M0910");
        assert!(
            error.remedy().to_string().contains("shop/20250101000001_"),
            "{}",
            error.remedy()
        );
    }
}

#[tokio::test]
async fn a_script_cannot_log_in_as_somebody_else() {
    // The binary's own script brings a way to log in, and lets everybody use it.
    let own = registry(&[(
        "shop",
        1,
        "CREATE EXTENSION dblink; GRANT pg_read_all_settings TO CURRENT_USER; \
         GRANT EXECUTE ON FUNCTION dblink_connect_u(text, text) TO PUBLIC;",
        "DROP EXTENSION dblink;",
    )]);
    let live = Live::new().await;
    live.up(own).await;
    forge(
        &live,
        1,
        "SELECT dblink_connect_u('c', format('dbname=%s user=postgres host=%s', \
            current_database(), current_setting('unix_socket_directories')))",
    )
    .await;
    let error = live
        .try_drift(own, &[])
        .await
        .expect_err("it needs a password");
    let fault = error.fault().expect("the script failed");
    assert!(
        fault
            .detail
            .as_deref()
            .unwrap_or_default()
            .contains("password"),
        "{fault:?}"
    );
    live.run("REVOKE pg_read_all_settings FROM CURRENT_USER")
        .await;
}

#[tokio::test]
async fn no_superuser_calls_a_function_that_such_a_script_created() {
    let target = Target::new();
    let file = target.path().display();
    let live = Live::new().await;
    let own = registry(&[
        (
            "shop",
            1,
            "CREATE TABLE public.t (x int);",
            "DROP TABLE public.t;",
        ),
        (
            "shop",
            2,
            "INSERT INTO public.t VALUES (1);",
            "DELETE FROM public.t;",
        ),
    ]);
    live.up(own).await;
    forge(
        &live,
        1,
        &format!(
            "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN \
               COPY (SELECT 1) TO PROGRAM 'touch {file}'; RETURN NEW; END $f$; \
             CREATE TRIGGER f BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();"
        ),
    )
    .await;
    // The binary's own second script comes behind it.
    live.run("UPDATE migrator.event SET id = DEFAULT WHERE version = 20240101000002")
        .await;
    let error = live.try_drift(own, &[]).await;
    let error = error.expect_err("the binary's own script calls it");
    assert!(matches!(error, Error::Unprivileged { .. }), "{error}");
    assert!(!target.path().exists());
}

#[tokio::test]
async fn a_script_cannot_have_a_role_made_a_superuser_by_what_it_says() {
    let live = shop().await;
    forge(
        &live,
        1,
        "DO $do$ BEGIN RAISE EXCEPTION 'role \"postgres\" already exists' \
           USING ERRCODE = 'duplicate_object'; END $do$",
    )
    .await;
    let error = live.try_drift(registry(SHOP), &[]).await;
    let error = error.expect_err("it fails, and is not tried again");
    assert!(matches!(error, Error::Replay(_)), "{error}");
}

#[tokio::test]
async fn rights_that_scripts_of_the_binary_grant_are_revoked() {
    let target = Target::new();
    let file = target.path().display();
    let live = Live::new().await;
    let role = format!("boss_{}", std::process::id());
    let up = format!(
        "CREATE ROLE {role} SUPERUSER CREATEROLE; \
         GRANT pg_execute_server_program, {role} TO CURRENT_USER;"
    );
    let own = registry(&[("shop", 1, &up, "SELECT 1;")]);
    live.up(own).await;
    for (number, script) in [
        (1, format!("COPY (SELECT 1) TO PROGRAM 'touch {file}'")),
        (
            2,
            format!("SET ROLE {role}; COPY (SELECT 1) TO PROGRAM 'touch {file}'"),
        ),
        (3, format!("CREATE ROLE {role}_too")),
    ] {
        live.run("DELETE FROM migrator.shop_history WHERE version > 20250101000000")
            .await;
        forge(&live, number, &script).await;
        let error = live.try_drift(own, &[]).await.expect_err(&script);
        assert!(
            matches!(error, Error::Unprivileged { .. }),
            "{script}: {error}"
        );
    }
    assert!(!target.path().exists());
    live.run(&format!(
        "REVOKE pg_execute_server_program FROM CURRENT_USER; DROP ROLE {role}"
    ))
    .await;
}

#[tokio::test]
async fn a_script_of_the_history_alone_may_change_what_others_made() {
    let live = shop().await;
    let role = live.role().await;
    let grant = format!("GRANT CREATE ON SCHEMA shop TO {role};");
    live.run(&format!("{grant} ALTER TABLE shop.orders OWNER TO {role}"))
        .await;
    forge(
        &live,
        1,
        &format!(
            "{grant} ALTER TABLE shop.orders OWNER TO {role}; ALTER TABLE shop.orders ADD more int; \
             CREATE TABLE public.stray (x int); CREATE SCHEMA another; CREATE EXTENSION citext;"
        ),
    )
    .await;
    let found = live.drift(registry(SHOP), &[]).await;
    let expected = [
        "gone: column shop.orders.more",
        "gone: extension citext",
        "gone: schema another",
        "gone: table public.stray",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for wanted in expected {
        assert!(
            found.iter().any(|line| line == wanted),
            "{wanted}: {found:#?}"
        );
    }
    live.run(&format!(
        "DROP SCHEMA shop CASCADE; DROP OWNED BY {role}; DROP ROLE {role}"
    ))
    .await;
}

#[tokio::test]
async fn after_an_edit_of_comments_the_script_of_the_binary_is_replayed() {
    let live = Live::new().await;
    let script = "CREATE ROLE edited_comment; DROP ROLE edited_comment; CREATE SCHEMA shop;";
    let before = format!("-- as it was\n{script}");
    live.up(registry(&[("shop", 1, &before, "DROP SCHEMA shop;")]))
        .await;
    let after = registry(&[("shop", 1, script, "DROP SCHEMA shop;")]);
    // It makes a role, which needs more rights than a script of the history alone has.
    assert_eq!(live.drift(after, &[]).await, [""; 0]);
}

#[tokio::test]
async fn a_script_ends_at_its_time_limit() {
    let live = shop().await;
    for script in [
        "SELECT pg_sleep(1e9)",
        "SET statement_timeout = 0; SELECT pg_sleep(1e9)",
        "-- migrator: no-transaction\nSELECT 1;\nSELECT pg_sleep(1e9);",
        "DO $do$ BEGIN LOOP NULL; END LOOP; END $do$",
        "DO $do$ BEGIN PERFORM pg_sleep(1e9); EXCEPTION WHEN query_canceled THEN \
           PERFORM pg_sleep(1e9); END $do$",
    ] {
        forge(&live, 1, script).await;
        let limit = Some(Duration::from_secs(1));
        let error = live.drift_within(registry(SHOP), &[], limit).await;
        let error = error.expect_err(script);
        assert!(
            matches!(error, Error::OutOfTime { .. }),
            "{script}: {error}"
        );
        assert_eq!(
            error.to_string(),
            "the script of `shop/20250101000001_f0000001_forged` was cancelled: \
             it ran for longer than 1s"
        );
        assert_eq!(error.code().as_str(), "M0604");
        live.run("DELETE FROM migrator.shop_history WHERE version > 20250101000000")
            .await;
    }
}
