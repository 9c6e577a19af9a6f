//! A full disk, played by a small file system in memory.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stderr, reason = "a test that is passed over says so")]

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use migrator_localpg::Throwaway;
use migrator_runtime::{Left, Part};

use super::support::{Database, core, done, fault};

/// A file system of a few MB, which is unmounted when this is dropped.
struct Small {
    folder: tempfile::TempDir,
}

impl Small {
    /// Returns `None` if this process may not mount file systems.
    fn mount() -> Option<Small> {
        let server = Throwaway::shared().expect("a server");
        let owner = std::fs::metadata(server.folder()).expect("it is there");
        let folder = tempfile::tempdir_in("/tmp").expect("a folder");
        let options = format!("size=8m,mode=0700,uid={},gid={}", owner.uid(), owner.gid());
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode).expect("it is ours");
        let place = folder.path().join("small");
        std::fs::create_dir(&place).expect("it is ours");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(&place);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("passed over: this process may not mount a small disk");
        }
        mounted.then_some(Small { folder })
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("small")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily, because the server may still have a file open.
        let mut unmount = Command::new("umount");
        drop(unmount.arg("-l").arg(self.place()).status());
    }
}

/// A tablespace of a few MB, and a table in it that takes most of the space.
async fn nearly_full(place: &Path) -> (Database, String) {
    let database = Database::new().await;
    let (_, name) = database.url.rsplit_once('/').expect("a name");
    let space = format!("small_{name}");
    let place = place.display();
    database
        .run(&format!("CREATE TABLESPACE {space} LOCATION '{place}'"))
        .await;
    let filler = format!(
        "CREATE TABLE filler TABLESPACE {space} AS \
         SELECT i, repeat('x', 1000) AS t FROM generate_series(1, 5000) i"
    );
    database.run(&filler).await;
    (database, space)
}

#[tokio::test]
async fn on_a_full_disk_a_step_is_rolled_back_and_the_next_run_finishes() {
    let Some(small) = Small::mount() else { return };
    let (database, space) = nearly_full(&small.place()).await;
    let big = format!(
        "CREATE TABLE big TABLESPACE {space} AS \
         SELECT i, repeat('y', 1000) AS t FROM generate_series(1, 5000) i;"
    );
    let registry = core(&["CREATE TABLE a ();", &big, "CREATE TABLE c ();"]);
    for _ in 0..2 {
        let error = database.up(registry).await.expect_err("the disk is full");
        assert_eq!(error.code().to_string(), "M0501");
        assert!(error.help().contains("make room"), "{}", error.help());
        let fault = fault(Err(error));
        assert_eq!(fault.sqlstate.as_deref(), Some("53100"));
        assert_eq!((fault.left, fault.part), (Left::Nothing, Part::Script));
        assert!(fault.position.is_some(), "{fault:?}");
        assert_eq!(database.recorded().await, ["core/1"]);
        let made = "SELECT count(*) FROM pg_class WHERE relname IN ('big', 'c')";
        assert_eq!(database.value(made).await, "0");
    }
    database.run("DROP TABLE filler").await;
    let report = database.up(registry).await.expect("there is room");
    assert_eq!(done(&report), ["core/2", "core/3"]);
    database.run("DROP TABLE big").await;
    database.run(&format!("DROP TABLESPACE {space}")).await;
}

#[tokio::test]
async fn a_step_is_rolled_back_if_the_disk_of_the_history_is_full() {
    let Some(small) = Small::mount() else { return };
    let (database, space) = nearly_full(&small.place()).await;
    database
        .up(core(&["CREATE TABLE a ();"]))
        .await
        .expect("it runs");
    // Both tables fill their pages, so that the next row needs a new page.
    database
        .run(&format!(
            "ALTER TABLE migrator.core_history SET TABLESPACE {space};"
        ))
        .await;
    let more = "INSERT INTO filler SELECT i, repeat('z', 1000) FROM generate_series(1, 9999) i";
    let session = database.session().await;
    session
        .batch_execute(more)
        .await
        .expect_err("the disk is full");
    let padding = format!("CREATE TABLE b (); -- {}", unlike(20_000));
    let registry = core(&["CREATE TABLE a ();", &padding]);
    let error = database.up(registry).await.expect_err("the disk is full");
    assert_eq!(error.code().to_string(), "M0505");
    assert!(
        error.to_string().contains("could not be recorded: "),
        "{error}"
    );
    assert!(error.help().contains("make room"), "{}", error.help());
    assert_eq!(fault(Err(error)).sqlstate.as_deref(), Some("53100"));
    assert_eq!(database.recorded().await, ["core/1"]);
    let made = "SELECT count(*) FROM pg_class WHERE relname = 'b'";
    assert_eq!(database.value(made).await, "0");
    database.run("DROP TABLE filler").await;
    let report = database.up(registry).await.expect("there is room");
    assert_eq!(done(&report), ["core/2"]);
    database
        .run("ALTER TABLE migrator.core_history SET TABLESPACE pg_default")
        .await;
    database.run(&format!("DROP TABLESPACE {space}")).await;
}

/// A text that does not compress.
fn unlike(length: usize) -> String {
    let mut state = 42_u64;
    let letters = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'a' + u8::try_from((state >> 33) % 26).expect("a letter"))
    });
    letters.take(length).collect()
}
