//! Writes tables into Markdown, between `<!-- table: REPORT/TABLE -->` and `<!-- end -->`.
//!
//! REPORT is the name of a file in `bench/results` without `.json`. `<!-- table: runs -->` is a table
//! of all reports: their day, commit, machine and versions.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::machine::CHECKOUT;
use crate::report::Report;
use crate::row;
use crate::table::Table;

const START: &str = "<!-- table: ";
const START_ENDS: &str = " -->";
const END: &str = "<!-- end -->";

/// The table of all reports.
const RUNS: &str = "runs";

/// The folder of the reports.
#[must_use]
pub fn results() -> PathBuf {
    Path::new(CHECKOUT).join("bench/results")
}

/// The pages that have tables, in the order of their names.
///
/// # Errors
///
/// The folder `docs` cannot be read.
pub fn pages() -> io::Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(Path::new(CHECKOUT).join("docs"))? {
        let path = entry?.path();
        let is_page = path.extension().is_some_and(|extension| extension == "md");
        if is_page && fs::read_to_string(&path)?.contains(START) {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// Returns the page with each table as the reports have it.
///
/// # Errors
///
/// A report cannot be read or has no such table, or a marker has no end.
pub fn filled(page: &str, results: &Path) -> io::Result<String> {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once(START) {
        let unended = || io::Error::other(format!("`{START}` without `{END}`"));
        let (name, after) = after.split_once(START_ENDS).ok_or_else(unended)?;
        let (old, after) = after.split_once(END).ok_or_else(unended)?;
        if old.contains(START) {
            return Err(unended());
        }
        let table = table(name, results)?;
        text.extend([before, START, name, START_ENDS, "\n", &table, END]);
        rest = after;
    }
    Ok(text + rest)
}

/// The lines without figures: all but the tables, the code blocks and the code in a line.
pub fn prose(page: &str) -> impl Iterator<Item = (usize, String)> {
    let (mut is_table, mut is_code) = (false, false);
    page.lines().enumerate().filter_map(move |(number, line)| {
        is_table = (is_table || line.starts_with(START)) && line != END;
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        let parts = line.split('`').step_by(2);
        (!is_table && !is_code && !is_fence).then(|| (number + 1, parts.collect()))
    })
}

fn table(name: &str, results: &Path) -> io::Result<String> {
    if name == RUNS {
        return Ok(runs(results)?.to_markdown());
    }
    let (file, table) = name.split_once('/').unwrap_or((name, name));
    let path = results.join(file).with_extension("json");
    if !path.exists() {
        return Ok(format!(
            "Not measured: `scripts/bench.sh {file}` measures this.\n"
        ));
    }
    let report = Report::read(&path)?;
    let missing = || io::Error::other(format!("`{}` has no table `{table}`", path.display()));
    let found = report.table(table).ok_or_else(missing)?;
    Ok(format!("`{}`\n\n{}", report.command, found.to_markdown()))
}

/// A row for each report.
fn runs(results: &Path) -> io::Result<Table> {
    let mut paths = Vec::new();
    if results.exists() {
        for entry in fs::read_dir(results)? {
            paths.push(entry?.path());
        }
    }
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    let mut table = Table::new("runs", &["data", "day", "commit", "machine", "versions"]);
    for path in paths {
        let report = Report::read(&path)?;
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let of = |name: &str| {
            report
                .circumstances
                .get(name)
                .cloned()
                .unwrap_or(Value::Null)
        };
        let versions = report.versions.iter();
        let versions: Vec<String> = versions
            .map(|(of, version)| format!("{of} {version}"))
            .collect();
        table.push(row![
            format!("`bench/results/{name}.json`"),
            of("date"),
            of("commit"),
            machine(&of("machine")),
            versions.join(", "),
        ]);
    }
    Ok(table)
}

fn machine(machine: &Value) -> String {
    let text = |name: &str| {
        let text = machine[name].as_str().map(str::to_owned);
        text.unwrap_or_else(|| machine[name].to_string())
    };
    format!(
        "{} cores, {} MiB, {}, Linux {}",
        text("cores"),
        text("memory_mib"),
        text("cpu"),
        text("kernel")
    )
}

#[cfg(test)]
mod tests {
    use super::{filled, prose};
    use crate::{Report, Table, row};

    const PAGE: &str = "Up takes:\n\n<!-- table: peers/up -->\nold\n<!-- end -->\n\nMore.\n";

    #[test]
    fn a_table_replaces_what_stands_between_the_markers() {
        let folder = tempfile::tempdir().unwrap();
        let missing = filled(PAGE, folder.path()).unwrap();
        assert!(missing.contains("Not measured: `scripts/bench.sh peers` measures this.\n"));

        let file = folder.path().join("peers.json");
        let arguments = ["--json".to_owned(), file.to_str().unwrap().to_owned()];
        let (mut report, _) = Report::new("peers", arguments);
        let mut table = Table::new("up", &["program", "ms"]);
        table.push(row!["diesel", 1_000]);
        report.set(table);
        report.save().unwrap();
        let expected = "Up takes:\n\n<!-- table: peers/up -->\n`peers`\n\n| program | ms |\n\
            | --- | --- |\n| diesel | 1,000 |\n<!-- end -->\n\nMore.\n";
        assert_eq!(filled(PAGE, folder.path()).unwrap(), expected);
        assert_eq!(filled(expected, folder.path()).unwrap(), expected);

        let other = PAGE.replace("peers/up", "peers/down");
        let error = filled(&other, folder.path()).unwrap_err().to_string();
        assert_eq!(error, format!("`{}` has no table `down`", file.display()));
    }

    #[test]
    fn a_marker_without_an_end_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let page = format!("<!-- table: peers/up -->\n{PAGE}");
        assert!(filled(&page, folder.path()).is_err());
        assert!(filled("<!-- table: peers/up", folder.path()).is_err());
    }

    #[test]
    fn prose_is_what_is_neither_a_table_nor_code() {
        let page = format!("{PAGE}```\n1 ms\n```\nA `2 ms` b 3 ms.\n");
        let lines: Vec<(usize, String)> = prose(&page).collect();
        let texts: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(
            texts,
            ["Up takes:", "", "<!-- end -->", "", "More.", "A  b 3 ms."]
        );
    }
}
