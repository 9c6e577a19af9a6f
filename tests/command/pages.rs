//! Help, the reference, explain pages and the helper script.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::folder;
use crate::assert_output;
use crate::support::{clear, database, migrator, output, path_with_binary};

#[test]
fn explain_prints_the_page_on_a_code() {
    let page = output(&mut migrator(&["explain", "m0104"]));
    assert!(
        page.contains("# M0104: a migration has no down script"),
        "{page}"
    );
}

#[test]
fn manual_pages_are_written_for_each_command() {
    let folder = folder();
    let pages = folder.path().join("man/man1");
    let written = output(&mut migrator(&["man", &pages.display().to_string()]));
    assert!(written.starts_with("exit: 0\n"), "{written}");
    let page = |name: &str| fs::read_to_string(pages.join(name)).expect("the page is written");
    assert!(page("migrator.1").contains(".TH migrator 1"));
    let up = page("migrator-up.1");
    assert!(
        up.contains("\\-\\-dry\\-run") && up.contains("Examples"),
        "{up}"
    );
    let printed = output(&mut migrator(&["man"]));
    assert!(printed.contains(".TH migrator 1"), "{printed}");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("it is written");
    let refused = output(&mut migrator(&["man", &file.display().to_string()]));
    assert!(refused.contains("error[M0116]"), "{refused}");
}

/// The pages in `docs/reference`, as one text.
fn reference() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let entries = fs::read_dir(folder).expect("the folder is readable");
    let paths = entries.map(|entry| entry.expect("the folder is readable").path());
    paths
        .map(|path| fs::read_to_string(path).expect("a page is text"))
        .collect()
}

#[test]
fn the_reference_names_each_command_option_variable_and_exit_code() {
    let pages = reference();
    let help = |command: &str| output(&mut migrator(&["help", command]));
    let general = output(&mut migrator(&["--help"]));
    let mut missing = Vec::new();
    let commands = general.lines().skip_while(|line| *line != "Commands:");
    let commands: Vec<&str> = commands
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() > 9, "{general}");
    for command in commands {
        if !pages.contains(&format!("`{command}")) {
            missing.push(command.to_owned());
        }
        for word in help(command).split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)) {
            let is_named = word.starts_with("--") || word.starts_with("MIGRATOR_");
            let word = word.trim_end_matches('-');
            if is_named && !["", "--help", "--version"].contains(&word) && !pages.contains(word) {
                missing.push(word.to_owned());
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    let codes = general.lines().skip_while(|line| *line != "Exit codes:");
    for line in codes.skip(1).take_while(|line| line.starts_with("  ")) {
        let (code, meaning) = line.trim().split_once("  ").expect("two columns");
        let meaning = meaning.replace("status --check, wait", "`status --check`, `wait`");
        assert!(pages.contains(&format!("| {code} | {meaning} |")), "{line}");
    }
}

#[test]
fn help_names_the_commands_and_the_exit_codes() {
    assert_output!(&mut migrator(&["--help"]));
    assert_output!(&mut migrator(&["check", "-h"]));
}

#[test]
fn the_helper_script_calls_the_command_on_the_path() {
    let (url, folder) = (database(), folder());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/migrate.sh");
    fs::create_dir(folder.path().join("scripts")).expect("the folder is made");
    let copy = folder.path().join("scripts/migrate.sh");
    fs::copy(script, &copy).expect("the script is there");
    let binaries = super::folder();
    let path = path_with_binary(binaries.path());
    let run = |arguments: &[&str]| {
        // `sh` starts the copy. A process that another test is starting may still hold the copy open
        // for writing, and such a file cannot be executed directly.
        let mut command = Command::new("sh");
        clear(&mut command);
        command.arg(&copy).args(arguments).env("PATH", &path);
        output(command.env("DATABASE_URL", &url).current_dir(folder.path()))
    };
    let up = run(&["--action=up", "--service=core", "--steps=1"]);
    let again = run(&["--service", "core", "--steps=1", "--action", "up"]);
    assert!(
        up.starts_with("exit: 0\n") && up.contains("1 migration of 1 service"),
        "{up}"
    );
    assert!(again.starts_with("exit: 0\n"), "{again}");
    assert!(run(&["--service=core"]).starts_with("exit: 2\n"));
}
