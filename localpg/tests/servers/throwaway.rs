//! Temporary servers against the real Postgres.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use crate::support::{ask, eventually, part, stage};
use migrator_localpg::{Error, Programs, Throwaway};

#[tokio::test]
async fn a_server_is_gone_with_its_value() {
    let server = Throwaway::start().unwrap();
    let url = server.url("postgres");
    assert_eq!(ask(&url, "SHOW fsync").await.unwrap(), "off");
    assert_eq!(ask(&url, "SHOW listen_addresses").await.unwrap(), "");
    let folder = server.folder().to_owned();
    assert!(folder.exists());
    drop(server);
    assert!(!folder.exists());
    assert!(ask(&url, "SELECT 1").await.is_err());
}

/// Cargo has set variables of its own in this process, so that there is something to pass on.
#[tokio::test]
async fn a_server_gets_nothing_of_our_environment() {
    assert!(std::env::vars().any(|(name, _)| name.starts_with("CARGO")));
    let server = Throwaway::start().unwrap();
    let url = server.url("postgres");
    let names = "CREATE TEMP TABLE e (line text); \
                 COPY e FROM PROGRAM 'env | grep -o ^[A-Za-z_]*=' WITH (DELIMITER E'\\x01'); \
                 SELECT format('%s of our own: %s', bool_or(line = 'PATH='), string_agg(line, ' ') \
                   FILTER (WHERE line !~ '^(PG|LC_|PWD|OLDPWD|SHLVL|_=|PATH=|(LD|DYLD)_LIB)')) FROM e";
    assert_eq!(ask(&url, names).await.unwrap(), "t of our own: ");
}

#[tokio::test]
async fn fresh_databases_are_distinct_and_empty() {
    let server = Throwaway::shared().unwrap();
    let made = (0..12).map(|_| tokio::spawn(server.create_database()));
    let mut names = HashSet::new();
    for url in made.collect::<Vec<_>>() {
        let url = url.await.unwrap().unwrap();
        ask(&url, "CREATE TABLE once ()").await.unwrap();
        names.insert(ask(&url, "SELECT current_database()").await.unwrap());
    }
    assert_eq!(names.len(), 12);
    assert!(
        names
            .iter()
            .all(|name| name.starts_with(&format!("test_{}_", std::process::id())))
    );
}

#[tokio::test]
async fn what_is_kept_is_there_again_until_newer_data_replace_it() {
    let key = |number: u32| format!("test-{}-{number}", std::process::id());
    let programs = || Programs::find(None).unwrap();
    assert!(
        Throwaway::start_kept(programs(), &key(0))
            .unwrap()
            .is_none()
    );
    for number in 0..4 {
        let server = Throwaway::start().unwrap();
        let sql = format!("CREATE TABLE kept AS SELECT '{number}' AS what; CREATE ROLE r");
        ask(&server.url("postgres"), &sql).await.unwrap();
        server.keep(&key(number)).unwrap();
    }
    assert!(
        Throwaway::start_kept(programs(), &key(0))
            .unwrap()
            .is_none()
    );
    for _ in 0..2 {
        let server = Throwaway::start_kept(programs(), &key(3)).unwrap().unwrap();
        let found = ask(&server.url("postgres"), "SELECT what FROM kept").await;
        assert_eq!(found.unwrap(), "3");
        ask(&server.url("postgres"), "DROP TABLE kept; DROP ROLE r")
            .await
            .unwrap();
    }
}

#[test]
fn all_threads_share_one_server() {
    let folders: HashSet<PathBuf> = std::thread::scope(|scope| {
        let share = || Throwaway::shared().unwrap().folder().to_owned();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(share)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(folders.len(), 1);
}

#[test]
fn a_server_is_gone_after_its_owner_was_killed() {
    let stage = tempfile::tempdir().unwrap();
    let mut owner = part("throwaway::own_a_server_until_killed", stage.path())
        .spawn()
        .unwrap();
    let note = stage.path().join("note");
    eventually("the server starts", || note.exists());
    let folder = PathBuf::from(fs::read_to_string(note).unwrap());
    let pid = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let process = PathBuf::from("/proc").join(pid.lines().next().unwrap());

    owner.kill().unwrap(); // SIGKILL
    owner.wait().unwrap();

    eventually("its folder is removed", || !folder.exists());
    eventually("its process ends", || !process.exists());
}

#[test]
#[ignore = "a part in another test"]
fn own_a_server_until_killed() {
    let Some(stage) = stage() else { return };
    let server = Throwaway::start().unwrap();
    let unfinished = stage.join("unfinished");
    fs::write(&unfinished, server.folder().to_str().unwrap()).unwrap();
    fs::rename(unfinished, stage.join("note")).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_folder_without_an_owner_is_swept_up() {
    let server = Throwaway::start().unwrap();
    let abandoned = server.folder().with_file_name("server-0-0");
    fs::create_dir(&abandoned).unwrap();
    fs::write(abandoned.join("owner.lock"), "").unwrap();

    let other = Throwaway::start().unwrap();

    assert!(!abandoned.exists());
    assert!(server.folder().exists() && other.folder().exists());
}

#[tokio::test]
async fn a_crashed_server_comes_back_with_what_it_had_written() {
    let server = Throwaway::start().unwrap();
    let url = server.create_database().await.unwrap();
    let create = "SET synchronous_commit = on; CREATE TABLE kept AS SELECT 1";
    ask(&url, create).await.unwrap();
    server.crash().unwrap();
    assert_eq!(ask(&url, "SELECT count(*) FROM kept").await.unwrap(), "1");
    server.crash().unwrap();
    assert_eq!(ask(&url, "SELECT count(*) FROM kept").await.unwrap(), "1");
}

#[tokio::test]
async fn settings_of_the_caller_go_first() {
    let programs = Programs::find(None).unwrap();
    let settings = [("max_connections", "17"), ("jit", "on")];
    let server = Throwaway::start_with_settings(programs, &settings).unwrap();
    assert_eq!(
        ask(&server.url("postgres"), "SHOW max_connections")
            .await
            .unwrap(),
        "17"
    );
    assert_eq!(
        ask(&server.url("postgres"), "SHOW jit").await.unwrap(),
        "on"
    );
}

#[test]
fn a_server_that_does_not_start_is_quoted() {
    let programs = Programs::find(None).unwrap();
    let error = Throwaway::start_with_settings(programs, &[("no_such_setting", "on")]).unwrap_err();
    assert!(matches!(&error, Error::Server { folder, .. } if !folder.exists()));
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn temporary_files_may_be_in_a_folder_with_spaces() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a \"b, c");
    fs::create_dir(&folder).unwrap();
    let open = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
    fs::set_permissions(parent.path(), open).unwrap();
    let status = part("throwaway::start_and_drop_a_server", parent.path())
        .env("TMPDIR", &folder)
        .status();
    assert!(status.unwrap().success());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
#[ignore = "a part in another test"]
fn start_and_drop_a_server() {
    if stage().is_some() {
        drop(Throwaway::start().unwrap());
    }
}

#[test]
fn a_program_runs_as_the_servers_user() {
    use std::os::unix::fs::MetadataExt;
    let server = Throwaway::start().unwrap();
    let output = server.command("id").unwrap().arg("-u").output().unwrap();
    let user = fs::metadata(server.folder()).unwrap().uid();
    let output = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.trim(), user.to_string());
}
