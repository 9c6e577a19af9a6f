//! The migrations of another tool, as data.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::{Place, Problem};

use crate::moment::Moment;

/// What a tool's folder contains.
#[derive(Debug, Default)]
pub struct Source {
    /// The migrations, in the order in which the tool applies them.
    pub migrations: Vec<OldMigration>,
    /// Files that the tool would not run as a migration, and files that it keeps beside them.
    pub left_out: Vec<LeftOut>,
    /// What cannot be converted, with its place.
    pub problems: Vec<Problem>,
    /// The keys of the migrations that each migration builds on, for a tool whose history names
    /// only the newest migration of each branch. Other tools leave this empty.
    pub parents: BTreeMap<String, BTreeSet<String>>,
}

/// A file that is not converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The path, as in problems.
    pub path: String,
    /// Why the file is not converted, as half a sentence.
    pub why: String,
}

/// One migration of another tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldMigration {
    /// How the tool's history names the migration, such as `20240101120000` or `1`.
    pub key: String,
    /// The file or folder of the migration, relative to the tool's folder, such as
    /// `00001_create_users.sql`. The converted migration names it in its first line.
    pub origin: String,
    /// The name in the file name, such as `create_users`. It may be empty and have any characters.
    pub title: String,
    /// The version as a time, or as a number.
    pub moment: Moment,
    /// The script that applies the migration.
    pub up: OldScript,
    /// The script that reverts it, if the tool has one.
    pub down: Option<OldScript>,
}

/// One script of another tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldScript {
    /// The path of the file, as in problems.
    pub path: String,
    /// The text of the whole file.
    pub file: String,
    /// The part of `file` that is this script, without the tool's own marks, and the offset of the
    /// part's first byte in `file`.
    pub sql: String,
    /// The offset of `sql` in `file`, in bytes.
    pub offset: usize,
    /// Whether the tool runs the script outside a transaction.
    pub no_transaction: bool,
}

impl OldScript {
    /// A script that is a whole file.
    #[must_use]
    pub fn whole(path: String, file: String) -> OldScript {
        OldScript {
            path,
            sql: file.clone(),
            file,
            offset: 0,
            no_transaction: false,
        }
    }

    /// The place in the file of an offset in the script.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        Place::within(&self.path, &self.file, self.offset + offset)
    }
}
