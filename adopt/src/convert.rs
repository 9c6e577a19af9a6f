//! Turns the migrations of another tool into files of a service.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::file_name::{Direction, FileName};
use migrator_model::{Code, Migration, MigrationId, Place, Problem, Registry, Version, sql};

use crate::moment::next_second;
use crate::name::snake_case;
use crate::no_sql;
use crate::plain::without_transaction;
use crate::source::{OldMigration, OldScript, Source};
use crate::tool::Tool;

/// The tree that gets the files.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'r> {
    /// The registry of the tree, without the new files.
    pub registry: &'r Registry,
    /// The service that gets the migrations.
    pub service: &'r str,
}

/// A draft of a down script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draft {
    /// The script, with its directives. It marks what cannot be derived from the up script.
    Script(String),
    /// Nothing can be derived, and why.
    Impossible(String),
}

/// The files of all migrations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Converted {
    /// One for each migration of the source, in the same order.
    pub migrations: Vec<NewMigration>,
}

impl Converted {
    /// The first version that is later than all these migrations.
    #[must_use]
    pub fn end(&self) -> Option<Version> {
        let versions = self.migrations.iter().map(|migration| migration.id.version);
        next_second(versions.max()?)
    }
}

/// A converted migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMigration {
    /// Its identity in the tree.
    pub id: MigrationId,
    /// The old file or folder, relative to the tool's folder.
    pub origin: String,
    /// Where its down script comes from.
    pub undo: Undo,
    /// The files to write. Empty if an earlier run wrote them: they may have been edited since.
    pub files: Vec<NewFile>,
}

/// Where a down script comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// From the other tool.
    Converted,
    /// The other tool has none, and this one was derived from the up script.
    Drafted,
    /// The other tool has none, and none can be derived. The script says that the migration is
    /// irreversible, for this reason.
    Irreversible(String),
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its name.
    pub name: FileName,
    /// Its content.
    pub text: String,
}

/// Converts the migrations of a source.
///
/// A migration that an earlier run converted keeps its files. `draft` derives the down script of an
/// up script.
///
/// # Errors
///
/// All problems of the source's scripts, and each migration that fits no free version.
pub fn convert(
    tool: &dyn Tool,
    source: &Source,
    into: Destination<'_>,
    draft: &dyn Fn(&str) -> Draft,
) -> Result<Converted, Vec<Problem>> {
    let mut names = Names::new(tool, into);
    let mut problems = source.problems.clone();
    let mut migrations = Vec::new();
    for old in &source.migrations {
        if !names.has(old) {
            let scripts = [Some(&old.up), old.down.as_ref()].into_iter().flatten();
            problems.extend(scripts.flat_map(no_sql::problems));
        }
        match names.convert(old, draft) {
            Ok(new) => migrations.push(new),
            Err(problem) => problems.push(*problem),
        }
    }
    match problems.is_empty() {
        true => Ok(Converted { migrations }),
        false => Err(problems),
    }
}

/// The first line of each converted script.
fn heading(tool: &dyn Tool, origin: &str) -> String {
    let origin: String = origin.chars().filter(|c| !c.is_control()).collect();
    format!("-- Adopted from {}: {origin}\n", tool.name())
}

/// The versions and uids of the tree, and the migrations that earlier runs converted.
struct Names<'r> {
    tool: &'r dyn Tool,
    service: &'r str,
    earlier: BTreeMap<String, Migration<'r>>,
    versions: BTreeSet<Version>,
    uids: BTreeSet<String>,
    /// The version of the migration before.
    last: Option<Version>,
}

