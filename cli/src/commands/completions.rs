//! `completions`: a completion script for a shell.

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use serde_json::json;

use super::Context;
use crate::args::Arguments;
use crate::exit::Exit;

pub(super) fn run(context: &mut Context<'_>, shell: Shell) -> Exit {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "migrator", &mut script);
    let script = String::from_utf8_lossy(&script);
    context.output.line(script.trim_end());
    context.output.member("script", json!(script));
    Exit::Done
}
