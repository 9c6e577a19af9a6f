//! `completions`: a completion script for a shell.

use clap_complete::{Shell, generate};

use super::context::{Answer, Context};
use crate::arguments::Arguments;
use crate::view::{Completions, View};

pub(super) fn run(context: &Context, shell: Shell) -> Answer {
    let mut script = Vec::new();
    let mut command = Arguments::of(context.program);
    generate(shell, &mut command, "migrator", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Answer::done(View::Completions(Completions { script }))
}
