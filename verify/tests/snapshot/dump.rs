//! The judge of another make: `pg_dump --schema-only` sees a difference if and only if we do, in
//! every case and in every migration of the real tree.

#![expect(
    clippy::print_stderr,
    reason = "the test prints figures, and prints that there is no judge"
)]

use std::path::{Path, PathBuf};

use migrator_localpg::Throwaway;
use migrator_model::registry::{Mode, Script};
use migrator_model::{disk, resolve, sql};
use migrator_verify::{Scope, Snapshot, SnapshotReader, differences};

use crate::case::Judge;
use crate::examined::{self, dump, pg_dump};
use crate::support::{database, lines, run};

/// The judge. The test prints a line if there is none.
fn judge() -> Option<PathBuf> {
    let program = pg_dump();
    if program.is_none() {
        let server = Throwaway::shared().expect("there is a server");
        let major = server.programs().major;
        eprintln!("NOT JUDGED: there is no pg_dump for Postgres {major}");
    }
    program
}

#[tokio::test]
async fn pg_dump_agrees_on_every_case() {
    if judge().is_none() {
        return;
    }
    let (mut cases, mut exceptions, mut wrong) = (0, 0, Vec::new());
    for (case, seen) in examined::all().await {
        let (before, after) = seen.dumps.as_ref().expect("there is a pg_dump");
        let ours = lines(&differences(&seen.before, &seen.after));
        cases += 1;
        exceptions += usize::from(case.judge != Judge::Agrees);
        let expected = match case.judge {
            Judge::Agrees => !ours.is_empty(),
            Judge::Differs => ours.is_empty(),
            Judge::IsTheSame => false,
        };
        if (before != after) != expected {
            wrong.push(format!(
                "{}\nours: {ours:#?}\n{before}\n=== after ===\n{after}",
                case.name
            ));
        }
    }
    let agreed = cases - exceptions - wrong.len();
    eprintln!("pg_dump: {cases} cases, {agreed} agreements, {exceptions} exceptions");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn pg_dump_agrees_on_every_migration_of_the_tree() {
    let Some(program) = judge() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../database");
    let resolved = resolve(&disk::read(&folder, "database"));
    assert!(resolved.problems.is_empty(), "{:?}", resolved.problems);
    let registry = resolved.registry;
    assert!(!registry.is_empty());
    let (url, client) = database().await;
    let mut reader = SnapshotReader::new(Scope::default());
    let mut look = async |same: Option<(Snapshot, String)>| {
        let snapshot = reader.take(&client).await.expect("a snapshot is taken");
        match same {
            Some(same) if same.0 == snapshot => same,
            _ => (snapshot, dump(&program, &url).await),
        }
    };
    let mut last = look(None).await;
    let (mut looks, mut changes) = (0, 0);
    for migration in registry.migrations() {
        let mut first = None;
        for script in [migration.up(), migration.down(), migration.up()] {
            run(&client, "RESET ALL").await;
            for statement in statements(script) {
                run(&client, &statement).await;
            }
            // The second up script goes back to what was judged after the first.
            let now = match script == migration.down() {
                true => look(None).await,
                false => look(first.take()).await,
            };
            let ours = lines(&differences(&last.0, &now.0));
            assert_eq!(
                !ours.is_empty(),
                last.1 != now.1,
                "{}: {ours:?}",
                script.path()
            );
            looks += 1;
            changes += usize::from(!ours.is_empty());
            first = first.or_else(|| Some(now.clone()));
            last = now;
        }
    }
    let migrations = registry.len();
    eprintln!("pg_dump: {migrations} migrations, {looks} agreements, {changes} on a difference");
}

/// What is sent at a time.
fn statements(script: Script<'_>) -> Vec<String> {
    let text = script.sql();
    match script.mode {
        Mode::Transaction => vec![text.into_owned()],
        Mode::NoTransaction => sql::statements(&text)
            .into_iter()
            .map(|range| text[range].to_owned())
            .collect(),
    }
}
