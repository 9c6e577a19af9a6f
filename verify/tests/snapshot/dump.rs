//! The judge of another make: `pg_dump --schema-only` sees a difference if and only if we do, in
//! every case and in every migration of the real tree.

#![expect(
    clippy::print_stderr,
    reason = "the figures are for the reader, and that there is no judge is said aloud"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use migrator_localpg::{Programs, Throwaway};
use migrator_model::registry::{Mode, Registry, Script};
use migrator_model::{disk, resolve, sql};
use migrator_verify::differences;
use tokio::task::spawn_blocking;

use crate::case::{Case, Judge};
use crate::support::{database, lines, run, snapshot, with_all};

/// A `pg_dump` that is not older than the server, which it would refuse. Some packages bring none;
/// for those majors only, the judge is missing.
fn pg_dump() -> Option<PathBuf> {
    let major = Throwaway::shared()
        .expect("there is a server")
        .programs()
        .major;
    let found = Programs::find_tool(None, "pg_dump", major);
    if found.is_none() {
        eprintln!("NOT JUDGED: there is no pg_dump for Postgres {major}");
    }
    found
}

/// The dump without comments, empty lines and what is random in it.
async fn dump(program: &Path, url: &str) -> String {
    let mut command = Command::new(program);
    command.args([
        "--schema-only",
        "--create",
        "--no-password",
        "--dbname",
        url,
    ]);
    let output = spawn_blocking(move || command.output()).await;
    let output = output.expect("it does not panic").expect("pg_dump runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let text = String::from_utf8(output.stdout).expect("pg_dump prints UTF-8");
    let ignored = ["--", "\\restrict", "\\unrestrict"];
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !ignored.iter().any(|prefix| line.starts_with(prefix)));
    lines.collect::<Vec<_>>().join("\n")
}

/// What differs to the one and to the other, and the dumps.
async fn judged(case: Case, program: PathBuf) -> (Vec<String>, bool, String) {
    let (url, client) = database().await;
    run(&client, &case.setup).await;
    let before = (snapshot(&client).await, dump(&program, &url).await);
    run(&client, &case.change).await;
    let after = (snapshot(&client).await, dump(&program, &url).await);
    let shown = format!("{}\n=== after ===\n{}", before.1, after.1);
    let ours = lines(&differences(&before.0, &after.0));
    (ours, before.1 != after.1, shown)
}

#[tokio::test]
async fn pg_dump_agrees_on_every_case() {
    let Some(program) = pg_dump() else { return };
    let (mut cases, mut exceptions, mut wrong) = (0, 0, Vec::new());
    for (case, (ours, theirs, dumps)) in with_all(|case| judged(case, program.clone())).await {
        cases += 1;
        exceptions += usize::from(case.judge != Judge::Agrees);
        let expected = match case.judge {
            Judge::Agrees => !ours.is_empty(),
            Judge::Differs => ours.is_empty(),
            Judge::IsTheSame => false,
        };
        if theirs != expected {
            wrong.push(format!("{}\nours: {ours:#?}\n{dumps}", case.name));
        }
    }
    let agreed = cases - exceptions - wrong.len();
    eprintln!("pg_dump: {cases} cases, {agreed} agreements, {exceptions} exceptions");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn pg_dump_agrees_on_every_migration_of_the_tree() {
    let Some(program) = pg_dump() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../database");
    let resolved = resolve(&disk::read(&folder, "database"));
    assert!(
        resolved.diagnostics.is_empty(),
        "{:?}",
        resolved.diagnostics
    );
    let Registry { migrations, .. } = resolved.registry;
    assert!(!migrations.is_empty());
    let (url, client) = database().await;
    let look = async || (snapshot(&client).await, dump(&program, &url).await);
    let mut last = look().await;
    let (mut looks, mut changes) = (0, 0);
    for migration in migrations.iter() {
        for script in [&migration.up, &migration.down, &migration.up] {
            run(&client, "RESET ALL").await;
            for statement in statements(script) {
                run(&client, &statement).await;
            }
            let now = look().await;
            let ours = lines(&differences(&last.0, &now.0));
            assert_eq!(
                !ours.is_empty(),
                last.1 != now.1,
                "{}: {ours:?}",
                script.path
            );
            looks += 1;
            changes += usize::from(!ours.is_empty());
            last = now;
        }
    }
    let migrations = migrations.len();
    eprintln!("pg_dump: {migrations} migrations, {looks} agreements, {changes} on a difference");
}

/// What is sent at a time.
fn statements(script: &Script) -> Vec<String> {
    let text = script.sql();
    match script.mode {
        Mode::Transaction => vec![text.into_owned()],
        Mode::NoTransaction => sql::statements(&text)
            .into_iter()
            .map(|range| text[range].to_owned())
            .collect(),
    }
}
