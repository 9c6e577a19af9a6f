//! The format of the history's tables, and the error for an unknown format.

use std::fmt;

/// The format of the tables that this version writes. It reads every format up to this one.
pub const FORMAT: i32 = 2;

/// The contents of the table `format`, which this version does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownFormat {
    /// The format; `None` if the table does not have exactly one row.
    pub format: Option<String>,
    /// The first version of migrator that knows the format, if the table says so.
    pub needs: Option<String>,
}

impl UnknownFormat {
    /// Whether a newer version of migrator has created the tables.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        let number = self.format.as_deref().and_then(|text| text.parse().ok());
        number.is_some_and(|number: i64| number > FORMAT.into())
    }

    /// What to do.
    pub(crate) fn help(&self) -> String {
        match (&self.needs, self.is_newer()) {
            (Some(needs), true) => {
                format!("run a binary that was built with migrator {needs} or later")
            }
            (None, true) => "run a newer binary on this database".to_owned(),
            (_, false) => "somebody altered the table `format`: restore its one row, or restore \
                           the schema of the history from a backup"
                .to_owned(),
        }
    }
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(format) = &self.format else {
            return f.write_str(
                "the history does not say its format: its table `format` must have one row",
            );
        };
        write!(f, "the history has format {format}")?;
        if let (Some(needs), true) = (&self.needs, self.is_newer()) {
            write!(f, ", which needs migrator {needs}")?;
        }
        write!(f, "; this binary knows formats up to {FORMAT}")
    }
}
