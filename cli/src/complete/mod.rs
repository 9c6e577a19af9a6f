//! Completions: a shell asks the program what may follow, and gets commands, options, services,
//! versions and codes.
//!
//! `migrator completions SHELL` prints the script that a shell reads. The script calls the program
//! with the variable `MIGRATOR_COMPLETE`, and clap's engine answers.

mod bash;
mod own;
mod values;
mod zsh;

use std::env;

use clap_complete::CompleteEnv;
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use crate::arguments::Arguments;
use crate::program::Program;
use own::Own;

/// The variable that names the shell which asks.
const VARIABLE: &str = "MIGRATOR_COMPLETE";

/// The shells.
const SHELLS: &[&dyn EnvCompleter] = &[&BASH, &Elvish, &Fish, &Powershell, &ZSH];

const BASH: Own = Own {
    shell: &Bash,
    registration: bash::registration,
};

const ZSH: Own = Own {
    shell: &Zsh,
    registration: zsh::registration,
};

/// Answers a shell, and ends the process, if a shell asks.
pub(crate) fn answer(program: Program) {
    if env::var_os(VARIABLE).is_some() {
        CompleteEnv::with_factory(move || values::add(Arguments::of(program), program))
            .var(VARIABLE)
            .shells(Shells(SHELLS))
            .complete();
    }
}

/// The script that a shell reads.
pub(crate) fn script(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    if let Some(shell) = Shells(SHELLS).completer(&shell.to_string()) {
        let name = "migrator";
        // A `Vec` takes everything.
        let _ = shell.write_registration(VARIABLE, name, name, name, &mut script);
    }
    String::from_utf8_lossy(&script).into_owned()
}
