//! zsh. A file in `fpath` is the body of a function, which also completes when zsh first calls it.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap_complete::env::EnvCompleter;

/// Completes in zsh.
pub(super) struct Zsh;

impl EnvCompleter for Zsh {
    fn name(&self) -> &'static str {
        clap_complete::env::Zsh.name()
    }

    fn is(&self, name: &str) -> bool {
        clap_complete::env::Zsh.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        to: &mut dyn Write,
    ) -> Result<(), io::Error> {
        let mut script = Vec::new();
        clap_complete::env::Zsh.write_registration(
            variable,
            name,
            program,
            completer,
            &mut script,
        )?;
        let script = String::from_utf8_lossy(&script);
        let function = format!("_clap_dynamic_completer_{}", name.replace('-', "_"));
        let registration = format!("compdef {function} {program}");
        let first_call = FIRST_CALL
            .replace("FUNCTION", &function)
            .replace("PROGRAM", program);
        to.write_all(script.replace(&registration, &first_call).as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        arguments: Vec<OsString>,
        folder: Option<&Path>,
        to: &mut dyn Write,
    ) -> Result<(), io::Error> {
        clap_complete::env::Zsh.write_complete(command, arguments, folder, to)
    }
}

/// A file `_PROGRAM` in `fpath` completes at once. Any other file registers the function.
const FIRST_CALL: &str = r#"if [[ ${funcstack[1]-} == _PROGRAM ]]; then
    FUNCTION "$@"
else
    compdef FUNCTION PROGRAM
fi"#;
