//! The book in `docs`: its table of contents, its links, and the table of codes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use migrator_model::{Code, Level};

use crate::source::in_folder;

/// Folders without pages of ours.
const OTHERS: &[&str] = &[".git", ".migrator", "target", "node_modules"];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Markdown files in a folder of the repository.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("a folder can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !OTHERS.contains(&&*name) {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines outside blocks of code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_code && !is_fence).then_some((number + 1, line))
    })
}

/// The targets of the links in a line.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let parts = line.split("](").skip(1);
    parts.filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

/// The name that GitHub and mdBook give to a heading.
fn anchor(heading: &str) -> String {
    let lower = heading.trim().to_lowercase();
    let kept = lower.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || "-_".contains(c) => Some(c),
        _ => None,
    });
    kept.collect()
}

/// The anchors of a page. A second heading with the same text gets the number 1.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    let names = headings.map(|(_, line)| anchor(line.trim_start_matches('#')));
    let numbered = names.map(|name| {
        let count = counts.entry(name.clone()).or_default();
        *count += 1;
        match *count {
            1 => name,
            count => format!("{name}-{}", count - 1),
        }
    });
    numbered.collect()
}

/// What is wrong with a link on a page.
fn fault(page: &Path, target: &str) -> Option<&'static str> {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = match path {
        "" => page.to_owned(),
        path => page.parent()?.join(path),
    };
    if !path.exists() {
        return Some("no such file");
    }
    if heading.is_empty() {
        return None;
    }
    let text = fs::read_to_string(&path).ok()?;
    (!anchors(&text).contains(heading)).then_some("no such heading")
}

#[test]
fn each_link_leads_to_a_file_and_a_heading() {
    let mut faults = Vec::new();
    let mut count = 0;
    for page in pages(top()) {
        let text = fs::read_to_string(&page).expect("a page is text");
        for (number, line) in prose(&text) {
            for target in targets(line).filter(|target| !target.contains("://")) {
                count += 1;
                if let Some(fault) = fault(&page, target) {
                    faults.push(format!("{}:{number}: {target}: {fault}", page.display()));
                }
            }
        }
    }
    assert!(count > 200, "{count} links");
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_link_is_refused_without_its_file_or_its_heading() {
    let page = top().join("docs/README.md");
    assert_eq!(fault(&page, "start.md#install"), None);
    assert_eq!(fault(&page, "begin.md"), Some("no such file"));
    assert_eq!(fault(&page, "start.md#end"), Some("no such heading"));
    let heading = anchors("# A `check --base` of 2, now\n```\n# no\n```\n## B\n## B\n");
    let expected = ["a-check---base-of-2-now", "b", "b-1"];
    assert_eq!(heading, expected.map(str::to_owned).into());
}

#[test]
fn the_summary_lists_each_page_once() {
    let docs = top().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).expect("there is a summary");
    let listed: Vec<PathBuf> = summary
        .lines()
        .flat_map(targets)
        .map(|target| docs.join(target))
        .collect();
    let set: BTreeSet<PathBuf> = listed.iter().cloned().collect();
    assert_eq!(set.len(), listed.len(), "{listed:#?}");
    let pages = pages(&docs).into_iter();
    let pages: BTreeSet<PathBuf> = pages.filter(|page| !page.ends_with("SUMMARY.md")).collect();
    assert_eq!(set, pages);
}

