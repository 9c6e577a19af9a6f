//! A shell with a script of our own. clap answers the shell.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap_complete::env::EnvCompleter;

/// A shell of clap's with another script.
pub(super) struct Own {
    pub(super) shell: &'static dyn EnvCompleter,
    pub(super) registration: fn(Names<'_>) -> String,
}

/// The names in a script.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    /// The variable that names the shell which asks.
    pub(super) variable: &'a str,
    /// The name of the command in functions.
    pub(super) name: &'a str,
    /// The command whose line is completed.
    pub(super) program: &'a str,
    /// The program that answers.
    pub(super) completer: &'a str,
}

impl EnvCompleter for Own {
    fn name(&self) -> &'static str {
        self.shell.name()
    }

    fn is(&self, name: &str) -> bool {
        self.shell.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        to: &mut dyn Write,
    ) -> Result<(), io::Error> {
        let script = (self.registration)(Names {
            variable,
            name,
            program,
            completer,
        });
        to.write_all(script.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        arguments: Vec<OsString>,
        folder: Option<&Path>,
        to: &mut dyn Write,
    ) -> Result<(), io::Error> {
        self.shell.write_complete(command, arguments, folder, to)
    }
}
