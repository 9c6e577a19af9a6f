//! Scripts and transactions: what ends one, what refuses one, and what there is
//! to say of scripts that run without.

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

/// What is wrong with how a script runs; at most one finding, the first.
pub(crate) fn find<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    match script.mode() {
        Mode::Transaction => in_transaction(script).or_else(|| refused(script)),
        Mode::NoTransaction => needless(script)
            .or_else(|| outside_transaction(script))
            .or_else(|| unrepeatable(script)),
    }
}
