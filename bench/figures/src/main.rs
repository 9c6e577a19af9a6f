//! Writes the tables of the docs from the data in `bench/results`.
//!
//! `cargo run -p migrator-figures`

#![expect(clippy::print_stdout, reason = "the program names what it wrote")]

use std::fs;
use std::io;

use migrator_figures::page::{filled, pages, results};

fn main() -> io::Result<()> {
    for path in pages()? {
        let page = fs::read_to_string(&path)?;
        let new = filled(&page, &results())?;
        if new != page {
            fs::write(&path, new)?;
            println!("wrote the tables of {}", path.display());
        }
    }
    Ok(())
}
