//! A folder for a new user, with `migrator` and `cargo` on the `PATH`.
//!
//! The crates of this workspace are not in a registry yet. Two things are therefore different from
//! the machine of a user: `cargo install migrator-cli` does nothing, because `migrator` is on the
//! `PATH`, and a configuration of cargo replaces the crates by those of this checkout. All cargo
//! builds are offline, with the versions of this checkout's lock file and in its target folder.

use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::{TempDir, tempdir};

use crate::support::{BINARY, clear, migrator, output, path_with_binary};

pub(crate) struct Home {
    folder: TempDir,
    path: String,
    /// Held while this folder exists: see [`lock`].
    _lock: File,
}

impl Home {
    pub(crate) fn new() -> Home {
        let lock = lock();
        let folder = tempdir().expect("a folder is made");
        for name in ["bin", ".cargo"] {
            fs::create_dir(folder.path().join(name)).expect(name);
        }
        let path = path_with_binary(&folder.path().join("bin"));
        let home = Home {
            folder,
            path,
            _lock: lock,
        };
        let cargo = home.path().join("bin/cargo");
        fs::write(&cargo, wrapper()).expect("the wrapper is written");
        fs::set_permissions(&cargo, Permissions::from_mode(0o755)).expect("it is ours");
        fs::write(home.path().join(".cargo/config.toml"), configuration())
            .expect("the configuration is written");
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a script, and stops it at the first failure.
    pub(crate) fn run(&self, folder: &str, script: &str) -> String {
        let mut command = Command::new("sh");
        clear(&mut command);
        command
            .args(["-eu", "-c", script])
            .env("PATH", &self.path)
            .env("CARGO_TARGET_DIR", target())
            .current_dir(self.path().join(folder))
            .stdin(Stdio::null());
        output(&mut command)
    }
}

impl Drop for Home {
    /// Stops the development servers that the commands started.
    fn drop(&mut self) {
        let folders = fs::read_dir(self.path()).into_iter().flatten().flatten();
        for folder in folders.map(|folder| folder.path()) {
            if folder.join(".migrator").exists() {
                let mut stop = migrator(&["server", "stop"]);
                let _ = output(stop.current_dir(&folder));
            }
        }
    }
}

/// Waits until no other test, also of another process, has a new crate.
///
/// For cargo, two workspaces with a package `shop` at their top are the same package: it does not
/// hash the path of the workspace. So a build of the second one replaces the program of the first
/// one, and cargo then calls that program fresh, because it is newer than the first one's files.
/// With the lock, all files of a new crate are newer than the program of the crate before.
fn lock() -> File {
    let lock = File::create(target().join("new-crates.lock")).expect("the target is writable");
    lock.lock().expect("the other tests end");
    lock
}

/// A `cargo` that installs nothing, and that begins with this checkout's lock file.
fn wrapper() -> String {
    format!(
        "#!/bin/sh\n\
         if [ \"$*\" = 'install migrator-cli' ]; then exit 0; fi\n\
         if [ -e Cargo.toml ] && [ ! -e Cargo.lock ]; then cp '{}' Cargo.lock; fi\n\
         exec '{}' \"$@\"\n",
        checkout().join("Cargo.lock").display(),
        env!("CARGO")
    )
}

/// The configuration: the crates of this checkout, and its profile, so that cargo compiles each
/// dependency once.
fn configuration() -> String {
    let mut text = "[net]\noffline = true\n\n[patch.crates-io]\n".to_owned();
    let manifest = fs::read_to_string(checkout().join("Cargo.toml")).expect("it is readable");
    let entries = manifest
        .lines()
        .filter_map(|line| line.split_once(" = { path = \""));
    let mut names = Vec::new();
    for (name, rest) in entries {
        let (path, _) = rest.split_once('"').expect("a path ends with a quote");
        let path = checkout().join(path);
        writeln!(
            text,
            "{name} = {{ path = {:?} }}",
            path.display().to_string()
        )
        .expect("a text grows");
        names.push(name);
    }
    assert!(names.contains(&"migrator-cli"), "{manifest}");
    let (_, profile) = manifest
        .split_once("[profile.dev]")
        .expect("there is a profile");
    let (profile, _) = profile
        .split_once("[profile.release]")
        .expect("and another");
    write!(text, "\n[profile.dev]{profile}").expect("a text grows");
    for name in names {
        writeln!(
            text,
            "[profile.dev.package.{name}]\ndebug = \"line-tables-only\"\n"
        )
        .expect("a text grows");
    }
    text
}

fn checkout() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = package.parent().expect("the package is in a folder");
    tests.parent().expect("the folder is in the checkout")
}

/// The target folder of this test.
fn target() -> PathBuf {
    let target = Path::new(BINARY)
        .ancestors()
        .nth(2)
        .expect("target/debug/migrator-in-folder");
    target.to_owned()
}
