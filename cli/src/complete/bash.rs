//! bash. It splits a word at `=`, so this script joins the parts of `--service=core` again.

use super::own::Names;

/// The script that bash reads.
pub(super) fn registration(names: Names<'_>) -> String {
    SCRIPT
        .replace("VARIABLE", names.variable)
        .replace("NAME", &names.name.replace('-', "_"))
        .replace("PROGRAM", names.program)
        .replace("COMPLETER", names.completer)
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
