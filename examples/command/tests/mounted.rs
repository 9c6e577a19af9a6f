//! Runs the example: its own name, version and completions, and a database.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

use std::process::Command;

use migrator_localpg::Throwaway;

/// The exit code, standard output and standard error of the program.
fn bookshop(url: Option<&str>, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookshop"));
    command.args(arguments).env_remove("DATABASE_URL");
    if let Some(url) = url {
        command.env("DATABASE_URL", url);
    }
    let output = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn the_commands_run_on_a_database() {
    let server = Throwaway::shared().expect("a server");
    let url = server.create_database().await.expect("a database");
    let (code, applied, error) = bookshop(Some(&url), &["db", "up", "--service=core"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(applied.contains(" of 1 service applied in "), "{applied}");
    // What the program advises to run begins with its name, as text and as JSON.
    let gone = ["db", "wait", "--service=tenant", "--timeout=100ms"];
    let (code, _, error) = bookshop(Some(&url), &gone);
    assert_eq!(code, Some(6), "{error}");
    assert!(error.contains("`bookshop db up` applies"), "{error}");
    let (_, document, _) = bookshop(Some(&url), &[&gone[..], &["--output=json"]].concat());
    assert!(document.contains("`bookshop db up` applies"), "{document}");
}

#[test]
fn the_program_has_its_own_name_version_and_completions() {
    let (code, version, _) = bookshop(None, &["db", "--version"]);
    assert_eq!((code, version.as_str()), (Some(0), "bookshop-db 2.1\n"));
    let (code, help, _) = bookshop(None, &["db", "up", "--help"]);
    assert_eq!(code, Some(0));
    assert!(help.contains("Usage: bookshop db up "), "{help}");
    let (code, script, _) = bookshop(None, &["completions", "bash"]);
    assert_eq!(code, Some(0));
    assert!(
        script.contains("bookshop__subcmd__db__subcmd__up") || script.contains("bookshop__db__up")
    );
    let (code, _, error) = bookshop(None, &["db", "completions", "bash"]);
    assert_eq!(code, Some(2));
    assert!(
        error.contains("the program makes its completions itself"),
        "{error}"
    );
}

#[test]
fn a_usage_error_has_the_name_of_the_program() {
    let (code, _, error) = bookshop(None, &["db", "check", "--directory=x", "--database-url=y"]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("Usage: bookshop db"), "{error}");
}
