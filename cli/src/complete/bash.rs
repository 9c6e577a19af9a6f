//! bash. It splits a word at `=`, so this script joins the parts of `--service=core` again.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap_complete::env::EnvCompleter;

/// Completes in bash.
pub(super) struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        clap_complete::env::Bash.name()
    }

    fn is(&self, name: &str) -> bool {
        clap_complete::env::Bash.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        to: &mut dyn Write,
    ) -> Result<(), io::Error> {
        let script = SCRIPT
            .replace("VARIABLE", variable)
            .replace("NAME", &name.replace('-', "_"))
            .replace("PROGRAM", program)
            .replace("COMPLETER", completer);
        to.write_all(script.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        arguments: Vec<OsString>,
        folder: Option<&Path>,
        to: &mut dyn Write,
    ) -> Result<(), io::Error> {
        clap_complete::env::Bash.write_complete(command, arguments, folder, to)
    }
}

/// The words up to the cursor are joined at `=`, and bash gets only what follows the `=`.
const SCRIPT: &str = r#"_complete_NAME() {
    local words=() word i joined=
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ $word == = || ${COMP_WORDS[i-1]} == = ]]; then
            words[${#words[@]}-1]+=$word
            joined=yes
        else
            words+=("$word")
            joined=
        fi
    done
    local IFS=$'\n'
    COMPREPLY=($(
        _CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((${#words[@]} - 1)) VARIABLE=bash \
            "COMPLETER" -- "${words[@]}" 2>/dev/null
    ))
    [[ -z $joined ]] || COMPREPLY=("${COMPREPLY[@]#*=}")
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *[=/] ]] || compopt -o nospace 2>/dev/null
}
complete -o bashdefault -F _complete_NAME PROGRAM
"#;
