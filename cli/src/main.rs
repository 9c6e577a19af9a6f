//! The command without migrations of its own: it reads a tree from a folder.

use std::process::ExitCode;

fn main() -> ExitCode {
    migrator_cli::run_in_folder()
}
