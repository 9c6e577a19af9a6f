//! Completions, asked for as the shells ask, and in the shells themselves.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use super::folder;
use crate::support::{clear, migrator, output, path_with_binary};

#[test]
fn completions_are_made_for_each_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = output(&mut migrator(&["completions", shell]));
        assert!(output.starts_with("exit: 0\n"), "{output}");
        assert!(output.contains("MIGRATOR_COMPLETE"), "{output}");
    }
}

/// What a shell may offer after these words.
fn completed(shell: &str, words: &[&str]) -> String {
    let mut ask = migrator(&[&["--"], words].concat());
    ask.env("MIGRATOR_COMPLETE", shell);
    ask.env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string());
    output(&mut ask)
}

#[test]
fn each_shell_completes_services_versions_and_codes() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let up = completed(shell, &["migrator", "up", "--service=te"]);
        assert!(
            up.contains("tenant") && !up.contains("auth"),
            "{shell}: {up}"
        );
        let list = completed(shell, &["migrator", "up", "--service=tenant,au"]);
        assert!(list.contains("tenant,auth"), "{shell}: {list}");
        let down = ["migrator", "down", "--service=tenant", "--to", "202401161"];
        let down = completed(shell, &down);
        assert!(down.contains("20240116100312"), "{shell}: {down}");
        assert!(!down.contains("20240108091207"), "{shell}: {down}");
        let code = completed(shell, &["migrator", "explain", "M010"]);
        assert!(
            code.contains("M0104") && !code.contains("M0501"),
            "{shell}: {code}"
        );
        let command = completed(shell, &["migrator", "hist"]);
        assert!(command.contains("history"), "{shell}: {command}");
    }
}

#[test]
fn bash_completes_the_words_that_it_splits() {
    let binaries = folder();
    let path = path_with_binary(binaries.path());
    for (words, expected) in [
        ("migrator up --service = te", "tenant"),
        ("migrator up --service = tenant,au", "tenant,auth"),
        (
            "migrator down --service = tenant --to = 202401161003",
            "20240116100312",
        ),
        ("migrator hist", "history"),
    ] {
        let script = format!(
            "source <(migrator completions bash); COMP_WORDS=({words}); \
             COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _complete_migrator; echo \"${{COMPREPLY[@]}}\""
        );
        let mut bash = Command::new("bash");
        clear(&mut bash);
        bash.args(["-c", &script]).env("PATH", &path);
        let shown = output(&mut bash);
        assert!(
            shown.contains(&format!("\n{expected}\n")),
            "{words}: {shown}"
        );
    }
}

/// Command lines with one completion each, and that completion.
const LINES: [(&str, &str); 6] = [
    ("migrator up --service=te", "--service=tenant"),
    ("migrator up --service te", "tenant"),
    ("migrator up --service=auth,te", "--service=auth,tenant"),
    (
        "migrator down --service=tenant --to 202401161003",
        "20240116100312",
    ),
    ("migrator explain M0104", "M0104"),
    ("migrator history --kind=apply,fa", "--kind=apply,failure"),
];

/// Whether a shell is installed. If it is not, the output says that a test was skipped.
fn is_installed(shell: &str) -> bool {
    let is_installed = Command::new(shell).arg("-c").arg("true").output().is_ok();
    if !is_installed {
        // The test harness shows this text, because it does not go through `eprintln!`.
        let _ = writeln!(
            io::stderr(),
            "warning: without {shell}, the test of its completions is SKIPPED"
        );
    }
    is_installed
}

/// A shell with a home of its own. On the `PATH`, the binary is called `migrator`.
fn shell(name: &str, home: &Path, path: &str) -> Command {
    let mut shell = Command::new(name);
    clear(&mut shell);
    shell
        .current_dir(home)
        .env("PATH", path)
        .env("HOME", home)
        .env("ZDOTDIR", home)
        .env("XDG_CONFIG_HOME", home.join(".config"))
        .env("XDG_DATA_HOME", home.join(".local"))
        .env("TERM", "dumb")
        .env("LC_ALL", "C.UTF-8");
    shell
}

/// Types lines and a tab in a zsh of its own, and prints the last word of each line. The widget
/// completes the line, and prints and empties it.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty inner zsh -d -i
zpty -r inner seen '*READY*'
for line in "$@"; do
    zpty -w -n inner "$line"$'\t'
    zpty -r inner seen '*>>>*'
    line=${${seen##*<<<}%%>>>*}
    print -r -- "${${=line}[-1]}"
done
"#;

/// The settings of the inner zsh.
const ZSHRC: &str = "
autoload -U compinit
compinit -u -D
show() {
    zle complete-word
    print -r -- \"<<<$BUFFER>>>\"
    BUFFER=
}
zle -N show
bindkey '^I' show
PS1=READY
";

#[test]
fn zsh_completes_on_the_first_tab() {
    if !is_installed("zsh") {
        return;
    }
    let as_evaluated = (
        format!("{ZSHRC}eval \"$(migrator completions zsh)\"\n"),
        false,
    );
    let as_a_function = (format!("fpath=($HOME/functions $fpath){ZSHRC}"), true);
    for (settings, in_file) in [as_evaluated, as_a_function] {
        let home = folder();
        fs::write(home.path().join(".zshrc"), settings).expect("it is written");
        if in_file {
            let functions = home.path().join("functions");
            fs::create_dir(&functions).expect("it is made");
            let script = migrator(&["completions", "zsh"]).output();
            let script = script.expect("the binary runs").stdout;
            fs::write(functions.join("_migrator"), script).expect("it is written");
        }
        let mut zsh = shell("timeout", home.path(), &path_with_binary(home.path()));
        zsh.args(["120", "zsh", "-f", "-c", ZSH, "zsh"]);
        let shown = output(zsh.args(LINES.map(|(line, _)| line)));
        let expected: Vec<&str> = LINES.iter().map(|(_, completed)| *completed).collect();
        let expected = format!("----- stdout -----\n{}\n-----", expected.join("\n"));
        assert!(shown.contains(&expected), "{shown}");
    }
}

#[test]
fn fish_completes_from_its_folder_of_completions() {
    if !is_installed("fish") {
        return;
    }
    let home = folder();
    let path = path_with_binary(home.path());
    let completions = home.path().join(".config/fish/completions");
    fs::create_dir_all(&completions).expect("it is made");
    let script = migrator(&["completions", "fish"]).output();
    let script = script.expect("the binary runs").stdout;
    fs::write(completions.join("migrator.fish"), script).expect("it is written");
    for (line, completed) in LINES {
        let mut fish = shell("fish", home.path(), &path);
        let shown = output(fish.args(["-c", "complete --do-complete $argv[1]", line]));
        let words: Vec<&str> = shown
            .lines()
            .filter_map(|line| line.split('\t').next())
            .collect();
        assert_eq!(
            words[..3],
            ["exit: 0", "----- stdout -----", completed],
            "{shown}"
        );
    }
    let mut fish = shell("fish", home.path(), &path);
    let shown = output(fish.args(["-c", "complete --do-complete 'migrator explain M0104'"]));
    assert!(
        shown.contains("M0104\ta migration has no down script\n"),
        "{shown}"
    );
}
