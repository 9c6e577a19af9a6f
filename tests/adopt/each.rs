//! The tree and the database of each tool in `fixtures`. `scripts/make-foreign.sh` made most of
//! them with the tool itself; a folder with `history.sql` is made by hand.

use std::fs;
use std::path::{Path, PathBuf};

use super::support::{database, execute};
use super::{Checkout, assert_done, write};

/// What a tool has applied of the trees. All of them have `pinned` too.
pub(crate) const APPLIED: [&str; 5] = ["authors", "notes", "touch", "first_authors", "index"];

/// The path of a file in `fixtures`.
fn stored(path: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/adopt/fixtures");
    folder.join(path)
}

/// The stored files of a tool's tree: their paths and texts.
fn files(folder: &Path, below: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("the folder is read") {
        let entry = entry.expect("an entry").path();
        let name = entry.file_name().expect("a name").display();
        let path = format!("{below}{name}");
        match entry.is_dir() {
            true => files(&entry, &format!("{path}/"), found),
            false => found.push((path, fs::read_to_string(&entry).expect("it is read"))),
        }
    }
}

/// A checkout with the stored tree of a tool, and a database as the tool has left it.
pub(crate) fn checkout(tool: &'static str) -> Checkout {
    let checkout = Checkout::new(tool, &[]);
    let mut found = Vec::new();
    files(&stored(&format!("{tool}/db")), "db/", &mut found);
    for (path, text) in &found {
        write(checkout.path(), path, text);
    }
    let read = |path: &str| fs::read_to_string(stored(path)).expect(path);
    let history = format!("{tool}/history.sql");
    let all = match stored(&history).exists() {
        true => [read("notes.sql"), read(&history)].concat(),
        false => read(&format!("{tool}/database.sql")),
    };
    let url = database();
    execute(&url, &all);
    Checkout { url, ..checkout }
}

/// Adopts the tree, applies one migration more, and reverts it and `back` adopted ones.
fn moves_on_and_back(checkout: &Checkout, applied: &[&str], pending: &str, back: usize) {
    let adopted = checkout.adopt(&[]);
    assert_done(&adopted);
    let recorded = format!("recorded {} migrations of notes as adopted", applied.len());
    assert!(adopted.contains(&recorded), "{adopted}");
    assert_done(&checkout.run(&["check"]));
    assert_eq!(
        checkout.status(),
        [applied.to_vec(), vec![pending]]
            .map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>())
    );
    checkout.assert_no_drift();

    let files = checkout.files();
    let again = checkout.adopt(&[]);
    assert_done(&again);
    assert!(
        again.contains("nothing to do: everything is adopted"),
        "{again}"
    );
    assert_eq!(checkout.files(), files);

    assert_eq!(checkout.up(), [pending]);
    assert_eq!(checkout.down(), pending);
    let (_, last) = applied.split_at(applied.len() - back);
    for name in last.iter().rev() {
        assert_eq!(checkout.down(), *name);
    }
    checkout.assert_no_drift();
    assert_eq!(checkout.up(), [last, &[pending]].concat());
    checkout.assert_no_drift();
}

/// A tool with down scripts: all migrations are reverted.
fn moves_back_to_nothing(tool: &'static str) {
    moves_on_and_back(&checkout(tool), &APPLIED, "pinned", APPLIED.len());
}

/// A tool without down scripts: the draft of the newest one is complete.
fn moves_back_by_a_draft(tool: &'static str) {
    moves_on_and_back(&checkout(tool), &APPLIED, "pinned", 1);
}

#[test]
fn alembic_moves_on_and_back() {
    // Revisions 4 and 5 both build on 3, and 6 builds on both. Alembic prints 5 first.
    let names = ["1", "2", "3", "5", "4", "6"].map(|n| format!("revision_{n}a2b3c4d5e6f"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    moves_on_and_back(&checkout("alembic"), &names[..5], names[5], 5);
}

#[test]
fn dbmate_moves_on_and_back() {
    moves_back_to_nothing("dbmate");
}

#[test]
fn diesel_moves_on_and_back() {
    moves_back_to_nothing("diesel");
}

#[test]
fn drizzle_moves_on_and_back() {
    moves_back_by_a_draft("drizzle");
}

#[test]
fn flyway_moves_on_and_back() {
    moves_back_by_a_draft("flyway");
}

#[test]
fn drift_names_what_a_repeatable_migration_of_flyway_makes() {
    let checkout = checkout("flyway");
    let path = "flyway/db/R__count_notes.sql";
    let view = fs::read_to_string(stored(path)).expect(path);
    execute(&checkout.url, &view);
    let adopted = checkout.adopt(&[]);
    assert_done(&adopted);
    let why = "leaves out db/R__count_notes.sql: it is repeatable";
    assert!(adopted.contains(why), "{adopted}");
    let drift = checkout.run(&["drift", "--directory=database"]);
    assert!(drift.contains("unknown view public.note_count"), "{drift}");
    assert!(drift.contains("1 difference between"), "{drift}");
}

#[test]
fn golang_migrate_moves_on_and_back() {
    moves_back_to_nothing("golang-migrate");
}

#[test]
fn goose_moves_on_and_back() {
    moves_back_to_nothing("goose");
}

#[test]
fn node_pg_migrate_moves_on_and_back() {
    moves_back_to_nothing("node-pg-migrate");
}

#[test]
fn prisma_moves_on_and_back() {
    moves_back_by_a_draft("prisma");
}

#[test]
fn refinery_moves_on_and_back() {
    moves_back_by_a_draft("refinery");
}

#[test]
fn sqitch_moves_on_and_back() {
    let applied = [
        "authors",
        "notes",
        "touch",
        "first_authors",
        "touch",
        "index",
    ];
    moves_on_and_back(&checkout("sqitch"), &applied, "pinned", applied.len());
}

#[test]
fn sqlx_moves_on_and_back() {
    moves_back_to_nothing("sqlx");
}

#[test]
fn supabase_moves_on_and_back() {
    moves_back_by_a_draft("supabase");
}
