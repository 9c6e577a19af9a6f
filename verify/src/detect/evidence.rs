//! What a live database shows of a migration that its history does not have.

use std::fmt;

use crate::snapshot::object::Object;

/// What a live database shows of a pending migration.
///
/// An object that appears with its columns, constraints and indexes counts with each of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Evidence {
    /// The number of effects that the database can show: objects that the migration makes or
    /// drops, and properties that it changes.
    pub made: usize,
    /// The number of these effects that are in the database.
    pub found: usize,
    /// The other effects. A part of a missing object is not listed.
    pub missing: Vec<Missing>,
    /// The conclusion.
    pub presence: Presence,
}

/// How much of what a migration makes is in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Presence {
    /// All effects are in the database.
    All,
    /// Some effects are in the database, or an object is there in another form.
    Part,
    /// No effect is in the database.
    None,
    /// The catalog does not tell, and why.
    Unknown(String),
}

impl Presence {
    /// The conclusion as a word: `all`, `part`, `none` or `unknown`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Presence::All => "all",
            Presence::Part => "part",
            Presence::None => "none",
            Presence::Unknown(_) => "unknown",
        }
    }
}

/// An effect that is not in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missing {
    /// The object that the migration makes, drops or changes.
    pub object: Object,
    /// What is missing.
    pub effect: MissingEffect,
}

/// What is missing of the effects on an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingEffect {
    /// The object is not there.
    Object,
    /// The object is there, although the migration drops it.
    Drop,
    /// The object has another value of a property.
    Property {
        /// The property's name.
        name: String,
        /// The value after the migration, if the property is set there.
        expected: Option<String>,
        /// The value in the database, if the property is set there.
        found: Option<String>,
    },
}

/// `table tenant.notes is missing`, `column tenant.notes.body: another default`.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = &self.object;
        match &self.effect {
            MissingEffect::Object => write!(f, "{object} is missing"),
            MissingEffect::Drop => write!(f, "{object} is still there"),
            MissingEffect::Property { name, .. } => write!(f, "{object}: another {name}"),
        }
    }
}
