//! A difference between two snapshots of a catalog.

use migrator_verify::{Change, Difference};
use serde::{Serialize, Serializer};

/// A difference, as a list of the document shows it.
#[derive(Clone, Debug)]
pub(crate) struct DifferenceMembers(pub(crate) Difference);

impl Serialize for DifferenceMembers {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let DifferenceMembers(Difference { object, change }) = self;
        let (change, property, before, after) = match change {
            Change::Appeared => ("appeared", None, None, None),
            Change::Disappeared => ("disappeared", None, None, None),
            Change::Altered {
                property,
                before,
                after,
            } => (
                "altered",
                Some(property.as_str()),
                before.as_deref(),
                after.as_deref(),
            ),
        };
        Members {
            kind: object.kind.as_str(),
            name: &object.name,
            change,
            property,
            before,
            after,
        }
        .serialize(to)
    }
}

#[derive(Serialize)]
struct Members<'a> {
    kind: &'a str,
    name: &'a str,
    change: &'static str,
    property: Option<&'a str>,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// The differences as a list of the document.
pub(crate) fn differences(differences: &[Difference]) -> Vec<DifferenceMembers> {
    let differences = differences.iter().cloned();
    differences.map(DifferenceMembers).collect()
}
