//! A folder for a new user, with `migrator` and `cargo` on the `PATH`.
//!
//! Two things are different from the machine of a user. `cargo install --path .` does nothing,
//! because `migrator` is on the `PATH`: compiling it again would take minutes. The crates of this
//! workspace are not in a registry yet, so a configuration of cargo replaces them by those of this
//! checkout. All cargo builds are offline, with the versions of this checkout's lock file and in its
//! target folder.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::{TempDir, tempdir};

use crate::support::{clear, migrator, output};

pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Home {
        let home = Home {
            folder: tempdir().expect("a folder is made"),
        };
        for folder in ["bin", ".cargo"] {
            fs::create_dir(home.path().join(folder)).expect(folder);
        }
        let binary = home.path().join("bin/migrator");
        symlink(env!("CARGO_BIN_EXE_migrator"), binary).expect("a link is made");
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
        let path = std::env::var("PATH").expect("there is a PATH");
        let path = format!("{}:{path}", self.path().join("bin").display());
        let mut command = Command::new("sh");
        clear(&mut command);
        command
            .args(["-eu", "-c", script])
            .env("PATH", path)
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

/// A `cargo` that installs nothing, and that begins with this checkout's lock file.
fn wrapper() -> String {
    format!(
        "#!/bin/sh\n\
         if [ \"$*\" = 'install --path .' ]; then exit 0; fi\n\
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
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The target folder of this test.
fn target() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_migrator"));
    let target = binary.ancestors().nth(2).expect("target/debug/migrator");
    target.to_owned()
}
