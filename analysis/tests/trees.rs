//! The bad trees under `tests/trees/`, each with all findings on it.
//!
//! A tree is a folder `<CODE>-<what is wrong>`, or `good-…`, with what lies in
//! `database/` and, in `expected.txt`, the problems in their one-line form.
//! A tree with a folder `base/` is compared with the tree there.
//! `UPDATE_EXPECT=1 cargo test -p migrator-analysis --test trees` rewrites those
//! files; read the difference before it is committed. The page of a code shows
//! one of its trees, its files and its findings, and a test here compares them.
//!
//! A name that is not UTF-8 fits into no checkout on every system, so that the
//! tree of M0117 is finished in a copy.

#![cfg(unix)]
#![expect(
    clippy::expect_used,
    reason = "a test stops where it fails; what clippy allows in tests leaves out their helpers"
)]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Display;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use migrator_analysis::base::{Base, compare};
use migrator_model::{Code, Problem, Resolved, disk, resolve};

/// Trees with one fault that is rightly found more than once, and why.
const SEVERAL: &[(&str, usize, &str)] = &[(
    "M0102-both-scripts",
    2,
    "two files have to be renamed, each by itself",
)];

struct Fixture {
    name: String,
    /// `None` for a good tree.
    code: Option<Code>,
    folder: PathBuf,
    /// What `folder` is, if it is a copy.
    _copy: Option<tempfile::TempDir>,
}

impl Fixture {
    fn open(folder: &Path) -> Fixture {
        let name = folder.file_name().expect("a tree has a name");
        let name = name.to_str().expect("a tree's name is ASCII").to_owned();
        let copy = name.starts_with("M0117").then(|| misnamed_copy(folder));
        let (prefix, _) = name.split_once('-').expect("a name has a `-`");
        let code = (prefix != "good").then(|| Code::find(prefix).expect("the code exists"));
        Fixture {
            code,
            folder: copy.as_ref().map_or(folder, |copy| copy.path()).to_owned(),
            _copy: copy,
            name,
        }
    }

    /// All findings of both crates, as a build script shows them.
    fn resolve(&self) -> Resolved {
        let mut resolved = resolve(&disk::read(&self.folder.join("database"), "database"));
        let further = migrator_analysis::analyse(&resolved);
        resolved.problems.extend(further);
        let base = self.folder.join("base");
        if base.is_dir() {
            let tree = disk::read(&self.folder.join("database"), "database");
            let of_base = disk::read(&base, "base");
            let base = Base {
                name: "origin/main",
                tree: &of_base,
                registry: &resolve(&of_base).registry,
            };
            resolved.problems.extend(compare(&tree, &resolved, base));
        }
        resolved
    }

    fn output(&self) -> String {
        lines(self.resolve().problems)
    }

    /// Its files, a line each, in the order of their paths.
    fn listing(&self) -> String {
        let mut lines = Vec::new();
        for root in ["base", "database"] {
            list(&self.folder.join(root), root, &mut lines);
        }
        lines.sort();
        self::lines(lines)
    }

    /// The text in which the first finding has a position.
    fn source(&self) -> Option<String> {
        let first: Problem = self.resolve().problems.into_iter().next()?;
        first.position()?;
        let bytes = fs::read(self.folder.join(first.path()?)).expect("the file is there");
        String::from_utf8(bytes)
            .ok()
            .filter(|text| !text.contains('\0'))
    }
}

fn lines(lines: Vec<impl Display>) -> String {
    lines
        .into_iter()
        .fold(String::new(), |text, line| format!("{text}{line}\n"))
}

fn trees() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/trees")
}

fn fixtures() -> Vec<Fixture> {
    let entries = fs::read_dir(trees()).expect("the trees are there");
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.iter().map(|folder| Fixture::open(folder)).collect()
}

fn good(name: &str) -> Resolved {
    let resolved = Fixture::open(&trees().join(name)).resolve();
    assert_eq!(resolved.problems, [], "{name}");
    resolved
}

fn list(path: &Path, shown: &str, lines: &mut Vec<String>) {
    if let Ok(target) = fs::read_link(path) {
        lines.push(format!("{shown} -> {}", target.display()));
    } else if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder can be read") {
            let entry = entry.expect("an entry can be read");
            let name = entry.file_name();
            list(&entry.path(), &format!("{shown}/{}", name.display()), lines);
        }
    } else if path.is_file() {
        lines.push(shown.to_owned());
    }
}

