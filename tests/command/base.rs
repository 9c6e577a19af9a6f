//! `check --base`: the tree at a commit, from the objects of git.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::{checkout, document, folder, write};
use crate::assert_output;
use crate::support::{migrator, output};

const SHOP: &str = "database/migrations/shop_service";

/// Runs git without the settings of this machine, and returns its output.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    for (name, value) in [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@localhost"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@localhost"),
    ] {
        command.env(name, value);
    }
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn commit(folder: &Path) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message=x"]);
}

pub(super) fn migration(folder: &Path, stem: &str, up: &str, down: &str) {
    write(folder, &format!("{SHOP}/{stem}.up.sql"), up);
    write(folder, &format!("{SHOP}/{stem}.down.sql"), down);
}

fn remove(folder: &Path, stem: &str) {
    for direction in ["up", "down"] {
        let file = folder.join(format!("{SHOP}/{stem}.{direction}.sql"));
        fs::remove_file(file).expect("the file is there");
    }
}

const ORDERS: &str = "20240101120000_0a1b2c3d_create_orders";
const LINES: &str = "20240103120000_1a1b2c3d_create_lines";

/// A repository whose branch `main` has two migrations, with the branch `feature` at the same commit.
pub(super) fn repository() -> TempDir {
    let checkout = checkout();
    let at = checkout.path();
    migration(at, LINES, "CREATE TABLE lines ();\n", "DROP TABLE lines;\n");
    git(at, &["init", "--quiet", "--initial-branch=main"]);
    commit(at);
    git(at, &["switch", "--quiet", "--create=feature"]);
    checkout
}

fn check(folder: &Path, arguments: &[&str]) -> String {
    let arguments = [&["check", "--base=main"], arguments].concat();
    output(migrator(&arguments).current_dir(folder))
}

