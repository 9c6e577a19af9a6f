//! The services of a tree as a graph: tiers, dependencies and required migrations.

use migrator_model::MigrationId;
use serde::Serialize;

use super::members;
use super::status::Condition;
use crate::arguments::Picture;

/// What `graph` draws.
#[derive(Debug, Serialize)]
pub(crate) struct Graph {
    /// The names of the tiers, in their order.
    pub(crate) tiers: Vec<String>,
    /// In plan order.
    pub(crate) services: Vec<GraphService>,
    /// By the service that depends, then by the other.
    pub(crate) dependencies: Vec<Dependency>,
    /// In plan order.
    pub(crate) requires: Vec<Requirement>,
    /// The format of the picture that the text output has.
    #[serde(skip)]
    pub(crate) format: Picture,
}

/// A service in a graph.
#[derive(Debug, Serialize)]
pub(crate) struct GraphService {
    pub(crate) service: String,
    /// Null if only the history has the service.
    pub(crate) tier: Option<String>,
    pub(crate) description: String,
    /// How many migrations it has.
    pub(crate) migrations: usize,
    /// What the database says about it. Null without a database.
    pub(crate) state: Option<DatabaseSide>,
}

/// How the database compares with the migrations of a service.
#[derive(Debug, Serialize)]
pub(crate) struct DatabaseSide {
    #[serde(serialize_with = "condition")]
    pub(crate) condition: Condition,
    /// `current`, or the number of migrations in each other state.
    pub(crate) summary: String,
}

/// A service that depends on another, or uses its objects.
#[derive(Debug, Serialize)]
pub(crate) struct Dependency {
    pub(crate) service: String,
    pub(crate) on: String,
    #[serde(serialize_with = "declared")]
    pub(crate) declared: Declared,
    /// Whether a script of the service names an object of the other.
    pub(crate) used: bool,
}

/// Where a dependency is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    /// In `depends_on` of the service.
    Directly,
    /// In `depends_on` of a service that the service depends on.
    Indirectly,
    /// A migration of the service requires a migration of the other.
    ByMigration,
    /// Nowhere.
    Nowhere,
}

/// A migration that requires another.
#[derive(Debug, Serialize)]
pub(crate) struct Requirement {
    #[serde(serialize_with = "members::identity")]
    pub(crate) migration: MigrationId,
    #[serde(serialize_with = "members::identity")]
    pub(crate) requires: MigrationId,
}

impl Declared {
    /// The word in the JSON document.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Declared::Directly => "directly",
            Declared::Indirectly => "indirectly",
            Declared::ByMigration => "by migration",
            Declared::Nowhere => "no",
        }
    }
}

impl Dependency {
    /// Whether the manifest declares the dependency and the SQL uses it.
    pub(crate) fn is_whole(&self) -> bool {
        self.declared == Declared::Directly && self.used
    }

    /// Which of the two is missing, in a few words.
    pub(crate) fn label(&self) -> Option<&'static str> {
        match (self.declared, self.used) {
            (Declared::Directly, true) => None,
            (Declared::Directly, false) => Some("not used"),
            (Declared::Indirectly, _) => Some("declared indirectly"),
            (Declared::ByMigration, _) => Some("declared by a migration"),
            (Declared::Nowhere, _) => Some("not declared"),
        }
    }
}

impl GraphService {
    /// The word for its state in the database.
    pub(crate) fn condition(&self) -> Option<&'static str> {
        self.state.as_ref().map(|state| state.condition.word())
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn condition<S: serde::Serializer>(condition: &Condition, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(condition.word())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn declared<S: serde::Serializer>(declared: &Declared, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(declared.word())
}
