//! What the planners of both directions start from.

use std::collections::BTreeSet;

use migrator_model::file_name::Direction;
use migrator_model::{Registry, Version, nearest};

use crate::conflict::Conflict;
use crate::history::{Entry, History};
use crate::target::{Extent, Policy, Selection, Target};

/// What both planners start from.
pub(crate) struct Request<'r, 'a> {
    pub(crate) registry: &'r Registry,
    pub(crate) history: &'a History,
    pub(crate) target: &'a Target,
    pub(crate) policy: Policy,
}

impl Request<'_, '_> {
    /// `--to` a version that no named service has is a slip; of all services,
    /// any time will do, and `0` is before everything.
    pub(crate) fn unknown_version(&self) -> Vec<Conflict> {
        let (Extent::To(version), Selection::Named(_)) =
            (self.target.extent, &self.target.services)
        else {
            return Vec::new();
        };
        let names = |service: &str| self.target.services.names(service);
        let migrations = self.registry.migrations.iter();
        let own = migrations.filter(|m| names(&m.service)).map(|m| m.version);
        let entries = self.history.entries().filter(|e| names(&e.id.service));
        let versions: BTreeSet<Version> = own.chain(entries.map(|e| e.id.version)).collect();
        if versions.contains(&version) || version.as_integer() == 0 {
            return Vec::new();
        }
        let texts: Vec<String> = versions.iter().map(Version::to_string).collect();
        let near = nearest(&version.to_string(), texts.iter().map(String::as_str));
        let near = near.and_then(|near| versions.iter().find(|one| one.to_string() == near));
        vec![Conflict::unknown_target(version, near.copied())]
    }
}

/// What is said of an entry whose script of one direction was interrupted, by a run of
/// this or the other direction that resumes it.
pub(crate) fn resumes(entry: &Entry, interrupted: Direction, run: Direction) -> String {
    let doing = interrupted.verb().past;
    let now = match interrupted == run {
        true => "this run resumes it",
        false => "this run finishes that, and then applies it again",
    };
    format!(
        "{} was interrupted while it was being {doing}: {now}",
        entry.id
    )
}
