//! The input of the planners of both directions.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::file_name::Direction;
use migrator_model::{Registry, Version, nearest, small};

use crate::conflict::Conflict;
use crate::history::{Entry, History};
use crate::target::{Extent, Policy, Selection, Target};

/// The input of both planners.
pub(crate) struct Request<'r, 'a> {
    pub(crate) registry: &'r Registry,
    pub(crate) history: &'a History,
    pub(crate) target: &'a Target,
    pub(crate) policy: Policy,
}

impl Request<'_, '_> {
    /// A version for `--to` that no named service has is a typing error. Without named services
    /// any version is accepted as a point in time, and `0` comes before every migration.
    pub(crate) fn unknown_version(&self) -> Vec<Conflict> {
        let (Extent::To(version), Selection::Named(services)) =
            (self.target.extent, &self.target.services)
        else {
            return Vec::new();
        };
        let names = |service: &str| self.target.services.names(service);
        let migrations = self.registry.migrations();
        let own = migrations.filter(|m| names(m.service)).map(|m| m.version);
        let entries = self.history.entries().filter(|e| names(&e.id.service));
        let versions: BTreeSet<Version> = small::collect(own.chain(entries.map(|e| e.id.version)));
        if versions.contains(&version) || version.as_integer() == 0 {
            return Vec::new();
        }
        let texts = versions.into_iter().map(|one| (one.to_string(), one));
        let texts: BTreeMap<String, Version> = texts.collect();
        let near = nearest(&version.to_string(), texts.keys().map(String::as_str));
        let near = near.and_then(|near| texts.get(near).copied());
        vec![Conflict::unknown_target(services, version, near)]
    }
}

/// The note about an entry whose script was interrupted in direction `interrupted`, when a run
/// in direction `run` resumes the script.
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
