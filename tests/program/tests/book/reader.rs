//! A reader of the book, who types what a page shows.

use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::{TempDir, tempdir};

use super::likeness::alike;
use super::support::page::{Block, blocks};
use super::support::{clear, migrator, output, path_with_binary};

/// The width of the terminal of a reader. The URLs of test databases are long.
pub(crate) const COLUMNS: usize = 200;

pub(crate) struct Reader {
    home: TempDir,
    /// The folder in which the reader is.
    folder: PathBuf,
    /// The `PATH`, on which `migrator` is the program without a tree.
    path: String,
    variables: Vec<(String, String)>,
}

impl Reader {
    /// A reader in an empty folder, without a database.
    pub(crate) fn new() -> Reader {
        let home = tempdir().expect("a folder is made");
        let programs = home.path().join("programs");
        let folder = home.path().join("work");
        for folder in [&programs, &folder] {
            fs::create_dir(folder).expect("the folder is made");
        }
        Reader {
            path: path_with_binary(&programs),
            home,
            folder,
            variables: Vec::new(),
        }
    }

    /// The reader with a variable of the environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Reader {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file. A name with `*` is that of an existing file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        let folder = path.parent().expect("a file is in a folder");
        fs::create_dir_all(folder).expect("the folder is made");
        let path = match name.split_once('*') {
            Some((_, end)) => named(folder, end),
            None => path,
        };
        fs::write(path, text).expect("the file is written");
    }

    /// Puts a program on the `PATH`.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.home.path().join("programs").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("the program is written");
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("it is ours");
    }

    /// Runs a command that must succeed.
    pub(crate) fn must(&mut self, command: &str) -> String {
        let (code, printed) = self.run(command);
        assert_eq!(code, Some(0), "{command}\n{printed}");
        printed
    }

    /// Follows the blocks of a page from top to bottom: writes the files, and types the commands.
    ///
    /// A command fails exactly if the page shows an error.
    pub(crate) fn follow(&mut self, page: &str) {
        for block in blocks(page) {
            match (block.language.as_str(), &block.file) {
                ("sh", _) => self.script(&block),
                ("console", _) => self.type_in(&block),
                ("sql" | "toml", Some(name)) => {
                    self.write(name, &format!("{}\n", block.lines.join("\n")));
                }
                _ => {}
            }
        }
    }

    fn script(&mut self, block: &Block) {
        self.must(&format!("set -e\n{}", block.lines.join("\n")));
    }

    /// Follows only the blocks with commands and no output.
    pub(crate) fn follow_shell(&mut self, page: &str) {
        for block in blocks(page).iter().filter(|block| block.language == "sh") {
            self.script(block);
        }
    }

    /// Follows only the blocks with commands and their output.
    pub(crate) fn follow_console(&mut self, page: &str) {
        let blocks = blocks(page).into_iter();
        let mut blocks = blocks
            .filter(|block| block.language == "console")
            .peekable();
        assert!(blocks.peek().is_some(), "the page shows no command");
        for block in blocks {
            self.type_in(&block);
        }
    }

    /// The value of a variable that the reader has.
    pub(crate) fn variable(&self, name: &str) -> String {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.expect(name).1.clone()
    }

    fn type_in(&mut self, block: &Block) {
        for (command, shown) in session(block) {
            let (code, printed) = self.run(command);
            check(block, command, &shown, code, &printed);
        }
    }

    /// Types the first command of a block, and returns while the command runs.
    pub(crate) fn start(&self, block: &Block) -> Running {
        let session = session(block);
        let (command, _) = session.first().expect("the block has a command");
        self.start_line(command)
    }

    /// Starts a command, whose two streams become one.
    pub(crate) fn start_line(&self, line: &str) -> Running {
        let mut command = self.shell(line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a shell starts");
        let mut output = child.stdout.take().expect("it is piped");
        let (says, printed) = channel();
        // The thread ends with the last process that has the pipe.
        thread::spawn(move || {
            let mut byte = [0];
            while output.read(&mut byte).is_ok_and(|read| read == 1) {
                let _ = says.send(byte[0]);
            }
        });
        Running {
            input: child.stdin.take(),
            output: printed,
            printed: Vec::new(),
            child,
        }
    }

    /// Starts a command on a terminal, which `script` provides.
    pub(crate) fn start_on_terminal(&self, line: &str) -> Running {
        let size = format!("stty rows 24 cols {COLUMNS} < /dev/tty");
        let script = format!("script -qefc '{size}; {line}' /dev/null");
        self.start_line(&format!("TERM=xterm NO_COLOR=1 {script}"))
    }

    /// The exit code, and what the command prints on both streams.
    fn run(&mut self, line: &str) -> (Option<i32>, String) {
        if let Some(folder) = line.strip_prefix("cd ") {
            self.folder = self.folder.join(folder);
            return (self.folder.is_dir().then_some(0), String::new());
        }
        let output = self.shell(line).output().expect("a shell starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text)
    }

    /// A shell that runs a line, in the reader's folder and with the reader's variables.
    fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        clear(&mut command);
        command
            .args(["-c", &format!("exec 2>&1\n{line}")])
            .env("PATH", &self.path)
            .envs(self.variables.iter().cloned())
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }
}

