//! Proof on a real server: snapshots of a database's catalog, and what differs between two.
//!
//! [`prove`] takes every migration up, down and up again. [`drift`] compares a live schema with
//! what its history implies. [`detect`] finds pending migrations in a live schema. All
//! of them compare [`Snapshot`]s. `migrator-runtime` runs the scripts; the caller prints the results.

mod compare;
mod detect;
mod drift;
mod empty;
mod error;
mod prove;
mod quote;
mod remedy;
mod roles;
mod snapshot;

pub use compare::difference::{Change, Difference, differences};
pub use compare::pattern::Pattern;
pub use detect::{Evidence, Missing, MissingEffect, Presence, detect};
pub use drift::server::ThrowawayServer;
pub use drift::{Drift, DriftEvent, drift};
pub use empty::{EmptyError, empty};
pub use error::Error;
pub use prove::locks::Lock;
pub use prove::prepared::{Preparation, prefix_digest, prepare};
pub use prove::ranges::{Jobs, Place, prove_in_ranges};
pub use prove::verdict::{Afterwards, Counts, Pass, Proof, ProofEvent, Proved, Subject, Verdict};
pub use prove::{prove, prove_until};
pub use remedy::Remedy;
pub use snapshot::content::{Properties, Scope, Snapshot};
pub use snapshot::effects::Effects;
pub use snapshot::object::{Kind, Object};
pub use snapshot::reader::{SnapshotReader, Taken};
