//! The command under test, as a process.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::server::PATIENCE;
use super::tree::{Shape, VARIABLE};
use super::{Outcome, Setting};

/// How to start a build of the command.
#[derive(Clone, Debug)]
pub(super) struct Victim {
    program: PathBuf,
    shape: Shape,
    extra: Vec<String>,
}

/// A running process of the command.
pub(super) struct Running {
    child: Child,
    /// The lines of both streams, as they arrive.
    lines: Receiver<String>,
    readers: Vec<JoinHandle<()>>,
    output: Vec<String>,
}

/// A process that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    status: ExitStatus,
    /// The lines of both streams.
    pub(super) output: Vec<String>,
}

impl Victim {
    pub(super) fn new(setting: &Setting, shape: Shape) -> Victim {
        Victim {
            program: setting.program.clone(),
            shape,
            extra: setting.extra.clone(),
        }
    }

    /// Starts the command on a database.
    pub(super) fn start(&self, url: &str, arguments: &[&str]) -> Outcome<Running> {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("PG") || text.starts_with("MIGRATOR_") {
                command.env_remove(&name);
            }
        }
        command.args(arguments);
        if arguments
            .first()
            .is_some_and(|first| ["up", "down"].contains(first))
        {
            command.args(&self.extra);
        }
        let mut child = command
            .env(VARIABLE, self.shape.to_string())
            .env("DATABASE_URL", url)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, lines) = channel();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as _),
            child.stderr.take().map(|stream| Box::new(stream) as _),
        ];
        let read = |stream: Box<dyn Read + Send>| {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let lines = BufReader::new(stream).lines();
                for line in lines.map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            })
        };
        let readers = streams.into_iter().flatten().map(read).collect();
        Ok(Running {
            child,
            lines,
            readers,
            output: Vec::new(),
        })
    }

    /// Runs the command to its end.
    pub(super) fn run(&self, url: &str, arguments: &[&str]) -> Outcome<Ended> {
        self.start(url, arguments)?.end()
    }
}

impl Running {
    /// Kills the process with SIGKILL.
    pub(super) fn kill(&mut self) -> Outcome<()> {
        Ok(self.child.kill()?)
    }

    /// Waits until the process prints a text.
    pub(super) fn wait_for(&mut self, part: &str) -> Outcome<()> {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    let is_wanted = line.contains(part);
                    self.output.push(line);
                    if is_wanted {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return Err(format!("it never printed `{part}`: {:?}", self.output).into());
                }
            }
        }
    }

    /// Waits until the process has printed this number of results, or ends.
    pub(super) fn wait_for_results(&mut self, word: &str, number: usize) {
        let mut left = number;
        while left > 0 {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                return;
            };
            left -= usize::from(line.starts_with(word));
            self.output.push(line);
        }
    }

    /// Waits until the process has ended.
    pub(super) fn wait(&mut self) -> Outcome<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if started.elapsed() > PATIENCE {
                self.child.kill()?;
                self.child.wait()?;
                return Err(format!("it does not end: {:?}", self.rest()).into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until the process has ended, and returns its output.
    pub(super) fn end(mut self) -> Outcome<Ended> {
        let status = self.wait()?;
        let output = self.rest();
        Ok(Ended { status, output })
    }

    fn rest(&mut self) -> Vec<String> {
        for reader in self.readers.drain(..) {
            // The thread does not panic, and ends with the stream.
            let _ = reader.join();
        }
        self.output.extend(self.lines.try_iter());
        std::mem::take(&mut self.output)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process has ended already, unless the fault could not be injected.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The exit code; `None` if a signal ended the process.
    pub(super) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Returns an error unless the command succeeded.
    pub(super) fn succeeded(&self) -> Outcome<()> {
        match self.code() {
            Some(0) => Ok(()),
            _ => Err(format!("{}: {}", self.status, self.output.join(" | ")).into()),
        }
    }

    /// The migrations in the result lines that begin with this word.
    pub(super) fn reported(&self, word: &str) -> Vec<String> {
        let named = |line: &String| {
            let mut words = line.split_whitespace();
            words.next().filter(|first| *first == word)?;
            words.next().map(str::to_owned)
        };
        self.output.iter().filter_map(named).collect()
    }
}
