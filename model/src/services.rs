//! Puts the services in order, and checks their dependencies.

use crate::code::Code;
use crate::layout::in_manifest;
use crate::manifest::{Entry, Manifest};
use crate::nearest::suggestion;
use crate::order::topological;
use crate::problem::Problem;
use crate::registry::ServiceData;
use crate::small;
use crate::tree::Tree;

/// Puts the services in the order of tier, then of dependency, then of name.
pub(crate) fn put_in_order(
    tree: &Tree,
    manifest: &Manifest,
    problems: &mut Vec<Problem>,
) -> Vec<ServiceData> {
    let mut entries: Vec<&Entry> = manifest.services.iter().collect();
    small::sort_by(&mut entries, |a, b| {
        (a.tier, &a.name).cmp(&(b.tier, &b.name))
    });
    let mut graph = Graph {
        tree,
        manifest,
        entries: &entries,
        problems,
    };
    let waits_for: Vec<Vec<usize>> = entries.iter().map(|entry| graph.waits(entry)).collect();
    let order = topological(&waits_for).unwrap_or_else(|cycle| {
        graph.cycle(&cycle);
        (0..entries.len()).collect()
    });
    order
        .into_iter()
        .filter_map(|i| service(entries[i]))
        .collect()
}

struct Graph<'a> {
    tree: &'a Tree,
    manifest: &'a Manifest,
    /// By tier, then by name.
    entries: &'a [&'a Entry],
    problems: &'a mut Vec<Problem>,
}

impl Graph<'_> {
    /// The services that a service waits for.
    fn waits(&mut self, entry: &Entry) -> Vec<usize> {
        let mut found = Vec::new();
        for (name, offset) in &entry.depends_on {
            match self.entries.iter().position(|other| other.name == *name) {
                Some(other) if self.is_later(other, entry) => self.later(entry, name, *offset),
                Some(other) => found.push(other),
                None if self.manifest.is_complete => self.unknown(entry, name, *offset),
                None => {}
            }
        }
        found
    }

    fn is_later(&self, other: usize, entry: &Entry) -> bool {
        entry.tier.is_some() && self.entries[other].tier > entry.tier
    }

    fn unknown(&mut self, entry: &Entry, name: &str, offset: usize) {
        let others = self.entries.iter().map(|other| other.name.as_str());
        let help = suggestion(name, "service", others.filter(|n| *n != entry.name));
        let message = format!(
            "`{}` depends on `{name}`, which is not a service",
            entry.name
        );
        self.fault(Code::M0305, offset, message, help);
    }

    fn later(&mut self, entry: &Entry, name: &str, offset: usize) {
        let own = &entry.name;
        let message = format!("`{own}` depends on `{name}`, which is in a later tier");
        let help = format!("move `{name}` to an earlier tier, or `{own}` to a later one");
        self.fault(Code::M0306, offset, message, help);
    }

    /// Reports a cycle at the `depends_on` of its first service.
    fn cycle(&mut self, cycle: &[usize]) {
        let names: Vec<&str> = cycle
            .iter()
            .map(|&i| self.entries[i].name.as_str())
            .collect();
        let (Some(first), Some(entry)) = (names.first(), cycle.first().map(|&i| self.entries[i]))
        else {
            return;
        };
        let next = names.get(1).unwrap_or(first);
        let depends = entry.depends_on.iter().find(|(name, _)| name == next);
        let offset = depends.map_or(entry.offset, |(_, offset)| *offset);
        let (message, help) = match names.len() {
            1 => (
                format!("`{first}` depends on itself"),
                "remove it from its own `depends_on`",
            ),
            _ => (
                format!(
                    "services depend on each other: `{}` -> `{first}`",
                    names.join("` -> `")
                ),
                "remove one of the dependencies; if only one migration needs the other service, \
                 write `-- migrator: requires …` in it",
            ),
        };
        self.fault(Code::M0307, offset, message, help.to_owned());
    }

    fn fault(&mut self, code: Code, offset: usize, message: String, help: String) {
        let place = in_manifest(self.tree, offset);
        self.problems.push(Problem::at(code, place, message, help));
    }
}

fn service(entry: &Entry) -> Option<ServiceData> {
    let (directory, _) = entry.directory.clone()?;
    Some(ServiceData {
        name: entry.name.clone(),
        tier: entry.tier.unwrap_or_default(),
        directory,
        depends_on: entry
            .depends_on
            .iter()
            .map(|(name, _)| name.clone())
            .collect(),
        description: entry.description.clone(),
    })
}
