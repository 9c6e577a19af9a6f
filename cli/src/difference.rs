//! Differences between two pictures of a catalog, as data.

use migrator_verify::{Change, Difference};
use serde_json::{Value, json};

/// One difference.
pub(crate) fn json(difference: &Difference) -> Value {
    let object = &difference.object;
    let (change, property, before, after) = match &difference.change {
        Change::Appeared => ("appeared", None, None, None),
        Change::Disappeared => ("disappeared", None, None, None),
        Change::Altered {
            property,
            before,
            after,
        } => ("altered", Some(property), before.as_ref(), after.as_ref()),
    };
    json!({
        "kind": object.kind.as_str(),
        "name": object.name,
        "change": change,
        "property": property,
        "before": before,
        "after": after,
    })
}
