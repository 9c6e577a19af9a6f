//! A process that runs on a new database, and the signals that it gets.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use migrator_model::Code;
use migrator_runtime::Settings;
use migrator_runtime::testing::TestDatabase;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::signals::Signals;

/// A command that has not been started yet. It uses the standard streams of this process.
pub(super) struct Child {
    command: Command,
    program: OsString,
}

impl Child {
    /// A command with the variables that lead to a database. Other variables of libpq could lead
    /// elsewhere, so the command does not get them.
    pub(super) fn new(command: &[OsString], database: &TestDatabase) -> Child {
        let (program, arguments) = command.split_first().unwrap_or((&EMPTY, &[]));
        let mut child = Command::new(program);
        child.args(arguments);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(Settings::reads) {
                child.env_remove(&name);
            }
        }
        child.envs(database.settings().variables());
        // The URL also names a default host, and the password of the password file.
        if let Ok(whole) = Settings::parse(database.url()) {
            child.envs(whole.variables());
        }
        child.env("DATABASE_URL", database.url());
        Child {
            command: child,
            program: program.clone(),
        }
    }

    /// Adds a variable.
    pub(super) fn env(&mut self, name: &str, value: &str) {
        self.command.env(name, value);
    }

    /// Runs the command to its end, and passes signals on to it. Returns its exit code.
    pub(super) async fn run(mut self, signals: &mut Signals) -> Result<Exit, Failure> {
        // Registered before the command starts, so that its end is not missed.
        let ends = signal(SignalKind::child());
        let mut ends = ends.map_err(|error| self.not_run(&error))?;
        let started = self.command.spawn();
        let mut child = started.map_err(|error| self.not_run(&error))?;
        loop {
            // Only this loop takes the status, so the process id is that of the command until then.
            if let Some(status) = child.try_wait().map_err(|error| self.not_run(&error))? {
                return Ok(Exit::OfCommand(code(status)));
            }
            tokio::select! {
                _ = ends.recv() => {}
                signal = signals.next() => pass_on(signal, child.id()),
            }
        }
    }

    fn not_run(&self, error: &io::Error) -> Failure {
        let (code, help) = match error.kind() == io::ErrorKind::NotFound {
            true => (127, "check the name and the `PATH`"),
            false => (126, "check that the file is a program that you may run"),
        };
        let message = format!("cannot run `{}`", self.program.display());
        let failure = Failure::new(Code::M0908, Exit::OfCommand(code), message, help);
        failure.because(error.to_string())
    }
}

/// A command has at least one word, so no process gets this name.
static EMPTY: OsString = OsString::new();

/// The exit code as a shell reports it: 128 plus the number of the signal that ended the process.
fn code(status: ExitStatus) -> u8 {
    let signal = || status.signal().map(|signal| 128 + signal);
    let code = status.code().or_else(signal);
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Passes a signal on. The terminal sends Ctrl-C to each process in its foreground, also to the
/// command; a second one would end many programs at once.
fn pass_on(signal: Exit, process: u32) {
    if signal == Exit::Interrupted && is_in_foreground() {
        return;
    }
    let name = signal.signal().trim_start_matches("SIG");
    let kill = Command::new("sh")
        .args(["-c", r#"kill -s "$0" "$1""#, name, &process.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // It fails if the command has just ended.
    drop(kill);
}

/// Whether this process and its command are in the foreground of a terminal: then the process group
/// is that of the terminal, the fields 5 and 8 of `/proc/self/stat` (`proc(5)`).
fn is_in_foreground() -> bool {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the name of the program, which may contain anything.
    let Some((_, rest)) = stat.rsplit_once(')') else {
        return io::IsTerminal::is_terminal(&io::stdin());
    };
    let fields: Vec<&str> = rest.split_whitespace().collect();
    matches!((fields.get(2), fields.get(5)), (Some(own), Some(terminal)) if own == terminal)
}
