//! Finds the commit and the day that `migrator --version` shows. If they cannot be found, the version
//! stands alone: this script fails no build.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

#[path = "src/origin.rs"]
mod origin;

/// The folder of this crate in its repository, as git prints it.
const FOLDER: &str = "cli/";

/// The file in which cargo records the commit of a package.
const PACKAGED: &str = ".cargo_vcs_info.json";

/// The file that `cargo vendor` adds. The repository around it belongs to somebody else.
const VENDORED: &str = ".cargo-checksum.json";

/// The date of a reproducible build, in seconds since 1970.
const DATE: &str = "SOURCE_DATE_EPOCH";

/// Set in a hook of git. Without them, git looks for the repository around this crate.
const OF_HOOKS: [&str; 3] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={DATE}");
    let (commit, time) = commit_and_time();
    let given = env::var(DATE).ok();
    let time = given.and_then(|given| given.parse().ok()).or(time);
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let day = time.map(origin::day);
    let version = origin::long_version(&version, commit.as_deref(), day.as_deref());
    println!("cargo:rustc-env=MIGRATOR_LONG_VERSION={version}");
}

/// The commit of this source, and its time in seconds since 1970. A package records no time.
fn commit_and_time() -> (Option<String>, Option<u64>) {
    if let Ok(text) = fs::read_to_string(PACKAGED) {
        watch(PACKAGED);
        return (origin::packaged_commit(&text).map(str::to_owned), None);
    }
    if Path::new(VENDORED).exists() || !is_in_own_repository() {
        return (None, None);
    }
    watch_head();
    let listed = git(&["rev-list", "--max-count=1", "--timestamp", "HEAD"]);
    match listed.as_deref().and_then(origin::listed_commit) {
        Some((time, commit)) => (Some(commit.to_owned()), Some(time)),
        None => (None, None),
    }
}

/// Whether the repository around this crate is migrator's. A package that lies in another repository is
/// in another folder of it, or not under version control.
fn is_in_own_repository() -> bool {
    git(&["rev-parse", "--show-prefix"]).as_deref() == Some(FOLDER)
        && git(&["ls-files", "--error-unmatch", "Cargo.toml"]).is_some()
}

/// Lets cargo run this script again after a commit or a checkout.
fn watch_head() {
    let path = |name: &str| git(&["rev-parse", "--git-path", name]);
    watch_if_there(path("HEAD"));
    let Some(branch) = git(&["symbolic-ref", "--quiet", "HEAD"]) else {
        return;
    };
    if !watch_if_there(path(&branch)) {
        // A packed branch has no file until the next commit. The log grows with that commit.
        watch_if_there(path("packed-refs"));
        watch_if_there(path("logs/HEAD"));
    }
}

/// Watches a file. cargo would run the script each time if it watched a file that does not exist.
fn watch_if_there(path: Option<String>) -> bool {
    let path = path.filter(|path| Path::new(path).is_file());
    path.as_deref().map(watch).is_some()
}

fn watch(path: &str) {
    println!("cargo:rerun-if-changed={path}");
}

/// What git prints, without the end of the line.
fn git(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    for name in OF_HOOKS {
        command.env_remove(name);
    }
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| text.trim_end_matches('\n').to_owned())
}
