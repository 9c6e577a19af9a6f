//! What a run is asked to do: which services, how far, under which policy.

use std::num::NonZeroUsize;

use migrator_model::Version;

/// The services a run is for, and how far it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The services.
    pub services: Selection,
    /// How far.
    pub extent: Extent,
}

/// Which services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every service of the registry.
    All,
    /// These, by name.
    Named(Vec<String>),
}

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Up: all that is pending. Down: all that is applied.
    Everything,
    /// At most so many migrations of the target's services.
    Steps(NonZeroUsize),
    /// Up: to this version and no further. Down: what is above this version.
    To(Version),
}

/// What a run may do that is refused by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Pending migrations below an applied version.
    pub out_of_order: Leave,
    /// Entries in the history that the registry does not have.
    pub missing: Leave,
    /// Reverting other services' migrations that stand in the way.
    pub cascade: Leave,
}

/// Whether something is refused or allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leave {
    /// It is refused.
    #[default]
    Refused,
    /// It is allowed.
    Allowed,
}

impl Target {
    /// Everything of every service.
    #[must_use]
    pub fn all() -> Target {
        Target {
            services: Selection::All,
            extent: Extent::Everything,
        }
    }

    /// Everything of one service; with `up`, after what it depends on.
    #[must_use]
    pub fn service(name: impl Into<String>) -> Target {
        Target::services([name.into()])
    }

    /// Everything of some services; with `up`, after what they depend on.
    #[must_use]
    pub fn services(names: impl IntoIterator<Item = String>) -> Target {
        Target {
            services: Selection::Named(names.into_iter().collect()),
            extent: Extent::Everything,
        }
    }

    /// The same services, but not further than `version`.
    #[must_use]
    pub fn to(self, version: Version) -> Target {
        Target {
            extent: Extent::To(version),
            ..self
        }
    }

    /// The same services, but at most so many of their migrations.
    #[must_use]
    pub fn steps(self, steps: NonZeroUsize) -> Target {
        Target {
            extent: Extent::Steps(steps),
            ..self
        }
    }
}

impl Selection {
    /// Whether a service is among them.
    #[must_use]
    pub fn names(&self, service: &str) -> bool {
        match self {
            Selection::All => true,
            Selection::Named(names) => names.iter().any(|name| name == service),
        }
    }
}
