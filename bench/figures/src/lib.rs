//! What the programs of `bench` measure, as data: a file for each program in `bench/results`.
//!
//! A program collects its figures in a [`Report`] of [`Table`]s, which it prints and, with `--json
//! FILE`, saves beside the machine, the versions, the commit and the command. [`page`] writes these
//! tables into the Markdown files of `docs`.
//!
//! ```
//! use migrator_figures::{Report, Table, row};
//!
//! let arguments = ["--json", "/dev/null", "100"].map(str::to_owned);
//! let (mut report, arguments) = Report::new("cargo run --bin example --", arguments);
//! assert_eq!(arguments, ["100"]);
//!
//! let mut table = Table::new("up", &["migrations", "s"]);
//! table.push(row![100, 0.25]);
//! report.set(table);
//! report.save()?;
//! assert_eq!(report.to_string(), "up\nmigrations     s\n       100  0.25\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod machine;
pub mod page;
mod report;
mod table;

pub use report::{Report, rustc};
pub use serde_json::{Value, json};
pub use table::Table;

/// The cells of a row: numbers, texts, and lists of numbers.
#[macro_export]
macro_rules! row {
    ($($cell:expr),* $(,)?) => { ::std::vec::Vec::from([$($crate::json!($cell)),*]) };
}
