//! A database that has the migrations before those that are proved: it can be kept for later proofs.

use migrator_model::file_name::Direction;
use migrator_model::{Registry, Tree, digest};
use migrator_runtime::{Client, ErrorKind, Options, Stop, Stopped, Trial};

use super::plan::{Plan, plan};
use super::verdict::Subject;
use crate::error::Error;
use crate::roles;

/// Changes when other versions prepare the same scripts differently.
const FORMAT: &str = "1";

/// Whether a database was prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preparation {
    /// It has all migrations before those of the subject.
    Complete,
    /// A script failed. The database is of no use.
    Failed,
}

/// A digest of all scripts and roles in a prepared database, in hex. `None` if nothing comes before
/// the migrations of the subject, or if the subject has none.
#[must_use]
pub fn prefix_digest(registry: &Registry, subject: &Subject) -> Option<String> {
    let Plan { prefix, rest } = plan(registry, subject);
    if prefix.is_empty() || rest.is_empty() {
        return None;
    }
    let mut scripts = Tree::new("prefix").with_file("format", FORMAT);
    for role in registry.roles() {
        scripts = scripts.with_file(&format!("roles/{role}"), "");
    }
    for (place, migration) in prefix.into_iter().enumerate() {
        scripts = scripts.with_file(&format!("{place:08}"), migration.up().raw);
    }
    Some(digest::digest(&scripts))
}

/// Applies the migrations before those of the subject, on an empty database of a server that nobody
/// else uses.
///
/// # Errors
///
/// The connection was lost, or `stop` was used.
pub async fn prepare(
    stop: &Stop,
    client: &mut Client,
    registry: &Registry,
    subject: &Subject,
) -> Result<Preparation, Error> {
    roles::make_listed(client, registry).await?;
    for migration in plan(registry, subject).prefix {
        let trial = Trial::of(migration, Direction::Up).stopped_by(stop);
        let applied = trial.apply(client, &Options::default()).await;
        if stop.is_stopped() {
            let stopped = ErrorKind::Stopped(Stopped::default());
            return Err(Error::History(stopped.into()));
        }
        if applied.is_err() {
            return Ok(Preparation::Failed);
        }
    }
    Ok(Preparation::Complete)
}
