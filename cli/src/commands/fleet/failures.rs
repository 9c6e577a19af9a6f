//! The failures of a fleet. Databases that failed with the same errors form one group.

use std::collections::HashMap;

use migrator_runtime::Error;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::{FailureGroup, Located};

/// Why the work on a database failed.
pub(super) struct Broken {
    pub(super) failure: Failure,
    /// How many migrations were done before.
    pub(super) done: usize,
    pub(super) naming: Naming,
}

/// Whether the errors of a failure name the database.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Naming {
    Named,
    Unnamed,
}

impl From<Error> for Broken {
    fn from(error: Error) -> Broken {
        let naming = match error.target() {
            Some(_) => Naming::Named,
            None => Naming::Unnamed,
        };
        Broken {
            done: error.report.done.len(),
            failure: error.into(),
            naming,
        }
    }
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Broken {
        Broken {
            failure,
            done: 0,
            naming: Naming::Unnamed,
        }
    }
}

/// Databases that failed, grouped by their errors.
#[derive(Default)]
pub(super) struct Failures {
    groups: HashMap<(Vec<Located>, Naming), Databases>,
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
        failure: Failure,
        naming: Naming,
    ) {
        let Failure { errors, exit, .. } = failure;
        self.exit = Some(match self.exit {
            Some(other) if other != exit => Exit::Failed,
            Some(_) | None => exit,
        });
        let databases = self.groups.entry((errors, naming)).or_default();
        databases.push((index, database));
    }

    /// The exit code of the failures, if there are any: their own if they all have the same one.
    pub(super) fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// The groups, in the order of the list.
    pub(super) fn groups(self) -> Vec<FailureGroup> {
        let mut groups: Vec<(_, Databases)> = self.groups.into_iter().collect();
        for (_, databases) in &mut groups {
            databases.sort();
        }
        groups.sort_by_key(|(_, databases)| databases.first().map(|(index, _)| *index));
        let groups = groups.into_iter();
        let group = groups.map(|((errors, naming), databases)| {
            let unnamed = databases.into_iter().filter_map(|(_, name)| name);
            FailureGroup {
                errors,
                unnamed: match naming {
                    Naming::Named => Vec::new(),
                    Naming::Unnamed => unnamed.collect(),
                },
            }
        });
        group.collect()
    }
}
