//! Checks how a script runs: in a transaction or outside one.

mod control;
mod needless;
mod refused;
mod statement;
#[cfg(test)]
mod tests;
mod unrepeatable;

use migrator_model::Mode;

use crate::finding::Finding;
use crate::script::Script;
use control::{in_transaction, outside_transaction};
use needless::needless;
use refused::refused;
use unrepeatable::unrepeatable;

/// The first problem with how a script runs.
pub(crate) fn find<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    match script.mode() {
        Mode::Transaction => in_transaction(script).or_else(|| refused(script)),
        Mode::NoTransaction => needless(script)
            .or_else(|| outside_transaction(script))
            .or_else(|| unrepeatable(script)),
    }
}
