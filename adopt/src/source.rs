//! The migrations of another tool, as data.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::{Code, Place, Problem};

use crate::moment::Moment;
use crate::outside;

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

impl Source {
    /// Adds a migration, unless the migration before it has the same key. The caller sorts by key.
    pub(crate) fn add_up(&mut self, migration: OldMigration) {
        let last = self.migrations.last();
        match last.filter(|last| last.key == migration.key) {
            None => self.migrations.push(migration),
            Some(last) => {
                let other = &last.up.path;
                let key = &migration.key;
                let message = format!("version {key} has another up script, `{other}`");
                self.refuse(&migration.up.path, message);
            }
        }
    }

    /// Adds the down script of the migration that was added last.
    pub(crate) fn add_down(&mut self, key: &str, script: OldScript) {
        let last = self.migrations.last_mut();
        match last.filter(|last| last.key == key) {
            None => self.refuse(&script.path, "this down script has no up script".to_owned()),
            Some(last) => match &last.down {
                None => last.down = Some(script),
                Some(down) => {
                    let message = format!("version {key} has another down script, `{}`", down.path);
                    self.refuse(&script.path, message);
                }
            },
        }
    }

    /// Notes that a file is not converted.
    pub(crate) fn leave_out(&mut self, path: String, why: &str) {
        self.left_out.push(LeftOut::new(path, why));
    }

    /// Notes that a program is not converted. The history may have its key.
    pub(crate) fn leave_out_program(&mut self, path: String, key: &str) {
        let why = "it is a program, and only SQL is converted";
        self.left_out.push(LeftOut {
            program: Some(key.to_owned()),
            ..LeftOut::new(path, why)
        });
    }

    fn refuse(&mut self, path: &str, message: String) {
        let help = "rename or remove the file";
        let problem = Problem::at(Code::M1002, Place::file(path), message, help);
        self.problems.push(problem);
    }
}

/// A file that is not converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The path, as in problems.
    pub path: String,
    /// Why the file is not converted, as half a sentence.
    pub why: String,
    /// How the tool's history names the migration, if the file is a program that the tool runs as
    /// one.
    pub program: Option<String>,
}

impl LeftOut {
    pub(crate) fn new(path: String, why: &str) -> LeftOut {
        LeftOut {
            path,
            why: why.to_owned(),
            program: None,
        }
    }
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

    /// A script that is a whole file, for a tool that begins no transaction around it.
    ///
    /// It runs in a transaction here, unless one of its statements cannot.
    #[must_use]
    pub fn query(path: String, file: String) -> OldScript {
        let no_transaction = outside::any_statement(&file);
        OldScript {
            no_transaction,
            ..OldScript::whole(path, file)
        }
    }

    /// The place in the file of an offset in the script.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        Place::within(&self.path, &self.file, self.offset + offset)
    }
}
