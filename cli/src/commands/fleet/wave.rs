//! The second column of a list: the number of the database's wave.

use migrator_model::Code;

use crate::exit::Exit;
use crate::failure::Failure;

/// In which order the databases of a list start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// In the order of the list, which has one column.
    Listed,
    /// Wave by wave.
    Waves,
}

/// The second column of a line or row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Absent,
    Wave(u32),
    /// The text may be a part of a password. So messages never show it.
    Malformed,
}

impl Column {
    /// The column of a row.
    pub(super) fn of_row(text: Option<&str>) -> Column {
        match text.map(str::trim) {
            None | Some("") => Column::Absent,
            Some(text) => text.parse().map_or(Column::Malformed, Column::Wave),
        }
    }

    /// The order of a list that starts with this column.
    pub(super) fn order(self) -> Order {
        match self {
            Column::Absent => Order::Listed,
            Column::Wave(_) | Column::Malformed => Order::Waves,
        }
    }

    /// The wave in a list of this order.
    pub(super) fn wave(self, order: Order) -> Result<Option<u32>, WaveFault> {
        match (order, self) {
            (Order::Listed, Column::Absent) => Ok(None),
            (Order::Waves, Column::Wave(wave)) => Ok(Some(wave)),
            (_, Column::Malformed) => Err(WaveFault::Malformed),
            (Order::Waves, Column::Absent) => Err(WaveFault::Missing),
            (Order::Listed, Column::Wave(_)) => Err(WaveFault::Unexpected),
        }
    }
}

/// What is wrong with the wave of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaveFault {
    Malformed,
    Missing,
    Unexpected,
    /// The list can be read only once, and a later wave has begun.
    Late {
        wave: u32,
        begun: u32,
    },
}

impl WaveFault {
    pub(super) fn failure(self) -> Failure {
        let number = format!("write a whole number from 0 to {} after the URL", u32::MAX);
        let (message, help) = match self {
            WaveFault::Malformed => (
                "the wave of the database is not a number".to_owned(),
                number,
            ),
            WaveFault::Missing => (
                "the database has no wave, but other databases of the list have one".to_owned(),
                number,
            ),
            WaveFault::Unexpected => (
                "the database has a wave, but the first database of the list has none".to_owned(),
                "give all databases of the list a wave, or none".to_owned(),
            ),
            WaveFault::Late { wave, begun } => (
                format!("a database of wave {wave} comes after one of wave {begun}"),
                "sort the lines by their waves; a file or a query needs no order".to_owned(),
            ),
        };
        Failure::new(Code::M0521, Exit::Usage, message, help)
    }
}

/// Splits a line into the database and the second column. Blanks separate the column from a URL. In
/// a keyword string, which has blanks itself, a tab separates the column.
pub(super) fn split(line: &str) -> (&str, Column) {
    let is_url = ["postgresql://", "postgres://"]
        .iter()
        .any(|scheme| line.starts_with(scheme));
    let separated = match is_url {
        true => line.rsplit_once(char::is_whitespace),
        false => line
            .rsplit_once('\t')
            .filter(|(before, column)| !column.contains('=') && !before.trim_end().ends_with('=')),
    };
    match separated {
        Some((database, column)) => (database.trim_end(), Column::of_row(Some(column))),
        None => (line, Column::Absent),
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, split};

    #[test]
    fn a_line_may_have_a_second_column() {
        for (line, database, column) in [
            ("postgresql://a/b", "postgresql://a/b", Column::Absent),
            ("postgresql://a/b 2", "postgresql://a/b", Column::Wave(2)),
            ("postgres://a/b \t 007", "postgres://a/b", Column::Wave(7)),
            (
                "postgresql://a:s3 cr3t@b/c",
                "postgresql://a:s3",
                Column::Malformed,
            ),
            ("postgresql://a/b -1", "postgresql://a/b", Column::Malformed),
            (
                "postgresql://a/b 4294967296",
                "postgresql://a/b",
                Column::Malformed,
            ),
            ("host=a dbname=b", "host=a dbname=b", Column::Absent),
            ("host=a dbname=b\t2", "host=a dbname=b", Column::Wave(2)),
            (
                "host=a dbname=b\tnext",
                "host=a dbname=b",
                Column::Malformed,
            ),
            ("host=a\tdbname=b", "host=a\tdbname=b", Column::Absent),
            ("host=a port =\t5433", "host=a port =\t5433", Column::Absent),
        ] {
            assert_eq!(split(line), (database, column), "{line}");
        }
    }
}
