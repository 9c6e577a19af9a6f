//! What is not SQL.

use migrator_model::Code;

use crate::finding::Finding;
use crate::script::Script;

/// The first syntax error of a script: what follows it is mostly of its making.
pub(crate) fn find<'a>(script: &'a Script<'a>) -> Vec<Finding<'a>> {
    let error = script.sql.errors.first().map(|error| {
        Finding::new(
            script,
            Code::M0208,
            error.offset,
            format!("this is not SQL: {}", error.message),
            "write it as Postgres takes it",
        )
    });
    error.into_iter().collect()
}
