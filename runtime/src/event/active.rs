//! The runs that are changing a database now.

use super::blocker::Holder;

/// A run that is changing services.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActiveRun {
    /// The session that holds the locks.
    pub session: Holder,
    /// The services, in plan order.
    pub services: Vec<String>,
}