#[test]
fn the_page_of_codes_has_each_code_with_its_title_and_level() {
    let page = include_str!("../../docs/reference/codes.md");
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| [M"))
        .collect();
    let expected: Vec<String> = Code::ALL.iter().copied().map(row).collect();
    assert_eq!(rows, expected);
}

/// The row of a code, as the page has it.
fn row(code: Code) -> String {
    let level = match code.level() {
        None => "",
        Some(Level::Allow) => " allow",
        Some(Level::Warn) => " warn",
        Some(Level::Deny) => " deny",
    };
    format!(
        "| [{code}](../../model/pages/{code}.md) | {} |{level} |",
        code.title()
    )
}

/// The blocks of commands that no test types: the page, the first command, and why.
const UNTYPED: &[(&str, &str, &str)] = &[
    (
        "README.md",
        "scripts/migrate.sh --action=up --service=all",
        "it may install packages; `scripts/bare.sh` runs it on a bare Debian",
    ),
    (
        "README.md",
        "scripts/test.sh",
        "it runs these tests; `scripts/bare.sh` runs it on a bare Debian",
    ),
    (
        "docs/start.md",
        "rustup target add x86_64-unknown-linux-musl",
        "it needs the network and minutes; `release.rs` runs the script with a program that is built",
    ),
    (
        "docs/start.md",
        "docker build --tag migrator .",
        "a daemon is rare where tests run; `image.rs` reads the Dockerfile as Docker does",
    ),
    (
        "examples/service/README.md",
        "cargo build --package migrator --package example-tenant-service",
        "it starts processes in the background; the tests of the example do the same",
    ),
];

/// The blocks that a test types without the reader of the book: the page, a language or the first
/// command, and the test.
const TYPED: &[(&str, &str, &str)] = &[
    (
        "README.md",
        "cargo install migrator-cli",
        "six_commands_migrate_a_database_in_a_new_crate",
    ),
    (
        "README.md",
        "cargo install migrator-cli",
        "four_commands_migrate_a_database_from_a_folder",
    ),
    ("README.md", "console", "the_session_of_the_readme_is_real"),
    (
        "docs/start.md",
        "cargo install migrator-cli",
        "six_commands_migrate_a_database_in_a_new_crate",
    ),
    (
        "docs/start.md",
        "cargo install migrator-cli",
        "four_commands_migrate_a_database_from_a_folder",
    ),
    (
        "docs/start.md",
        "cd target/release-0.1.0",
        "a_release_is_reproducible_and_has_archive_checksums_and_bill_of_materials",
    ),
    ("docs/adopt.md", "sh", "the_commands_of_the_page_work"),
    ("docs/baseline.md", "sh", "the_commands_of_the_page_work"),
    (
        "docs/howto/argocd.md",
        "sh",
        "the_commands_of_the_pages_run",
    ),
    ("docs/howto/helm.md", "sh", "the_commands_of_the_pages_run"),
    (
        "docs/howto/kubernetes.md",
        "sh",
        "the_commands_of_the_pages_run",
    ),
    (
        "docs/reference/log.md",
        "console",
        "a_run_has_a_log_and_metrics",
    ),
    (
        "docs/reference/wait.md",
        "console",
        "wait_says_why_it_still_waits",
    ),
    (
        "examples/workspaces/README.md",
        "sh",
        "two_workspaces_share_a_database",
    ),
];

/// Blocks of text that no command prints.
const DRAWN: &[(&str, &str)] = &[
    ("docs/fleet.md", "a list of databases"),
    ("docs/reference/log.md", "the spans that a collector gets"),
    ("docs/reference/tree.md", "the files of a tree"),
];

/// A block of commands on a page.
struct Block {
    page: String,
    language: String,
    first: String,
}

/// The blocks of code of the book, of the README and of the examples.
fn blocks() -> Vec<Block> {
    let folders = ["docs", "examples"].map(|folder| pages(&top().join(folder)));
    let mut pages = folders.concat();
    pages.push(top().join("README.md"));
    let mut blocks = Vec::new();
    for path in pages {
        let text = fs::read_to_string(&path).expect("a page is text");
        let path = path.strip_prefix(top()).expect("it lies in the repository");
        for fence in format!("\n{text}").split("\n```").skip(1).step_by(2) {
            let (language, code) = fence.split_once('\n').unwrap_or((fence, ""));
            let first = code.lines().next().unwrap_or_default();
            blocks.push(Block {
                page: path.to_string_lossy().into_owned(),
                language: language.to_owned(),
                first: first.trim_start_matches("$ ").to_owned(),
            });
        }
    }
    blocks
}

/// Whether the reader of the book follows the blocks of a page in a language.
fn is_followed(tests: &str, page: &str, language: &str) -> bool {
    let only = match language {
        "sh" => "follow_shell(",
        _ => "follow_console(",
    };
    let named = format!("page(\"{page}\")");
    let mut lines = tests.lines().filter(|line| line.contains(&named));
    lines.any(|line| line.contains(".follow(") || line.contains(only))
}

#[test]
fn a_test_types_each_block_of_commands() {
    let tests = in_folder("tests").into_iter();
    let tests: String = tests.map(|file| file.text).collect();
    let blocks = blocks();
    let (mut missing, mut shells) = (Vec::new(), 0);
    for Block {
        page,
        language,
        first,
    } in &blocks
    {
        let is_at = |entry: &(&str, &str, &str)| {
            entry.0 == page && [language.as_str(), first].contains(&entry.1)
        };
        let is_right = match language.as_str() {
            "sh" | "console" => {
                shells += 1;
                let is_listed = TYPED.iter().chain(UNTYPED).any(is_at);
                is_listed != is_followed(&tests, page, language)
            }
            "text" => {
                let is_drawn = DRAWN.iter().any(|(drawn, _)| drawn == page);
                let reads = [
                    format!("blocks(&page(\"{page}\"))"),
                    format!("of_page(\"{page}\", \"text\")"),
                ];
                is_drawn != reads.iter().any(|read| tests.contains(read))
            }
            "sql" | "toml" | "yaml" | "rust" | "rust,ignore" => true,
            _ => false,
        };
        if !is_right {
            missing.push(format!("{page}: {language}: {first}"));
        }
    }
    assert!(shells > 70, "{shells}");
    assert!(missing.is_empty(), "{missing:#?}");
    // No entry is left of a block or a test that is gone.
    for (page, what, _) in TYPED.iter().chain(UNTYPED) {
        let mut blocks = blocks.iter().filter(|block| block.page == *page);
        let exists = blocks.any(|block| block.language == *what || block.first == *what);
        assert!(exists, "{page}: {what}");
    }
    for (page, _, test) in TYPED {
        assert!(tests.contains(&format!("fn {test}()")), "{page}: {test}");
    }
}

#[test]
fn the_readme_is_short() {
    let lines = include_str!("../../README.md").lines().count();
    assert!(lines < 150, "{lines} lines");
}

#[test]
fn the_page_of_the_library_names_what_exists() {
    let page = include_str!("../../docs/reference/library.md");
    let (_, page) = page
        .split_once("## `migrator-runtime`\n")
        .expect("a section");
    let sources = in_folder("runtime/src").into_iter();
    let sources: String = sources.map(|file| file.text).collect();
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = cells.filter_map(|line| line.split(" |").next());
    let names: Vec<&str> = cells
        .flat_map(|cell| cell.split("`, `"))
        .map(|name| name.trim_matches(['`', '!']))
        .collect();
    assert!(names.len() > 20, "{names:?}");
    let kinds = ["struct", "enum", "fn", "macro_rules!"];
    let exists = |name: &&str| {
        ["(", "<", " ", "\n"].iter().any(|end| {
            kinds
                .iter()
                .any(|kind| sources.contains(&format!("{kind} {name}{end}")))
        })
    };
    // These types are from other crates.
    let others = ["Registry", "Settings", "Target"];
    let own = names.iter().filter(|name| !others.contains(name));
    let missing: Vec<&&str> = own.filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
