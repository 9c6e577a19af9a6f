//! What the user wants a run to do: which services, how far, under which policy.

use std::num::NonZeroUsize;

use migrator_model::Version;

/// The services of a run, and how far the run goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The services.
    pub services: Selection,
    /// How far the run goes.
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
    /// Up: every pending migration. Down: every applied migration.
    Everything,
    /// At most this number of migrations of the target's services.
    Steps(NonZeroUsize),
    /// Up: this version and those before it. Down: the versions after it.
    To(Version),
}

/// Which exceptions a run makes from its default refusals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether a run applies pending migrations below an applied version.
    pub out_of_order: Leave,
    /// Whether a run starts although entries of the history are missing from the registry.
    pub missing: Leave,
    /// Whether a run reverts dependent migrations of other services.
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
    /// Every migration of every service.
    #[must_use]
    pub fn all() -> Target {
        Target {
            services: Selection::All,
            extent: Extent::Everything,
        }
    }

    /// Every migration of one service. `up` first applies the services that it depends on.
    #[must_use]
    pub fn service(name: impl Into<String>) -> Target {
        Target::services([name.into()])
    }

    /// Every migration of some services. `up` first applies the services that they depend on.
    #[must_use]
    pub fn services(names: impl IntoIterator<Item = String>) -> Target {
        Target {
            services: Selection::Named(names.into_iter().collect()),
            extent: Extent::Everything,
        }
    }

    /// The same services, up to `version`.
    #[must_use]
    pub fn to(self, version: Version) -> Target {
        Target {
            extent: Extent::To(version),
            ..self
        }
    }

    /// The same services, but at most `steps` of their migrations.
    #[must_use]
    pub fn steps(self, steps: NonZeroUsize) -> Target {
        Target {
            extent: Extent::Steps(steps),
            ..self
        }
    }
}

impl Selection {
    /// Whether the target includes a service.
    #[must_use]
    pub fn names(&self, service: &str) -> bool {
        match self {
            Selection::All => true,
            Selection::Named(names) => names.iter().any(|name| name == service),
        }
    }
}
