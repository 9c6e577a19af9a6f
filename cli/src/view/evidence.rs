//! What the catalog shows of a migration that the history does not have.

use migrator_model::MigrationId;
use migrator_verify as verify;
use migrator_verify::{Missing, MissingEffect, Presence};
use serde::Serialize;

use super::members;

/// A migration that the history does not have, and what the catalog shows of it.
#[derive(Debug, Serialize)]
pub(crate) struct Detected {
    #[serde(flatten, serialize_with = "members::migration_of_service")]
    pub(crate) id: MigrationId,
    #[serde(flatten)]
    pub(crate) evidence: Evidence,
}

/// A migration to record.
#[derive(Debug, Serialize)]
pub(crate) struct Claimed {
    #[serde(flatten, serialize_with = "members::migration_of_service")]
    pub(crate) id: MigrationId,
    /// What the catalog shows of it, if the command has looked.
    #[serde(flatten)]
    pub(crate) evidence: Option<Evidence>,
    /// Whether the user accepts that effects are missing.
    #[serde(rename = "accepted")]
    pub(crate) is_accepted: bool,
}

impl Claimed {
    /// Whether all that the migration makes is in the database.
    pub(crate) fn is_proved(&self) -> bool {
        let found = self.evidence.as_ref();
        found.is_some_and(|found| found.presence == Presence::All.as_str())
    }

    /// Whether the catalog contradicts the migration.
    pub(crate) fn is_contradicted(&self) -> bool {
        let found = self.evidence.as_ref();
        found.is_some_and(Evidence::is_contradiction)
    }

    /// Whether the command refuses to record it.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_contradicted() && !self.is_accepted
    }
}

const PART: &str = Presence::Part.as_str();

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
    fn is_contradiction(&self) -> bool {
        self.presence == Presence::None.as_str() || self.presence == PART
    }

    /// Whether the catalog shows that effects of the migration are in the database.
    pub(crate) fn is_found(&self) -> bool {
        self.presence == Presence::All.as_str() || self.presence == PART
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