#[test]
fn a_new_migration_after_those_of_the_base_is_accepted() {
    let repository = repository();
    let at = repository.path();
    assert!(check(at, &[]).contains("no findings; no new migrations since `main`"));
    let new = "20240104120000_2a1b2c3d_create_notes";
    migration(at, new, "CREATE TABLE notes ();\n", "DROP TABLE notes;\n");
    // What is in the folder counts, and not what is committed.
    assert_output!(migrator(&["check", "--base=main"]).current_dir(at));
    let json = ["check", "--base=main", "--output=json"];
    let document = document(migrator(&json).current_dir(at));
    let base = &document["base"];
    assert_eq!(base["name"], "main");
    assert_eq!(base["commit"], git(at, &["rev-parse", "main"]));
    assert_eq!(base["new"][0]["service"], "shop");
    assert_eq!(base["new"][0]["version"], "20240104120000");
    assert_eq!(base["new"][0]["name"], "2a1b2c3d_create_notes");
    assert_eq!(base["new"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_a_branch_does_to_migrations_of_the_base_is_refused() {
    let repository = repository();
    let at = repository.path();
    remove(at, ORDERS);
    let changed = "CREATE TABLE lines (id bigint);\n";
    migration(at, LINES, changed, "DROP TABLE lines;\n");
    let older = "20240102120000_2a1b2c3d_add_lines_id";
    let up = "ALTER TABLE lines ADD COLUMN other bigint;\n";
    migration(at, older, up, "ALTER TABLE lines DROP COLUMN other;\n");
    assert_output!(migrator(&["check", "--base=main"]).current_dir(at));
    let github = check(at, &["--output=github"]);
    assert_eq!(github.matches("title=M0235::").count(), 2, "{github}");
    assert_eq!(github.matches("title=M0236::").count(), 1, "{github}");
    let sarif = check(at, &["--output=sarif", "--code=M0235"]);
    assert_eq!(sarif.matches("\"ruleId\": \"M0235\"").count(), 2, "{sarif}");
    // Without a base, only the tree itself is checked.
    let plain = output(migrator(&["check"]).current_dir(at));
    assert!(
        !plain.contains("M0235") && !plain.contains("M0236"),
        "{plain}"
    );
}

#[test]
fn an_independent_older_migration_is_a_warning() {
    let repository = repository();
    let at = repository.path();
    let older = "20240102120000_2a1b2c3d_create_notes";
    migration(at, older, "CREATE TABLE notes ();\n", "DROP TABLE notes;\n");
    let found = check(at, &[]);
    assert!(found.starts_with("exit: 0\n"), "{found}");
    assert!(found.contains("warning[M0236]"), "{found}");
    assert!(check(at, &["--deny-warnings"]).starts_with("exit: 3\n"));
    run_the_help(at, &found);
    assert!(check(at, &["--deny-warnings"]).starts_with("exit: 0\n"));
}

/// Runs the command of `migrator` in the help of a message.
fn run_the_help(at: &Path, message: &str) {
    let (_, rest) = message.split_once("`migrator ").expect("a command");
    let (command, _) = rest.split_once('`').expect("its end");
    let arguments: Vec<&str> = command.split(' ').collect();
    let renamed = output(migrator(&arguments).current_dir(at));
    assert!(renamed.starts_with("exit: 0\n"), "{renamed}");
}

#[test]
fn the_help_names_a_tree_that_is_not_called_database() {
    let repository = repository();
    let at = repository.path();
    fs::rename(at.join("database"), at.join("db")).expect("the tree is renamed");
    commit(at);
    let stem = "db/migrations/shop_service/20240102120000_2a1b2c3d_create_notes";
    write(at, &format!("{stem}.up.sql"), "CREATE TABLE notes ();\n");
    write(at, &format!("{stem}.down.sql"), "DROP TABLE notes;\n");
    let check = ["check", "--base=HEAD", "--directory=db", "--deny-warnings"];
    let check = || output(migrator(&check).current_dir(at));
    let refused = check();
    assert!(refused.starts_with("exit: 3\n"), "{refused}");
    run_the_help(at, &refused);
    let accepted = check();
    assert!(accepted.starts_with("exit: 0\n"), "{accepted}");
}

#[test]
fn the_tree_may_be_anywhere_in_the_repository() {
    let outer = folder();
    let inner = repository();
    let at = outer.path().join("services/a b");
    fs::create_dir_all(&at).expect("the folders are made");
    let tree = at.join("database");
    fs::rename(inner.path().join("database"), &tree).expect("the tree is moved");
    git(outer.path(), &["init", "--quiet", "--initial-branch=main"]);
    commit(outer.path());
    let up = tree.join(format!("migrations/shop_service/{LINES}.up.sql"));
    fs::write(up, "CREATE TABLE lines (id int);\n").expect("the file is written");
    let elsewhere = folder();
    let directory = format!("--directory={}", tree.display());
    let check = ["check", "--base=main", &directory];
    for folder in [elsewhere.path(), &at, &tree] {
        let found = output(migrator(&check).current_dir(folder));
        assert!(found.contains("error[M0235]: the up script of"), "{found}");
        assert_eq!(found.matches("error[").count(), 1, "{found}");
    }
}

#[test]
fn a_base_without_a_tree_makes_everything_new() {
    let checkout = checkout();
    let at = checkout.path();
    git(at, &["init", "--quiet", "--initial-branch=main"]);
    git(at, &["commit", "--quiet", "--allow-empty", "--message=x"]);
    let found = check(at, &[]);
    assert!(found.starts_with("exit: 0\n"), "{found}");
    assert!(found.contains("1 new migration since `main`"), "{found}");
    assert!(
        found.contains("warning: `main` has no tree in `database`, so that all migrations are new"),
        "{found}"
    );
}

#[test]
fn the_fault_of_a_base_may_be_corrected() {
    let repository = repository();
    let at = repository.path();
    let down = format!("{SHOP}/{LINES}.down.sql");
    fs::remove_file(at.join(&down)).expect("the file is there");
    commit(at);
    git(at, &["branch", "--force", "main"]);
    write(at, &down, "DROP TABLE lines;\n");
    let found = check(at, &[]);
    assert!(found.starts_with("exit: 0\n"), "{found}");
    assert!(found.contains("no new migrations since `main`"), "{found}");
    assert!(
        found.contains("warning: the tree at `main` has 1 finding,"),
        "{found}"
    );
}

#[test]
fn a_folder_outside_a_repository_and_an_unknown_commit_are_refused() {
    let checkout = checkout();
    let outside = output(
        migrator(&["check", "--base=main"])
            .current_dir(checkout.path())
            .env("GIT_CEILING_DIRECTORIES", checkout.path()),
    );
    assert!(outside.starts_with("exit: 2\n"), "{outside}");
    assert!(
        outside.contains("error[M0237]: `database` is not in a git repository"),
        "{outside}"
    );
    let repository = repository();
    let unknown = ["check", "--base=origin/main"];
    assert_output!(migrator(&unknown).current_dir(repository.path()));
    let option = output(migrator(&["check", "--base=--all"]).current_dir(repository.path()));
    assert!(option.starts_with("exit: 2\n"), "{option}");
    let none = output(
        migrator(&["check", "--base=main"])
            .current_dir(repository.path())
            .env("PATH", ""),
    );
    assert!(none.starts_with("exit: 2\n"), "{none}");
    assert!(
        none.contains("the program `git` could not be run"),
        "{none}"
    );
}

/// The command in the help of a message.
fn proposed(message: &str) -> Vec<String> {
    let command = message.split("`git ").nth(1).expect("a command");
    let command = command.split('`').next().expect("its end");
    command.split(' ').map(str::to_owned).collect()
}

#[test]
fn in_a_shallow_clone_the_proposed_command_fetches_the_base() {
    let repository = repository();
    let at = repository.path();
    let changed = "CREATE TABLE lines (id bigint);\n";
    migration(at, LINES, changed, "DROP TABLE lines;\n");
    commit(at);
    let main = git(at, &["rev-parse", "main"]);
    let url = format!("file://{}", at.display());
    for base in ["origin/main", "main", &main, "HEAD~1"] {
        let clone = folder();
        let depth = [
            "clone",
            "--quiet",
            "--depth=1",
            "--branch=feature",
            &url,
            ".",
        ];
        git(clone.path(), &depth);
        let base = format!("--base={base}");
        let check = || output(migrator(&["check", &base]).current_dir(clone.path()));
        let refused = check();
        assert!(refused.starts_with("exit: 2\n"), "{refused}");
        assert!(
            refused.contains("error[M0237]: the repository has no commit"),
            "{refused}"
        );
        let command = proposed(&refused);
        git(
            clone.path(),
            &command.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let found = check();
        assert!(
            found.contains("error[M0235]: the up script of"),
            "{base}: {found}"
        );
    }
}

#[test]
fn a_missing_object_is_refused() {
    let repository = repository();
    let at = repository.path();
    for path in [
        format!("{SHOP}/{LINES}.up.sql"),
        "database/migrations".to_owned(),
    ] {
        let hash = git(at, &["rev-parse", &format!("main:{path}")]);
        let object = at.join(".git/objects").join(&hash[..2]).join(&hash[2..]);
        fs::remove_file(object).expect("the object is there");
        let found = check(at, &[]);
        assert!(found.starts_with("exit: 2\n"), "{found}");
        assert!(
            found.contains("error[M0237]: the repository lacks a file of the tree at `main`"),
            "{found}"
        );
    }
}

#[test]
fn a_hook_of_git_may_run_the_check() {
    let repository = repository();
    let at = repository.path();
    let found = output(
        migrator(&["check", "--base=main"])
            .current_dir(at)
            .env("GIT_DIR", ".git")
            .env("GIT_INDEX_FILE", ".git/index"),
    );
    assert!(found.starts_with("exit: 0\n"), "{found}");
}
