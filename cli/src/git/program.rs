//! Runs the program `git`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use migrator_model::Code;

use super::objects::{self, Entry};
use crate::exit::Exit;
use crate::failure::Failure;

/// Variables with which git's hooks name their own repository, relative to another folder.
const OF_HOOKS: [&str; 5] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
];

/// The program `git` in a folder.
pub(super) struct Git {
    folder: PathBuf,
}

impl Git {
    pub(super) fn in_folder(folder: &Path) -> Git {
        Git {
            folder: folder.to_owned(),
        }
    }

    /// The path of the folder in its repository, with `/` at the end; empty for the top folder.
    pub(super) fn prefix(&self, shown: &str) -> Result<String, Failure> {
        let output = self.command(&["rev-parse", "--show-prefix"]).output();
        let output = output.map_err(not_run)?;
        if output.status.success() {
            return Ok(line(&output.stdout));
        }
        let message = format!("`{shown}` is not in a git repository");
        let help = "run the command in a clone of the repository, or leave `--base` out";
        Err(Failure::new(Code::M0237, Exit::Usage, message, help).because(line(&output.stderr)))
    }

    /// The hash of a commit; `None` if the repository lacks it.
    pub(super) fn commit(&self, reference: &str) -> Result<Option<String>, Failure> {
        let name = format!("{reference}^{{commit}}");
        let output = self
            .command(&["rev-parse", "--verify", "--quiet", &name])
            .output();
        let output = output.map_err(not_run)?;
        Ok(output.status.success().then(|| line(&output.stdout)))
    }

    /// The hash of a folder at a commit; `None` if the commit has no such folder. Git's message if
    /// the repository lacks an object on the way.
    pub(super) fn folder(&self, commit: &str, path: &str) -> Result<Option<String>, String> {
        let arguments = ["ls-tree", "-d", "-z", "--full-tree", commit, "--", path];
        let entries = self.entries(&arguments)?;
        let folder = entries.into_iter().find(|entry| entry.path == path);
        Ok(folder.map(|folder| folder.hash))
    }

    /// The entries of a tree and of its folders; git's message if it lacks one.
    pub(super) fn list(&self, tree: &str) -> Result<Vec<Entry>, String> {
        self.entries(&["ls-tree", "-r", "-z", "--full-tree", tree])
    }

    fn entries(&self, arguments: &[&str]) -> Result<Vec<Entry>, String> {
        let output = self.command(arguments).output();
        let output = output.map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(objects::entries(&output.stdout)),
            false => Err(line(&output.stderr)),
        }
    }

    /// The contents of files, in their order; git's message if it lacks one.
    pub(super) fn contents(&self, files: &[Entry]) -> Result<Vec<Vec<u8>>, String> {
        let hashes = files.iter().flat_map(|file| [file.hash.as_str(), "\n"]);
        let hashes: String = hashes.collect();
        let mut command = self.command(&["cat-file", "--batch"]);
        let output = with_input(&mut command, hashes).map_err(|error| error.to_string())?;
        let contents = objects::contents(&output.stdout);
        let contents = contents.filter(|contents| contents.len() == files.len());
        contents.ok_or_else(|| match line(&output.stderr) {
            message if message.is_empty() => "an object is missing".to_owned(),
            message => message,
        })
    }

    pub(super) fn is_shallow(&self) -> bool {
        let output = self
            .command(&["rev-parse", "--is-shallow-repository"])
            .output();
        output.is_ok_and(|output| line(&output.stdout) == "true")
    }

    /// The names of the remotes, or the name that git gives the first one.
    pub(super) fn remotes(&self) -> Vec<String> {
        let output = self.command(&["remote"]).output();
        let text = output.map_or_else(|_| String::new(), |output| text(&output.stdout));
        match text.is_empty() {
            true => vec!["origin".to_owned()],
            false => text.lines().map(str::to_owned).collect(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.folder)
            .args(arguments)
            .stdin(Stdio::null())
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0");
        for name in OF_HOOKS {
            command.env_remove(name);
        }
        command
    }
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` passes a value")]
fn not_run(error: io::Error) -> Failure {
    let message = "the program `git` could not be run";
    let help = "install git, or leave `--base` out";
    Failure::new(Code::M0237, Exit::Usage, message, help).because(error.to_string())
}

/// Runs a command with an input. A thread writes the input, because the command may wait for a reader
/// of its output first.
fn with_input(command: &mut Command, input: String) -> io::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take();
    thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(stdin) = &mut stdin {
                // If the command has ended, its output says why.
                let _ = stdin.write_all(input.as_bytes());
            }
        });
        child.wait_with_output()
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A text without the line break at its end.
fn line(bytes: &[u8]) -> String {
    text(bytes).trim_end_matches(['\n', '\r']).to_owned()
}
