//! The formats of the history's tables, and the upgrade from each format to the next one.
//!
//! [`FORMATS`] lists them. A new format changes these places:
//!
//! - the row here, and [`FORMAT`] in `error/format.rs`;
//! - `Tables::create_common` in `schema`, which creates the newest format;
//! - the queries of `read`, and [`with_defaults`] for a column that older formats lack;
//! - `parse`, which turns the columns into data;
//! - the statements of `write`;
//! - `DEFAULT` in `guard`, which lists the allowed defaults.
//!
//! Rules for a new format:
//!
//! - A run of an older binary may be in progress during the upgrade. So the statements of the
//!   older binary must still work on the upgraded tables: a new column has a default.
//! - The table `format` keeps its columns `format` and `needs`. Older binaries read them.
//! - `schema` creates the tables of the newest format only. A test compares them with tables
//!   that were upgraded.
//! - A reader supports all formats with one query: [`with_defaults`].

use crate::error::format::{FORMAT, UnknownFormat};

/// A format of the history's tables.
pub(super) struct Format {
    pub(super) number: i32,
    /// The first version of migrator that knows this format.
    pub(super) needs: &'static str,
    /// The statements that upgrade the tables from the format before. `{format}` and `{history}`
    /// stand for tables. Primary keys that are missing, and the contents of the table
    /// `format`, are not part of it.
    pub(super) upgrade: &'static [&'static str],
}

/// All formats, in their order.
pub(super) const FORMATS: [Format; 2] = [
    Format {
        number: 1,
        needs: "0.1.0",
        upgrade: &[],
    },
    Format {
        number: 2,
        needs: "0.1.0",
        upgrade: &[
            "ALTER TABLE {format} ADD COLUMN needs pg_catalog.text",
            "UPDATE {format} SET needs = ''",
            "ALTER TABLE {format} ALTER COLUMN needs SET NOT NULL",
            "ALTER TABLE {history} ADD COLUMN \
               origin pg_catalog.text NOT NULL DEFAULT 'applied'",
        ],
    },
];

/// The column with the origin of an entry: a word of [`Origin`](super::Origin).
///
/// It has no CHECK. Some binaries of format 1 refuse every check that they do not know as a
/// flaw of the history, and advise to drop it. Without a check they say that the format is
/// newer. `parse` refuses other words.
pub(super) const ORIGIN: &str = "origin pg_catalog.text NOT NULL DEFAULT 'applied'";

/// The row of the table `format`, as values.
pub(super) fn row() -> String {
    let [.., newest] = &FORMATS;
    format!("{FORMAT}, '{}'", newest.needs)
}

/// A query that names columns which an older format lacks. `defaults` are their names and the
/// values that they have in that format.
///
/// Postgres looks for a column without a table first in the inner query, then in the outer
/// one (Postgres's manual, *LATERAL Subqueries*).
pub(super) fn with_defaults(defaults: &[(&str, &str)], query: &str) -> String {
    let names: Vec<&str> = defaults.iter().map(|(name, _)| *name).collect();
    let values: Vec<&str> = defaults.iter().map(|(_, value)| *value).collect();
    format!(
        "SELECT known.* FROM (VALUES ({})) older({}) CROSS JOIN LATERAL ({query}) known",
        values.join(", "),
        names.join(", ")
    )
}

/// Reads the contents of the table `format`.
///
/// # Errors
///
/// This version does not know the format, or the table does not have exactly one row.
pub(super) fn known(rows: &[(&str, Option<&str>)]) -> Result<i32, UnknownFormat> {
    let [(format, needs)] = rows else {
        return Err(UnknownFormat {
            format: None,
            needs: None,
        });
    };
    let number = format.parse().ok();
    let is_known = |number: &i32| FORMATS.iter().any(|format| format.number == *number);
    number.filter(is_known).ok_or_else(|| UnknownFormat {
        format: Some((*format).to_owned()),
        needs: needs.filter(|text| is_version(text)).map(str::to_owned),
    })
}

/// Whether a text is a version such as `1.2.0-rc.1`: it is shown to the user.
fn is_version(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    (1..=32).contains(&text.len()) && text.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::{FORMAT, FORMATS, known};

    #[test]
    fn formats_are_numbered_from_one() {
        let numbers: Vec<i32> = FORMATS.iter().map(|format| format.number).collect();
        assert_eq!(numbers, (1..=FORMAT).collect::<Vec<_>>());
    }

    #[test]
    fn an_unknown_format_is_named_with_the_version_that_it_needs() {
        let shown = |rows: &[_]| known(rows).expect_err("it is not known").to_string();
        assert_eq!(
            shown(&[("3", Some("0.4.0"))]),
            "the history has format 3, which needs migrator 0.4.0; this binary knows formats up to 2"
        );
        for needs in [None, Some(""), Some("0.4.0\u{1b}[2J")] {
            assert_eq!(
                shown(&[("3", needs)]),
                "the history has format 3; this binary knows formats up to 2"
            );
        }
        let rows = "the history does not say its format: its table `format` must have one row";
        assert_eq!(shown(&[]), rows);
        assert_eq!(shown(&[("1", None), ("2", None)]), rows);
        assert_eq!(known(&[("1", None)]), Ok(1));
        assert_eq!(known(&[("2", Some("0.1.0"))]), Ok(2));
    }
}