/// A copy with a down script named in Latin-1.
fn misnamed_copy(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder can be made");
    copy_folder(folder, copy.path());
    let name = OsStr::from_bytes(b"20240117090518_b16aa4ba_create_dom\xe4nen_table.down.sql");
    let folder = copy.path().join("database/migrations/tenant_service");
    fs::write(folder.join(name), "DROP TABLE domains;\n").expect("a file can be written");
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if let Ok(link) = fs::read_link(&path) {
            symlink(link, &target).expect("a link can be made");
        } else if path.is_dir() {
            fs::create_dir(&target).expect("a folder can be made");
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}

fn of_the_tree() -> impl Iterator<Item = Code> {
    // M0237 is about git.
    let is_of_tree =
        |code: &Code| ["M01", "M02", "M03"].contains(&&code.as_str()[..3]) && *code != Code::M0237;
    Code::ALL.iter().copied().filter(is_of_tree)
}

#[test]
fn each_tree_has_its_expected_findings() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    for fixture in fixtures() {
        let path = trees().join(&fixture.name).join("expected.txt");
        let output = fixture.output();
        if update {
            fs::write(&path, output).expect("the expectation can be written");
        } else {
            let expected = fs::read_to_string(&path).expect("there is an expected.txt");
            assert_eq!(output, expected, "{}", fixture.name);
        }
    }
}

#[test]
fn every_code_of_the_tree_has_a_tree() {
    let shown: BTreeSet<Code> = fixtures().iter().filter_map(|f| f.code).collect();
    let missing: Vec<Code> = of_the_tree().filter(|code| !shown.contains(code)).collect();
    assert_eq!(missing, []);
}

#[test]
fn one_fault_is_reported_once_under_its_code() {
    for fixture in fixtures() {
        let found = fixture.resolve().problems;
        let first = found.first().map(|problem| problem.code);
        assert_eq!(first, fixture.code, "{}", fixture.name);
        let several = SEVERAL.iter().find(|(name, ..)| *name == fixture.name);
        let count = several.map_or(1, |(_, count, _)| *count);
        if fixture.code.is_some() {
            assert_eq!(found.len(), count, "{}", fixture.output());
        }
    }
}

#[test]
fn every_finding_reads_like_the_others() {
    for fixture in fixtures() {
        for Problem { message, help, .. } in fixture.resolve().problems {
            for text in [message, help] {
                assert!(!text.starts_with(char::is_uppercase), "{text}");
                assert!(!text.ends_with('.'), "{text}");
                assert_eq!(text.matches('`').count() % 2, 0, "{text}");
            }
        }
    }
}

#[test]
fn the_page_of_a_code_shows_one_of_its_trees() {
    let fixtures = fixtures();
    for code in of_the_tree() {
        let page = code.page();
        let is_shown = |fixture: &Fixture| {
            let block = |text: &str| page.contains(&format!("\n```text\n{text}```\n"));
            let source = fixture.source().is_none_or(|source| page.contains(&source));
            block(&fixture.listing()) && block(&fixture.output()) && source
        };
        let mut of_code = fixtures.iter().filter(|fixture| fixture.code == Some(code));
        assert!(
            of_code.any(is_shown),
            "pages/{code}.md shows no tree of {code} as it is"
        );
    }
}

#[test]
fn line_ends_and_a_byte_order_mark_are_no_part_of_a_tree() {
    let (lf, crlf) = (good("good-lf").registry, good("good-crlf-and-bom").registry);
    assert!(lf.tiers().eq(crlf.tiers()));
    assert!(lf.services().eq(crlf.services()));
    assert_eq!(lf.len(), 2);
    for (one, other) in lf.migrations().zip(crlf.migrations()) {
        assert_eq!(one.to_string(), other.to_string());
        assert_eq!(one.checksum, other.checksum);
        for (one, other) in [(one.up(), other.up()), (one.down(), other.down())] {
            assert_ne!(one.raw, other.raw);
            assert_eq!(one.sql(), other.sql());
            assert_eq!(one.fingerprint, other.fingerprint);
            assert_eq!(one.lock_timeout, other.lock_timeout);
        }
    }
}

#[test]
fn a_service_that_requires_a_later_one_runs_in_two_legs() {
    let registry = good("good-two-legs").registry;
    let order: Vec<String> = registry
        .migrations()
        .map(|migration| migration.reference().to_string())
        .collect();
    assert_eq!(
        order,
        [
            "tenant/20240116100312",
            "auth/20240119104233",
            "tenant/20240614080927",
            "auth/20240131140253",
            "user/20240126083015",
        ]
    );
}
