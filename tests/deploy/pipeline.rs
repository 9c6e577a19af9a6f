//! The steps for a pull request: the action for GitHub, the job for GitLab, the hooks for pre-commit.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::support::{clear, output, path_with_binary};
use crate::{list, program, text, yaml};

const FOLDER: &str = "database/migrations/shop";
const ORDERS: &str = "20240101120000_0a1b2c3d_create_orders";
const NOTES: &str = "20240102120000_1a1b2c3d_create_notes";

/// A clone with two commits: the base, and the merge commit of a pull request.
struct Clone {
    folder: TempDir,
    /// A folder on the `PATH`, with `migrator` and the programs that a test puts in place of others.
    programs: TempDir,
    path: String,
}

impl Clone {
    /// The base has one migration. Nothing is committed on top of it.
    fn new() -> Clone {
        let (folder, programs) = (temporary(), temporary());
        let path = path_with_binary(programs.path());
        let clone = Clone {
            folder,
            programs,
            path,
        };
        let manifest =
            "tiers = [\"Only\"]\n\n[services.shop]\ntier = \"Only\"\ndirectory = \"shop\"\n";
        clone.write("database/services.toml", manifest);
        clone.migration(
            ORDERS,
            "CREATE TABLE orders (id bigint);\n",
            "DROP TABLE orders;\n",
        );
        clone.git(&["init", "--quiet", "--initial-branch=main"]);
        clone.commit();
        clone
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("the folders are made");
        fs::write(path, content).expect("it is written");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).expect(path)
    }

    fn migration(&self, stem: &str, up: &str, down: &str) {
        self.write(&format!("{FOLDER}/{stem}.up.sql"), up);
        self.write(&format!("{FOLDER}/{stem}.down.sql"), down);
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=x"]);
    }

    /// A command in the clone, without the settings of this machine.
    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(name);
        clear(&mut command);
        command.current_dir(self.folder.path()).args(arguments);
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        for (name, value) in [
            ("PATH", &*self.path),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_AUTHOR_NAME", "a"),
            ("GIT_AUTHOR_EMAIL", "a@localhost"),
            ("GIT_COMMITTER_NAME", "a"),
            ("GIT_COMMITTER_EMAIL", "a@localhost"),
        ] {
            command.env(name, value);
        }
        command
    }

    fn git(&self, arguments: &[&str]) {
        let ran = output(&mut self.command("git", arguments));
        assert!(ran.starts_with("exit: 0\n"), "{arguments:?}: {ran}");
    }

    /// Runs the shell steps of the action one after the other. Returns the output of each.
    fn action(&self) -> Vec<(String, String)> {
        let action = yaml("deploy/github-action/action.yml");
        program(
            self.programs.path(),
            "gh",
            "printf '%s\\n' \"$@\" > gh.txt; env | grep '^GH_TOKEN=' >> gh.txt\n",
        );
        let steps = list(&action["runs"]["steps"]).iter();
        let shell_steps = steps.filter(|step| step.get("run").is_some());
        shell_steps
            .map(|step| {
                assert_eq!(step["shell"], "bash");
                let options = ["--noprofile", "--norc", "-eo", "pipefail", "-c"];
                let script = [text(&step["run"])];
                let mut shell = self.command("bash", &[&options[..], &script].concat());
                let summary = self.folder.path().join("summary.md");
                shell.env("RUNNER_TEMP", self.folder.path());
                shell.env("GITHUB_STEP_SUMMARY", summary);
                for (name, value) in step["env"].as_object().into_iter().flatten() {
                    shell.env(name, of_github(&action, text(value)));
                }
                (text(&step["name"]).to_owned(), output(&mut shell))
            })
            .collect()
    }

    /// Runs the script of the job as GitLab does, with an `origin` that has the base.
    fn job(&self, token: &str) -> String {
        program(
            self.programs.path(),
            "curl",
            "printf '%s\\n' \"$@\" > curl.txt; cp comment.md posted.md\n",
        );
        let job = &yaml("deploy/gitlab/migrations.yml")["migrations"];
        let lines: Vec<&str> = list(&job["script"]).iter().map(text).collect();
        let mut shell = self.command("bash", &["-eo", "pipefail", "-c", &lines.join("\n")]);
        for (name, value) in job["variables"].as_object().into_iter().flatten() {
            shell.env(name, text(value));
        }
        shell
            .env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
            .env("CI_API_V4_URL", "https://gitlab.invalid/api/v4")
            .env("CI_PROJECT_ID", "12")
            .env("CI_MERGE_REQUEST_IID", "7")
            .env("COMMENT_TOKEN", token);
        output(&mut shell)
    }

    /// Adds a remote `origin` whose branch `main` is the current commit, and leaves the branch.
    fn leave_main(&self) -> TempDir {
        let origin = temporary();
        let url = origin.path().display().to_string();
        self.git(&["clone", "--quiet", "--bare", ".", &url]);
        self.git(&["remote", "add", "origin", &format!("file://{url}")]);
        self.git(&["switch", "--quiet", "--create=feature"]);
        origin
    }
}

