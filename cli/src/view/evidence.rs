//! What the catalog shows of a migration that the history does not have.

use migrator_model::MigrationId;
use migrator_verify as verify;
use migrator_verify::{Missing, MissingEffect, Presence};
use serde::Serialize;

/// A migration that the history does not have, and what the catalog shows of it.
#[derive(Debug)]
pub(crate) struct Detected {
    pub(crate) id: MigrationId,
    pub(crate) evidence: Evidence,
}

/// How much of what a migration makes is in the database.
#[derive(Debug, Serialize)]
pub(crate) struct Evidence {
    /// `all`, `part`, `none` or `unknown`.
    pub(crate) presence: &'static str,
    /// The number of effects that the database can show.
    pub(crate) made: usize,
    /// How many of them are in the database.
    pub(crate) found: usize,
    /// The others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) missing: Vec<Lacking>,
    /// Why the catalog does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// An effect that is not in the database.
#[derive(Debug, Serialize)]
pub(crate) struct Lacking {
    /// The kind of the object, such as `table`.
    kind: &'static str,
    /// Its name.
    name: String,
    /// `missing`, `not dropped` or `different`.
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    /// The same as a sentence.
    #[serde(skip)]
    pub(crate) text: String,
}

impl Evidence {
    /// Whether the catalog shows that the migration was not applied as a whole.
    pub(crate) fn is_contradiction(&self) -> bool {
        self.presence == Presence::None.as_str() || self.presence == "part"
    }
}

impl From<(MigrationId, verify::Evidence)> for Detected {
    fn from((id, evidence): (MigrationId, verify::Evidence)) -> Detected {
        let reason = match &evidence.presence {
            Presence::Unknown(why) => Some(why.clone()),
            Presence::All | Presence::Part | Presence::None | _ => None,
        };
        let evidence = Evidence {
            presence: evidence.presence.as_str(),
            made: evidence.made,
            found: evidence.found,
            missing: evidence.missing.into_iter().map(lacking).collect(),
            reason,
        };
        Detected { id, evidence }
    }
}

fn lacking(missing: Missing) -> Lacking {
    let text = missing.to_string();
    let (effect, property, expected, found) = match missing.effect {
        MissingEffect::Drop => ("not dropped", None, None, None),
        MissingEffect::Property {
            name,
            expected,
            found,
        } => ("different", Some(name), expected, found),
        MissingEffect::Object | _ => ("missing", None, None, None),
    };
    Lacking {
        kind: missing.object.kind.as_str(),
        name: missing.object.name,
        effect,
        property,
        expected,
        found,
        text,
    }
}
