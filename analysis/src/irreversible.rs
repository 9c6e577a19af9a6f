//! M0232: migrations whose down script says that they cannot be reverted.

use migrator_model::Code;

use crate::finding::Finding;
use crate::script::Pair;

/// Nothing more is said of what such a down script does not take back.
pub(crate) fn find<'a>(pair: &'a Pair<'a>) -> Option<Finding<'a>> {
    let reason = pair.down.migration.down.irreversible()?;
    let at = pair.down.sql.text.find("--").unwrap_or_default();
    Some(Finding::new(
        &pair.down,
        Code::M0232,
        at,
        format!("the migration cannot be reverted: {reason}"),
        "write a down script that undoes what the up script does",
    ))
}