fn temporary() -> TempDir {
    tempdir().expect("a folder is made")
}

/// The value of an expression of the action.
fn of_github(action: &Value, value: &str) -> String {
    match value {
        "${{ github.event.number }}" => return "7".to_owned(),
        "${{ github.token }}" => return "the token".to_owned(),
        _ => {}
    }
    let input = value.strip_prefix("${{ inputs.");
    let input = input.and_then(|value| value.strip_suffix(" }}"));
    let input = input.expect("an input of the action");
    let default = text(&action["inputs"][input]["default"]);
    match default.starts_with("${{") {
        true => of_github(action, default),
        false => default.to_owned(),
    }
}

/// The exit codes of the steps.
fn codes(steps: &[(String, String)]) -> Vec<&str> {
    let codes = steps.iter().filter_map(|(_, ran)| ran.lines().next());
    codes
        .map(|line| line.trim_start_matches("exit: "))
        .collect()
}

#[test]
fn the_action_comments_on_a_sound_migration() {
    let clone = Clone::new();
    let up = "CREATE TABLE notes (id bigint);\nCREATE INDEX i ON orders (id);\n";
    clone.migration(NOTES, up, "DROP INDEX i;\nDROP TABLE notes;\n");
    clone.commit();
    let steps = clone.action();
    assert_eq!(codes(&steps), ["0"; 5], "{steps:?}");
    assert!(steps[0].1.contains("::warning file="), "{steps:?}");
    let comment = clone.read("comment.md");
    assert!(comment.contains(&format!("`shop/{NOTES}`")), "{comment}");
    assert!(comment.contains("| verified |"), "{comment}");
    assert_eq!(clone.read("summary.md"), comment);
    let gh = clone.read("gh.txt");
    assert!(gh.starts_with("pr\ncomment\n7\n--edit-last\n"), "{gh}");
    assert!(gh.ends_with("\nGH_TOKEN=the token\n"), "{gh}");
    let sarif: Value = serde_json::from_str(&clone.read("migrator.sarif")).expect("it is JSON");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "M0216");
}

#[test]
fn the_action_fails_on_a_finding_and_still_comments() {
    let clone = Clone::new();
    // The base has this migration.
    clone.migration(
        ORDERS,
        "CREATE TABLE orders (id text);\n",
        "DROP TABLE orders;\n",
    );
    clone.commit();
    let steps = clone.action();
    assert_eq!(codes(&steps), ["3", "0", "0", "0", "0"], "{steps:?}");
    assert!(
        steps[1].1.contains("no new migrations since HEAD^1"),
        "{steps:?}"
    );
    assert!(clone.read("comment.md").contains("M0235"));
    assert!(clone.read("migrator.sarif").contains("M0235"));
}

#[test]
fn the_action_fails_on_a_migration_that_is_not_undone() {
    let clone = Clone::new();
    clone.migration(NOTES, "COMMENT ON TABLE orders IS 'x';\n", "SELECT 1;\n");
    clone.commit();
    let steps = clone.action();
    assert_eq!(codes(&steps), ["0", "1", "0", "0", "0"], "{steps:?}");
    assert!(steps[1].1.contains("error[M0510]"), "{steps:?}");
    let comment = clone.read("comment.md");
    assert!(comment.contains("not undone"), "{comment}");
}

#[test]
fn every_step_of_the_action_runs_after_a_failed_one() {
    let action = yaml("deploy/github-action/action.yml");
    assert_eq!(action["runs"]["using"], "composite");
    let steps = list(&action["runs"]["steps"]);
    for step in &steps[1..] {
        assert!(text(&step["if"]).contains("!cancelled()"), "{step}");
    }
    let upload = &steps[steps.len() - 1];
    let file = text(&upload["with"]["sarif_file"]);
    assert_eq!(file, "${{ runner.temp }}/migrator.sarif");
}

