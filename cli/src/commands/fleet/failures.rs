//! The failures of a fleet. Databases that failed with the same errors form one group.

use std::collections::HashMap;

use crate::exit::Exit;
use crate::view::{FailureGroup, Located};

/// Databases that failed, grouped by their errors.
#[derive(Default)]
pub(super) struct Failures {
    groups: HashMap<Vec<Located>, Databases>,
    exit: Option<Exit>,
}

/// Each with its place in the list. A database with invalid settings has no name.
type Databases = Vec<(usize, Option<String>)>;

impl Failures {
    /// Adds the failure of a database.
    pub(super) fn add(
        &mut self,
        index: usize,
        database: Option<String>,
        errors: Vec<Located>,
        exit: Exit,
    ) {
        self.exit = Some(match self.exit {
            Some(other) if other != exit => Exit::Failed,
            Some(_) | None => exit,
        });
        let databases = self.groups.entry(errors).or_default();
        databases.push((index, database));
    }

    /// The exit code of the failures, if there are any: their own if they all have the same one.
    pub(super) fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// The groups, in the order of the list.
    pub(super) fn groups(self) -> Vec<FailureGroup> {
        let mut groups: Vec<(Vec<Located>, Databases)> = self.groups.into_iter().collect();
        for (_, databases) in &mut groups {
            databases.sort();
        }
        groups.sort_by_key(|(_, databases)| databases.first().map(|(index, _)| *index));
        let groups = groups.into_iter();
        let group = groups.map(|(errors, databases)| FailureGroup {
            errors,
            databases: databases.into_iter().filter_map(|(_, name)| name).collect(),
        });
        group.collect()
    }
}
