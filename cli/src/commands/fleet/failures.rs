//! The failures of a fleet: what failed alike is told once.

use std::collections::HashMap;

use crate::exit::Exit;
use crate::failure::{Failure, Shown};
use crate::render;

/// Databases that failed, by how they did.
#[derive(Default)]
pub(super) struct Failures {
    groups: Vec<Group>,
    /// The index of the group with this text.
    by_text: HashMap<String, usize>,
    exit: Option<Exit>,
}

struct Group {
    errors: Vec<Shown>,
    /// Each with its place in the list; one whose settings make no sense has no name.
    databases: Vec<(usize, Option<String>)>,
}

impl Failures {
    /// Adds the failure of a database.
    pub(super) fn add(&mut self, index: usize, database: Option<String>, failure: Failure) {
        self.exit = Some(match self.exit {
            Some(exit) if exit != failure.exit => Exit::Failed,
            Some(_) | None => failure.exit,
        });
        let texts: Vec<String> = failure.errors.iter().map(render::text).collect();
        let group = *self.by_text.entry(texts.join("\n")).or_insert_with(|| {
            self.groups.push(Group {
                errors: failure.errors,
                databases: Vec::new(),
            });
            self.groups.len() - 1
        });
        if let Some(group) = self.groups.get_mut(group) {
            group.databases.push((index, database));
        }
    }

    /// How a run with these failures ends: as they did, if they all ended alike.
    pub(super) fn exit(&self) -> Exit {
        self.exit.unwrap_or(Exit::Done)
    }

    /// Each group's errors with the databases that failed so, in the order of the list.
    pub(super) fn texts(mut self) -> Vec<String> {
        for group in &mut self.groups {
            group.databases.sort();
        }
        self.groups
            .sort_by_key(|group| group.databases.first().map(|(index, _)| *index));
        self.groups.into_iter().map(text).collect()
    }
}

/// The errors with the databases, unless they name it themselves.
fn text(group: Group) -> String {
    let names = group.databases.into_iter().filter_map(|(_, name)| name);
    let names: Vec<String> = names.collect();
    let mut errors = group.errors;
    if let Some(last) = errors.last_mut() {
        let note = match names.as_slice() {
            [] => None,
            [one] if last.message.contains(one) => None,
            [one] => Some(format!("in {one}")),
            several => Some(format!(
                "in {} databases:\n{}",
                several.len(),
                several.join("\n")
            )),
        };
        last.notes.extend(note.map(|note| ("note", note)));
    }
    let texts: Vec<String> = errors.iter().map(render::text).collect();
    texts.join("\n\n")
}
