//! The history of another tool, as data.

use migrator_model::{Code, Problem};

use crate::source::Source;

/// The table in which a tool keeps its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The schema. `None` stands for the first schema of the `search_path` that has the table.
    pub schema: Option<&'static str>,
    /// The name that the tool gives the table by default.
    pub name: &'static str,
    /// Columns that the table must have. Several tools call their tables `schema_migrations`, and
    /// only the columns tell them apart.
    pub columns: &'static [&'static str],
}

/// Where a history was found.
#[derive(Clone, Copy, Debug)]
pub struct Database<'a> {
    /// The name of the database.
    pub database: &'a str,
    /// The schema of the table.
    pub schema: &'a str,
    /// The name of the table.
    pub table: &'a str,
}

/// The lock that a tool holds while it migrates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// An advisory lock with this key.
    Advisory(i64),
    /// The tool has no lock. A lock on its history table makes it wait.
    OfTable,
}

/// One row of a history. [`Tool::query`](crate::Tool::query) selects these columns as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldEntry {
    /// The key of the migration: [`OldMigration::key`](crate::OldMigration::key).
    pub key: String,
    /// When the migration was applied, in RFC 3339, if the tool records that.
    pub applied_on: Option<String>,
    /// Whether it was applied.
    pub state: OldState,
}

/// What a history says about a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldState {
    /// It was applied.
    Applied,
    /// It failed, or it is not known whether all of it was applied.
    Failed,
}

impl OldState {
    /// The state with this word in the third column of a query: `applied` or `failed`.
    #[must_use]
    pub fn find(word: &str) -> Option<OldState> {
        match word {
            "applied" => Some(OldState::Applied),
            "failed" => Some(OldState::Failed),
            _ => None,
        }
    }
}

/// The migrations that a history says were applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OldHistory {
    /// The indices in [`Source::migrations`], ascending, each with the time of its entry.
    pub applied: Vec<(usize, Option<String>)>,
    /// The keys of applied migrations that are programs. They are not converted.
    pub programs: Vec<String>,
}

impl OldHistory {
    /// Finds each entry's migration by its key.
    ///
    /// # Errors
    ///
    /// An entry has failed, or names a migration that the folder does not have.
    pub fn by_key(source: &Source, entries: &[OldEntry]) -> Result<OldHistory, Box<Problem>> {
        let mut history = OldHistory::default();
        for entry in entries {
            refuse_failed(entry)?;
            let mut keys = source.migrations.iter().map(|one| one.key.as_str());
            let mut programs = source.left_out.iter().map(|one| one.program.as_deref());
            match keys.position(|key| key == entry.key) {
                Some(index) => history.applied.push((index, entry.applied_on.clone())),
                None if programs.any(|key| key == Some(&entry.key)) => {
                    history.programs.push(entry.key.clone());
                }
                None => return Err(unknown(&entry.key)),
            }
        }
        history.applied.sort_by_key(|(index, _)| *index);
        history.applied.dedup_by_key(|(index, _)| *index);
        Ok(history)
    }

    /// All migrations up to the one with this key, for a tool that records only the newest.
    ///
    /// # Errors
    ///
    /// The entry has failed, or names a migration that the folder does not have.
    pub fn up_to(source: &Source, entry: &OldEntry) -> Result<OldHistory, Box<Problem>> {
        refuse_failed(entry)?;
        let mut keys = source.migrations.iter().map(|one| one.key.as_str());
        let Some(newest) = keys.position(|key| key == entry.key) else {
            return Err(unknown(&entry.key));
        };
        let times = (0..=newest).map(|index| (index, entry.applied_on.clone()));
        Ok(OldHistory {
            applied: times.collect(),
            programs: Vec::new(),
        })
    }
}

fn refuse_failed(entry: &OldEntry) -> Result<(), Box<Problem>> {
    match entry.state {
        OldState::Applied => Ok(()),
        OldState::Failed => Err(Problem::new(
            Code::M1003,
            format!("the old history says that migration `{}` failed", entry.key),
            "repair the migration with the old tool, and run `adopt` again",
        )
        .into()),
    }
}

fn unknown(key: &str) -> Box<Problem> {
    Problem::new(
        Code::M1005,
        format!("the old history has migration `{key}`, which is not in the folder"),
        "name the folder with all migrations of this database, or put the missing file back",
    )
    .into()
}

/// An SQL expression that formats a `timestamptz` as RFC 3339.
#[must_use]
pub(crate) fn rfc_3339(time: &str) -> String {
    format!(r#"pg_catalog.to_char({time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#)
}

/// An SQL expression that formats a `timestamp` without a time zone, which is in the time zone of
/// the session that wrote it, as RFC 3339.
#[must_use]
pub(crate) fn rfc_3339_of_local(time: &str) -> String {
    rfc_3339(&format!("({time})::pg_catalog.timestamptz"))
}