/// A command that a reader has started.
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<u8>,
    printed: Vec<u8>,
}

/// How long a command may print nothing.
const PATIENCE: Duration = Duration::from_secs(180);

impl Drop for Running {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Reads until the command has printed a text, and returns everything that it has printed.
    pub(crate) fn until(&mut self, text: &str) -> String {
        while !self.printed.ends_with(text.as_bytes()) {
            let read = self.output.recv_timeout(PATIENCE);
            let so_far = String::from_utf8_lossy(&self.printed);
            assert!(read.is_ok(), "the command does not print {text}\n{so_far}");
            self.printed.extend(read);
        }
        String::from_utf8_lossy(&self.printed).into_owned()
    }

    /// Types an answer.
    pub(crate) fn answer(&mut self, keys: &str) {
        let input = self.input.as_mut().expect("it is piped");
        input.write_all(keys.as_bytes()).expect("it reads");
    }

    /// Sends the process what Ctrl-C sends.
    pub(crate) fn interrupt(&self) {
        let mut kill = Command::new("sh");
        let id = self.child.id().to_string();
        let status = kill.args(["-c", r#"kill -s INT "$0""#, &id]).status();
        assert!(status.expect("sh runs").success());
    }

    /// Waits for the end. Returns the exit code, and everything that the command has printed.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        while let Ok(byte) = self.output.recv_timeout(PATIENCE) {
            self.printed.push(byte);
        }
        let status = self.child.wait().expect("it ends");
        let printed = String::from_utf8_lossy(&self.printed).into_owned();
        (status.code(), printed)
    }

    /// Waits until the command ends, and compares its output with the block.
    pub(crate) fn ends_as(self, block: &Block) {
        let (code, printed) = self.end();
        let session = session(block);
        let (command, shown) = session.first().expect("the block has a command");
        check(block, command, shown, code, &printed);
    }
}

/// The commands of a block, each with the lines that the page shows.
fn session(block: &Block) -> Vec<(&str, Vec<String>)> {
    let mut session: Vec<(&str, Vec<String>)> = Vec::new();
    for line in &block.lines {
        match (line.strip_prefix("$ "), session.last_mut()) {
            (Some(command), _) => session.push((command, Vec::new())),
            (None, Some((_, shown))) => shown.push(line.clone()),
            (None, None) => panic!("a command follows `$ `, and not `{line}`"),
        }
    }
    session
}

/// Compares what a command printed with what the page shows. It fails exactly if the page shows an error.
fn check(block: &Block, command: &str, shown: &[String], code: Option<i32>, printed: &str) {
    let fails = shown.iter().any(|line| line.starts_with("error"));
    assert_eq!(code == Some(0), !fails, "{command}\n{printed}");
    let lines = printed.lines().filter(|line| !is_of_a_slow_machine(line));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    let place = format!("the block at line {}: {command}", block.number);
    let shown_text = shown.join("\n");
    assert!(
        alike(shown, &lines),
        "{place}\n--- shown\n{shown_text}\n--- printed\n{printed}"
    );
}

impl Drop for Reader {
    /// Stops the development servers that the commands started.
    fn drop(&mut self) {
        let work = self.home.path().join("work");
        let entries = fs::read_dir(&work).into_iter().flatten().flatten();
        let folders = entries.map(|entry| entry.path());
        for folder in folders.chain([work.clone()]) {
            if folder.join(".migrator").exists() {
                let mut stop = migrator(&["server", "stop"]);
                let _ = output(stop.current_dir(&folder));
            }
        }
    }
}

/// Whether a command prints the line only if it takes some seconds.
fn is_of_a_slow_machine(line: &str) -> bool {
    line.starts_with("slowest: ") || line.starts_with("note: ") && line.contains(": running for ")
}

/// The file in a folder whose name ends so.
fn named(folder: &Path, end: &str) -> PathBuf {
    let entries = fs::read_dir(folder).expect("the folder is readable");
    let mut paths = entries.map(|entry| entry.expect("the folder is readable").path());
    let found = paths.find(|path| path.to_string_lossy().ends_with(end));
    found.unwrap_or_else(|| panic!("no file in {} ends in {end}", folder.display()))
}
