//! `--version`: the commit and the day of the build, and what `cli/build.rs` finds in a package, in
//! another repository and without git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{folder, write};
use crate::support::{clear, migrator, output};

const TOP: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const PACKAGED: &str =
    "{\n  \"git\": {\n    \"sha1\": \"89abcdef0123456789abcdef0123456789abcdef\"\n  }\n}";

/// Runs git, without the settings of this machine. Returns nothing if it fails.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    clear(&mut command);
    command
        .current_dir(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@localhost"]);
    command
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("TZ", "UTC");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// What git says of the last commit: nine digits of it, and its day.
fn commit_and_day(folder: &Path) -> (String, String) {
    let commit = git(folder, &["rev-parse", "HEAD"]).expect("there is a commit");
    let day = ["log", "-1", "--date=short-local", "--format=%cd"];
    let day = git(folder, &day).expect("the commit has a day");
    (commit[..9].to_owned(), day)
}

#[test]
fn the_version_has_the_commit_and_its_day() {
    let short = output(&mut migrator(&["-V"]));
    assert_eq!(
        short.lines().nth(2),
        Some(&*format!("migrator {VERSION}")),
        "{short}"
    );
    let long = output(&mut migrator(&["--version"]));
    let is_repository = git(
        Path::new(TOP),
        &["ls-files", "--error-unmatch", "cli/Cargo.toml"],
    );
    if option_env!("SOURCE_DATE_EPOCH").is_some() || is_repository.is_none() {
        // The build did not take both from git.
        assert!(long.contains(&format!("migrator {VERSION}")), "{long}");
        return;
    }
    let (commit, day) = commit_and_day(Path::new(TOP));
    let expected = format!("migrator {VERSION} ({commit} {day})");
    assert_eq!(long.lines().nth(2), Some(&*expected), "{long}");
}

/// `cli/build.rs`, compiled.
struct Script {
    folder: TempDir,
}

impl Script {
    fn new() -> Self {
        let folder = folder();
        let mut rustc = Command::new("rustc");
        rustc
            .args(["--edition=2024", "-Cdebuginfo=0", "-o"])
            .arg(folder.path().join("script"));
        rustc.arg(Path::new(TOP).join("cli/build.rs"));
        let output = rustc.output().expect("rustc runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        Self { folder }
    }

    /// What the script prints in the folder of a crate.
    fn run(&self, package: &Path, set: &[(&str, &str)]) -> Printed {
        let mut command = Command::new(self.folder.path().join("script"));
        command.current_dir(package).env_remove("SOURCE_DATE_EPOCH");
        command
            .env("CARGO_PKG_VERSION", "1.2.3")
            .envs(set.iter().copied());
        let output = command.output().expect("the script runs");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{output:?}"
        );
        let text = String::from_utf8(output.stdout).expect("it prints text");
        let values = |key: &str| -> Vec<String> {
            text.lines()
                .filter_map(|line| Some(line.strip_prefix(key)?.to_owned()))
                .collect()
        };
        let version = values("cargo:rustc-env=MIGRATOR_LONG_VERSION=");
        let watched = values("cargo:rerun-if-changed=");
        for path in &watched {
            // The script's own source is not in the folder of this test.
            assert!(path == "build.rs" || package.join(path).is_file(), "{path}");
        }
        Printed {
            version: version.concat(),
            watched,
        }
    }
}

struct Printed {
    version: String,
    watched: Vec<String>,
}

/// A folder with a crate in a folder of it.
fn with_crate(place: &str) -> (TempDir, PathBuf) {
    let folder = folder();
    let package = folder.path().join(place);
    fs::create_dir_all(&package).expect("the folders are made");
    write(&package, "Cargo.toml", "");
    (folder, package)
}

fn commit(folder: &Path) {
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
    ] {
        git(folder, arguments).expect("git succeeds");
    }
    git(folder, &["commit", "--quiet", "--message=x"]).expect("git commits");
}

#[test]
fn the_build_script_follows_the_commits_of_its_own_repository() {
    let script = Script::new();
    let (top, package) = with_crate("cli");
    assert_eq!(script.run(&package, &[]).version, "1.2.3");
    git(top.path(), &["init", "--quiet", "--initial-branch=main"]).expect("git starts");
    git(top.path(), &["add", "--all"]).expect("git adds");
    // There is no commit yet.
    assert_eq!(script.run(&package, &[]).version, "1.2.3");
    commit(top.path());
    let (id, day) = commit_and_day(top.path());
    let found = script.run(&package, &[]);
    assert_eq!(found.version, format!("1.2.3 ({id} {day})"));
    assert!(
        found.watched.iter().any(|path| path.ends_with("HEAD")),
        "{:?}",
        found.watched
    );
    assert!(
        found
            .watched
            .iter()
            .any(|path| path.ends_with("refs/heads/main")),
        "{:?}",
        found.watched
    );

    let given = script.run(&package, &[("SOURCE_DATE_EPOCH", "951782400")]);
    assert_eq!(given.version, format!("1.2.3 ({id} 2000-02-29)"));
    let invalid = script.run(&package, &[("SOURCE_DATE_EPOCH", "today")]);
    assert_eq!(invalid.version, found.version);
    let in_hook = script.run(
        &package,
        &[("GIT_DIR", "/nowhere"), ("GIT_INDEX_FILE", "/nowhere")],
    );
    assert_eq!(in_hook.version, found.version);
    let without_git = script.run(&package, &[("PATH", "/nowhere")]);
    assert_eq!(without_git.version, "1.2.3");

    // A packed branch has no file until the next commit.
    git(top.path(), &["pack-refs", "--all"]).expect("git packs");
    let packed = script.run(&package, &[]);
    assert_eq!(packed.version, found.version);
    assert!(
        packed
            .watched
            .iter()
            .any(|path| path.ends_with("logs/HEAD")),
        "{:?}",
        packed.watched
    );

    git(
        top.path(),
        &["worktree", "add", "--quiet", "--detach", "other"],
    )
    .expect("git adds it");
    let other = script.run(&top.path().join("other/cli"), &[]);
    assert_eq!(other.version, found.version);
    assert!(
        other
            .watched
            .iter()
            .any(|path| path.ends_with("worktrees/other/HEAD"))
    );
}

#[test]
fn the_build_script_takes_no_commit_of_another_repository() {
    let script = Script::new();
    // A package beside the sources, such as in `target/package`: git does not track it.
    let (top, package) = with_crate("cli");
    write(top.path(), ".gitignore", "/cli\n");
    commit(top.path());
    assert_eq!(script.run(&package, &[]).version, "1.2.3");
    write(&package, ".cargo_vcs_info.json", PACKAGED);
    assert_eq!(script.run(&package, &[]).version, "1.2.3 (89abcdef0)");
    let dated = script.run(&package, &[("SOURCE_DATE_EPOCH", "951782400")]);
    assert_eq!(dated.version, "1.2.3 (89abcdef0 2000-02-29)");
    write(&package, ".cargo_vcs_info.json", "{}");
    assert_eq!(script.run(&package, &[]).version, "1.2.3");

    // A package that another repository tracks.
    let (top, package) = with_crate("vendor/migrator-cli");
    commit(top.path());
    assert_eq!(script.run(&package, &[]).version, "1.2.3");
    let (top, package) = with_crate("cli");
    write(&package, ".cargo-checksum.json", "{}");
    commit(top.path());
    assert_eq!(script.run(&package, &[]).version, "1.2.3");
}
