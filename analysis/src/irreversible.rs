//! M0232: a down script declares that nobody can revert its migration.

use migrator_model::Code;

use crate::finding::Finding;
use crate::script::Pair;

/// The finding for such a down script. No other check looks at it.
pub(crate) fn find<'a>(pair: &'a Pair<'a>) -> Option<Finding<'a>> {
    let reason = pair.down.migration.down().irreversible()?;
    let at = pair.down.sql.text.find("--").unwrap_or_default();
    Some(Finding::new(
        &pair.down,
        Code::M0232,
        at,
        format!("the migration cannot be reverted: {reason}"),
        "write a down script that reverses the up script",
    ))
}
