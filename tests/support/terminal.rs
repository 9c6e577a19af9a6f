//! Runs the binary on a terminal.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{BINARY, clear};

/// A command on a terminal, which `script` provides. It ends after five minutes at the latest, so that
/// nobody waits for its output for ever.
pub fn on_terminal(url: &str, folder: &Path, arguments: &[&str]) -> Command {
    let binary = BINARY;
    let line = format!("{binary} {}", arguments.join(" "));
    let mut command = Command::new("timeout");
    command
        .args(["300", "script"])
        .args(["--quiet", "--flush", "--return", "--command", &line])
        .arg("/dev/null")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    clear(&mut command);
    command
        .env("DATABASE_URL", url)
        .envs([("NO_COLOR", "1"), ("TERM", "xterm")]);
    command
}

/// Reads the output of a command on a terminal until a text.
pub fn read_until(output: &mut impl Read, text: &str) -> String {
    let (mut read, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&read).ends_with(text) {
        let number = output.read(&mut byte).expect("the terminal is open");
        assert_eq!(number, 1, "{}", String::from_utf8_lossy(&read));
        read.extend(byte);
    }
    String::from_utf8_lossy(&read).into_owned()
}
