//! `completions`: a completion script for a shell.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::context::Answer;
use crate::arguments::Arguments;
use crate::view::{Completions, View};

pub(super) fn run(shell: Shell) -> Answer {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "migrator", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Answer::done(View::Completions(Completions { script }))
}
