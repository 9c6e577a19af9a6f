//! The failures of a fleet. Databases that failed with the same errors form one group.

use std::collections::HashMap;

use crate::exit::Exit;
use crate::render::problem;
use crate::view::{FailureGroup, Located};

/// Databases that failed, grouped by their errors.
#[derive(Default)]
pub(super) struct Failures {
    groups: Vec<Group>,
    /// The index of the group whose errors have this text.
    by_text: HashMap<String, usize>,
    exit: Option<Exit>,
}

struct Group {
    errors: Vec<Located>,
    /// Each with its place in the list. A database with invalid settings has no name.
    databases: Vec<(usize, Option<String>)>,
}

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
        let texts: Vec<String> = errors.iter().map(problem::text).collect();
        let group = *self.by_text.entry(texts.join("\n")).or_insert_with(|| {
            self.groups.push(Group {
                errors,
                databases: Vec::new(),
            });
            self.groups.len() - 1
        });
        if let Some(group) = self.groups.get_mut(group) {
            group.databases.push((index, database));
        }
    }

    /// The exit code: that of the failures if they all have the same one.
    pub(super) fn exit(&self) -> Exit {
        self.exit.unwrap_or(Exit::Done)
    }

    /// The groups, in the order of the list.
    pub(super) fn groups(mut self) -> Vec<FailureGroup> {
        for group in &mut self.groups {
            group.databases.sort();
        }
        self.groups
            .sort_by_key(|group| group.databases.first().map(|(index, _)| *index));
        let groups = self.groups.into_iter();
        let group = groups.map(|Group { errors, databases }| FailureGroup {
            errors,
            databases: databases.into_iter().filter_map(|(_, name)| name).collect(),
        });
        group.collect()
    }
}
