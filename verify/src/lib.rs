//! Proof on a real server: snapshots of a database's catalog, and what differs between two.
//!
//! [`prove`] takes every migration up, down and up again; [`drift`] compares a live
//! schema with what its history implies. Both stand on [`Snapshot`]. What runs the
//! scripts is `migrator-runtime`'s; printing is left to the caller.

mod confine;
mod confined;
pub mod difference;
mod drift;
pub mod empty;
mod error;
mod locks;
mod meaning;
mod mend;
mod missing;
mod order;
mod pattern;
mod proof;
mod recorded;
mod repeat;
mod roles;
mod scratch;
pub mod snapshot;
mod watch;

pub use difference::{Change, Difference, differences};
pub use drift::{Drift, ThrowawayServer, drift};
pub use empty::{EmptyError, empty};
pub use error::Error;
pub use locks::{Blocks, Lock, LockMode};
pub use pattern::Pattern;
pub use proof::{Afterwards, Pass, Proof, Proved, Subject, Verdict, prove, prove_until};
pub use snapshot::{Kind, Object, Properties, Scope, Snapshot, SnapshotReader};
