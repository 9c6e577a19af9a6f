//! Whether a down script undoes its up script.

use crate::finding::Finding;
use crate::script::Pair;

pub(crate) fn find<'a>(pair: &'a Pair<'a>) -> Vec<Finding<'a>> {
    let _ = pair;
    Vec::new()
}
