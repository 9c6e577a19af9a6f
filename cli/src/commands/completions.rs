//! `completions`: a completion script for a shell.

use clap_complete::Shell;

use super::context::Answer;
use crate::complete;
use crate::view::{Completions, View};

pub(super) fn run(shell: Shell) -> Answer {
    let script = complete::script(shell);
    Answer::done(View::Completions(Completions { script }))
}