impl<'r> Names<'r> {
    fn new(tool: &'r dyn Tool, into: Destination<'r>) -> Names<'r> {
        let own = || into.registry.migrations_of(into.service);
        let first_line = |migration: Migration<'r>| {
            let text = migration.up().sql();
            Some((format!("{}\n", text.lines().next()?), migration))
        };
        Names {
            tool,
            service: into.service,
            earlier: own().filter_map(first_line).collect(),
            versions: own().map(|migration| migration.version).collect(),
            uids: into
                .registry
                .migrations()
                .map(|one| one.uid.to_owned())
                .collect(),
            last: None,
        }
    }

    /// Whether an earlier run converted a migration.
    fn has(&self, old: &OldMigration) -> bool {
        self.earlier.contains_key(&heading(self.tool, &old.origin))
    }

    fn convert(
        &mut self,
        old: &OldMigration,
        draft: &dyn Fn(&str) -> Draft,
    ) -> Result<NewMigration, Box<Problem>> {
        let heading = heading(self.tool, &old.origin);
        if let Some(earlier) = self.earlier.get(&heading) {
            self.last = Some(earlier.version);
            return Ok(NewMigration {
                id: earlier.id(),
                origin: old.origin.clone(),
                undo: earlier
                    .down()
                    .irreversible()
                    .map_or(Undo::Converted, Undo::Irreversible),
                files: Vec::new(),
            });
        }
        let up = self.script(&heading, &old.up)?;
        let (down, undo) = self.down(&heading, old, &up, draft)?;
        let up_name = FileName {
            version: self.version(old)?,
            uid: self.uid(&heading),
            name: snake_case(&old.title),
            direction: Direction::Up,
        };
        let id = MigrationId {
            service: self.service.to_owned().into(),
            version: up_name.version,
            uid: up_name.uid.clone().into(),
            name: up_name.name.clone().into(),
        };
        let down_name = up_name.partner();
        let files = vec![
            NewFile {
                name: up_name,
                text: up,
            },
            NewFile {
                name: down_name,
                text: down,
            },
        ];
        let origin = old.origin.clone();
        Ok(NewMigration {
            id,
            origin,
            undo,
            files,
        })
    }

    fn down(
        &self,
        heading: &str,
        old: &OldMigration,
        up: &str,
        draft: &dyn Fn(&str) -> Draft,
    ) -> Result<(String, Undo), Box<Problem>> {
        let given = old.down.as_ref();
        if let Some(down) = given.filter(|down| has_statements(down)) {
            return Ok((self.script(heading, down)?, Undo::Converted));
        }
        Ok(match draft(up) {
            Draft::Script(text) => {
                let note = "-- The other tool had no down script. Check this draft.\n";
                (format!("{heading}{note}{text}"), Undo::Drafted)
            }
            Draft::Impossible(reason) => {
                let directive = format!("-- migrator: irreversible because {reason}\n");
                (format!("{heading}{directive}"), Undo::Irreversible(reason))
            }
        })
    }

    /// The version of the old file, or else the first free second behind the migration before.
    fn version(&mut self, old: &OldMigration) -> Result<Version, Box<Problem>> {
        let mut version = old.moment.version();
        if let Some(last) = self.last.filter(|last| version <= *last) {
            version = next_second(last).unwrap_or(last);
        }
        while !self.versions.insert(version) {
            version = next_second(version).ok_or_else(|| {
                let message = "no version after that of the migration before it is free";
                let help = "rename the migrations of the service, so that their versions are times";
                Problem::at(Code::M1002, Place::file(&old.up.path), message, help)
            })?;
        }
        self.last = Some(version);
        Ok(version)
    }

    /// A uid that is the same whenever the migration is converted, and that no other has.
    fn uid(&mut self, heading: &str) -> String {
        let uid = |salt: i64| {
            let hash = sql::checksum(self.service, salt, heading);
            format!("{:08x}", hash >> 32)
        };
        let mut all = (0..).map(uid);
        let free = all.find(|uid| !self.uids.contains(uid)).unwrap_or_default();
        self.uids.insert(free.clone());
        free
    }

    /// A converted script: its heading, its directive and its SQL.
    fn script(&self, heading: &str, old: &OldScript) -> Result<String, Box<Problem>> {
        let sql = without_transaction(old)?;
        let lines = sql.split_inclusive('\n');
        let sql: String = lines.filter(|line| !self.tool.is_mark(line)).collect();
        let sql = sql.trim_matches('\n');
        let nothing = match sql::statements(sql).is_empty() {
            true => "-- The old script is empty.\nSELECT 1;\n",
            false => "",
        };
        let directive = no_transaction(old.no_transaction);
        let blank = if sql.is_empty() { "" } else { "\n" };
        Ok(format!("{heading}{directive}{nothing}{blank}{sql}{blank}"))
    }
}

/// Whether a script has a statement other than the `BEGIN` and the `COMMIT` around all of it.
fn has_statements(script: &OldScript) -> bool {
    let inner = without_transaction(script);
    inner.map_or(true, |sql| !sql::statements(&sql).is_empty())
}

fn no_transaction(is_set: bool) -> &'static str {
    match is_set {
        true => "-- migrator: no-transaction\n",
        false => "",
    }
}

#[cfg(test)]
mod tests;