#[test]
fn the_job_of_gitlab_comments_on_a_sound_migration() {
    let clone = Clone::new();
    let _origin = clone.leave_main();
    clone.migration(NOTES, "CREATE TABLE notes ();\n", "DROP TABLE notes;\n");
    clone.commit();
    let ran = clone.job("a token");
    assert!(ran.starts_with("exit: 0\n"), "{ran}");
    let posted = clone.read("posted.md");
    assert!(posted.contains("| verified |"), "{posted}");
    let curl = clone.read("curl.txt");
    let url = "\nhttps://gitlab.invalid/api/v4/projects/12/merge_requests/7/notes\n";
    assert!(curl.ends_with(url), "{curl}");
    assert!(curl.contains("\nbody=<comment.md\n"), "{curl}");
}

#[test]
fn the_job_of_gitlab_fails_on_a_finding_and_still_comments() {
    let clone = Clone::new();
    let _origin = clone.leave_main();
    clone.migration(
        ORDERS,
        "CREATE TABLE orders (id text);\n",
        "DROP TABLE orders;\n",
    );
    clone.commit();
    let ran = clone.job("a token");
    assert!(ran.starts_with("exit: 3\n"), "{ran}");
    assert!(clone.read("posted.md").contains("M0235"), "{ran}");
    fs::remove_file(clone.folder.path().join("posted.md")).expect("there was a comment");
    clone.migration(
        ORDERS,
        "CREATE TABLE orders (id bigint);\n",
        "DROP TABLE orders;\n",
    );
    clone.migration(NOTES, "COMMENT ON TABLE orders IS 'x';\n", "SELECT 1;\n");
    clone.commit();
    let ran = clone.job("");
    assert!(ran.starts_with("exit: 1\n"), "{ran}");
    assert!(ran.contains("error[M0510]"), "{ran}");
    assert!(clone.read("comment.md").contains("not undone"), "{ran}");
    // Without a token, nothing is sent.
    assert!(!clone.folder.path().join("posted.md").exists());
}

/// Installs a hook as pre-commit would: it runs the entry in the top folder of the repository.
fn install(clone: &Clone, hooks: &Value, id: &str, stage: &str) {
    let hook = list(hooks).iter().find(|hook| hook["id"] == id);
    let hook = hook.expect("the hook exists");
    assert_eq!(hook["language"], "system");
    assert_eq!(hook["pass_filenames"], false);
    assert_eq!(hook["files"], "^database/");
    let folder = clone.folder.path().join(".git/hooks");
    fs::create_dir_all(&folder).expect("the folder is made");
    program(&folder, stage, &format!("exec {}\n", text(&hook["entry"])));
}

#[test]
fn the_hooks_stop_a_commit_and_a_push() {
    let clone = Clone::new();
    let hooks = yaml(".pre-commit-hooks.yaml");
    assert_eq!(hooks[1]["stages"], serde_json::json!(["pre-push"]));
    let _origin = clone.leave_main();
    install(&clone, &hooks, "migrator-check", "pre-commit");
    install(&clone, &hooks, "migrator-verify", "pre-push");
    let commit = ["commit", "--quiet", "--message=x"];
    let push = ["push", "--quiet", "origin", "HEAD"];
    clone.migration(NOTES, "CREATE TABEL notes ();\n", "DROP TABLE notes;\n");
    clone.git(&["add", "--all"]);
    let refused = output(&mut clone.command("git", &commit));
    assert!(refused.starts_with("exit: 1\n"), "{refused}");
    assert!(refused.contains("M0208"), "{refused}");
    // The SQL is right, but the down script does not undo it.
    clone.migration(NOTES, "COMMENT ON TABLE orders IS 'x';\n", "SELECT 1;\n");
    clone.commit();
    let refused = output(&mut clone.command("git", &push));
    assert!(refused.starts_with("exit: 1\n"), "{refused}");
    assert!(refused.contains("M0510"), "{refused}");
    let down = "COMMENT ON TABLE orders IS NULL;\n";
    clone.migration(NOTES, "COMMENT ON TABLE orders IS 'x';\n", down);
    clone.commit();
    let pushed = output(&mut clone.command("git", &push));
    assert!(pushed.starts_with("exit: 0\n"), "{pushed}");
}
