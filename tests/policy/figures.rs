//! The figures of the docs come from the data of the programs in `bench`.

use std::fs;

use migrator_figures::page::{filled, pages, results};

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
