//! zsh. A file in `fpath` is the body of a function, which also completes when zsh first calls it.

use clap_complete::env::{EnvCompleter as _, Zsh};

use super::own::Names;

/// The script that zsh reads: that of clap with another end.
pub(super) fn registration(names: Names<'_>) -> String {
    let Names {
        variable,
        name,
        program,
        completer,
    } = names;
    let mut script = Vec::new();
    // A `Vec` takes everything.
    let _ = Zsh.write_registration(variable, name, program, completer, &mut script);
    let script = String::from_utf8_lossy(&script);
    let function = format!("_clap_dynamic_completer_{}", name.replace('-', "_"));
    let registration = format!("compdef {function} {program}");
    let first_call = FIRST_CALL
        .replace("FUNCTION", &function)
        .replace("PROGRAM", program);
    script.replace(&registration, &first_call)
}

/// A file `_PROGRAM` in `fpath` completes at once. Any other file registers the function.
const FIRST_CALL: &str = r#"if [[ ${funcstack[1]-} == _PROGRAM ]]; then
    FUNCTION "$@"
else
    compdef FUNCTION PROGRAM
fi"#;
