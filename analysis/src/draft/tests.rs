//! An up script in, a draft out.

use std::fs;
use std::path::{Path, PathBuf};

use migrator_model::{Code, Tree, disk, resolve};

use super::{Draft, down};

/// `up`, a line each, and its draft, a paragraph each.
const DRAFTS: &str = include_str!("drafts.txt");

fn shown(draft: &Draft) -> String {
    match draft {
        Draft::Script { sql, gaps } => format!("{sql}gaps: {}\n", gaps.len()),
        Draft::Impossible(reason) => format!("impossible: {reason}\n"),
    }
}

#[test]
fn each_up_script_has_its_draft() {
    let mut written = String::new();
    for paragraph in DRAFTS.split_terminator("\n\n") {
        let up = paragraph.lines().next().expect("a paragraph has a line");
        let draft = down(&up.replace("\\n", "\n"));
        written.extend([up, "\n", &shown(&draft), "\n"]);
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/draft/drafts.txt");
        fs::write(path, &written).expect("the expectation can be written");
    } else {
        assert_eq!(written, DRAFTS);
    }
}

/// The folders of this repository that are trees.
fn trees() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries = fs::read_dir(root.join("tests/trees")).expect("the trees are there");
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry can be read").path().join("database"))
        .filter(|path| path.is_dir())
        .collect();
    folders.push(root.join("database"));
    folders
}

/// The codes of findings that say that a down script does not revert its up script, or cannot run.
const OF_UNDO: [Code; 8] = [
    Code::M0208,
    Code::M0211,
    Code::M0212,
    Code::M0214,
    Code::M0227,
    Code::M0228,
    Code::M0229,
    Code::M0230,
];

/// The findings in the complete drafts of a tree, and how many drafts are complete, partial and
/// impossible.
fn findings(folder: &Path) -> (Vec<String>, [usize; 3]) {
    let tree = disk::read(folder, "database");
    let registry = resolve(&tree).registry;
    let mut drafted = tree.clone();
    let mut ours = Vec::new();
    let mut counts = [0; 3];
    for migration in registry.migrations() {
        let path = migration.down().path();
        match down(&migration.up().sql()) {
            Draft::Script { sql, gaps } if gaps.is_empty() => {
                counts[0] += 1;
                let within = path.strip_prefix("database/").unwrap_or(&path);
                drafted = drafted.with_file(within, sql);
                ours.extend([path.replace(".down.sql", ".up.sql"), path]);
            }
            Draft::Script { sql, gaps } => {
                counts[1] += 1;
                let lines = sql.matches(crate::template::PLACEHOLDER).count();
                assert_eq!(lines, gaps.len(), "{sql}");
            }
            Draft::Impossible(_) => counts[2] += 1,
        }
    }
    let before: Vec<String> = crate::analyse(&resolve(&tree))
        .iter()
        .map(ToString::to_string)
        .collect();
    let found = crate::analyse(&resolve(&drafted)).into_iter();
    let found = found
        .filter(|one| OF_UNDO.contains(&one.code))
        .filter(|one| ours.iter().any(|path| one.path() == Some(path)))
        .map(|one| one.to_string())
        // A finding on an up script says nothing about its draft.
        .filter(|one| !(one.contains(".up.sql") && before.contains(one)))
        .collect();
    (found, counts)
}

#[test]
fn a_complete_draft_of_any_up_script_reverts_it() {
    let mut total = [0; 3];
    let mut failures = Vec::new();
    for folder in trees() {
        let (found, counts) = findings(&folder);
        failures.extend(found);
        for (sum, count) in total.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(total.iter().all(|count| *count > 5), "{total:?}");
}

#[test]
fn a_line_that_nobody_replaced_is_reported() {
    let up = "ALTER TABLE a ADD COLUMN b int;\nALTER TABLE a ALTER COLUMN c TYPE text;\n";
    let Draft::Script { sql, .. } = down(up) else {
        return assert_eq!(shown(&down(up)), "a script");
    };
    let manifest = "tiers = [\"One\"]\n[services.shop]\ntier = \"One\"\ndirectory = \"shop\"\n";
    let base = "migrations/shop/20240101120000_a1b2c3d4_change_things";
    let tree = Tree::new("database")
        .with_file("services.toml", manifest)
        .with_file(&format!("{base}.up.sql"), up)
        .with_file(&format!("{base}.down.sql"), sql.as_str());
    let found = crate::analyse(&resolve(&tree));
    assert!(found.iter().any(|one| one.code == Code::M0244), "{found:?}");
}
