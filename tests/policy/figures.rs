//! The figures of the docs come from the data of the programs in `bench`.

use std::fs;
use std::path::Path;

use migrator_figures::page::{filled, pages, prose, results};

/// What follows a number that was measured.
const UNITS: &[&str] = &[
    "ms", "s", "µs", "ns", "kB", "MB", "GB", "times", "%", "million",
];

#[test]
fn each_table_of_the_docs_is_what_the_data_says() {
    let pages = pages().expect("the docs are readable");
    assert!(!pages.is_empty(), "no page has a table");
    for path in pages {
        let page = fs::read_to_string(&path).expect("the page is readable");
        let new = filled(&page, &results()).expect("the data has each table");
        assert!(
            page == new,
            "the tables of {} differ from bench/results: run `cargo run -p migrator-figures`",
            path.display()
        );
    }
}

#[test]
fn only_the_tables_of_the_performance_page_have_figures() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let page = fs::read_to_string(page).expect("the page is readable");
    let found: Vec<String> = prose(&page)
        .filter(|(_, line)| has_figure(line))
        .map(|(number, line)| format!("docs/performance.md:{number}: {line}"))
        .collect();
    assert!(
        found.is_empty(),
        "figures outside a table:\n{}",
        found.join("\n")
    );
}

/// Whether a number is followed by a unit.
fn has_figure(line: &str) -> bool {
    let words: Vec<&str> = line.split([' ', '(', ')', ',', ';']).collect();
    words.windows(2).any(|pair| {
        let is_number = pair[0].starts_with(|first: char| first.is_ascii_digit());
        is_number && UNITS.contains(&pair[1].trim_end_matches(['.', ':']))
    })
}

#[test]
fn a_figure_is_a_number_with_a_unit() {
    assert!(has_figure("takes 12 ms, and"));
    assert!(has_figure("it is 1.5 times."));
    assert!(!has_figure("with 2 connections in a ms"));
}
