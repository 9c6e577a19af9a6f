//! Runs cargo, and reads its output.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use super::{Crate, temporary};

/// A long limit: the first build also builds the dependencies, perhaps on a slow machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// Only one cargo at a time, because cargo holds a lock.
static CARGO: Mutex<()> = Mutex::new(());

/// The result of a `cargo build`.
pub struct Build {
    /// The name of the crate.
    name: String,
    pub succeeded: bool,
    pub stderr: String,
    /// Whether the crate was compiled rather than found to be fresh.
    pub compiled: bool,
    /// Whether cargo ran the build script.
    pub ran_build_script: bool,
}

impl Build {
    /// The errors and warnings of this crate, such as `src/main.rs:1:2: error: …`, and cargo's
    /// own errors without its last lines.
    pub fn findings(&self) -> Vec<&str> {
        let closing = ["could not compile", "build script logged errors"];
        let is_closing = |line: &str| closing.iter().any(|words| line.contains(words));
        let is_finding = |line: &str| {
            let of_code = line.contains(": error") || line.contains(": warning");
            (line.starts_with("src/") && of_code)
                || line.starts_with("error")
                || line.starts_with(&format!("warning: {}@", self.name))
        };
        let lines = self.stderr.lines();
        lines
            .filter(|line| is_finding(line) && !is_closing(line))
            .collect()
    }
}

impl Crate {
    /// Builds the crate.
    pub fn build(&self) -> Build {
        self.outcome("build")
    }

    /// Runs clippy on the crate.
    pub fn clippy(&self) -> Build {
        self.outcome("clippy")
    }

    /// Builds the crate, and shows another path instead of that of its folder.
    pub fn build_remapped(&self, shown: &str) -> Build {
        let remap = format!("--remap-path-prefix={}={shown}", self.folder.display());
        self.outcome_with("rustc", &["--", &remap])
    }

    fn outcome(&self, command: &str) -> Build {
        self.outcome_with(command, &[])
    }

    fn outcome_with(&self, command: &str, further: &[&str]) -> Build {
        let usual = [command, "--offline", "-v", "--message-format=short"];
        let output = bounded(self.cargo(&[usual.as_slice(), further].concat()));
        let stderr = String::from_utf8(output.stderr).unwrap();
        let name = &self.name;
        let ran = |line: &str| {
            line.contains("Running `")
                && line.contains(&format!("{name}-"))
                && line.contains("build-script-build`")
        };
        Build {
            name: name.clone(),
            succeeded: output.status.success(),
            compiled: stderr.contains(&format!("Compiling {name} v")),
            ran_build_script: stderr.lines().any(ran),
            stderr: clean(&stderr),
        }
    }

    /// The output of the program of the last build.
    pub fn output(&self) -> String {
        let output = bounded(Command::new(self.program()));
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    /// The path of the program.
    pub fn program(&self) -> PathBuf {
        let name = format!("{}{}", self.name, std::env::consts::EXE_SUFFIX);
        target().join("debug").join(name)
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).current_dir(&self.folder);
        for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
            command.env_remove(variable);
        }
        command.env("CARGO_TARGET_DIR", target());
        command.env("CARGO_TERM_COLOR", "never");
        command
    }
}

/// The output without the successful steps, so that a failed test shows only the errors.
fn clean(stderr: &str) -> String {
    let is_step = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("Fresh ") || line.starts_with("Running `")
    };
    let lines: Vec<&str> = stderr.lines().filter(|line| !is_step(line)).collect();
    lines.join("\n")
}

fn target() -> PathBuf {
    temporary().join("target")
}

fn bounded(mut command: Command) -> Output {
    let _one = CARGO.lock().unwrap_or_else(PoisonError::into_inner);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(command.output()));
    let output = receiver.recv_timeout(PATIENCE);
    output.expect("cargo ends in time").unwrap()
}
