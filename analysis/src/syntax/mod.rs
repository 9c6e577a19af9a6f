//! M0208: syntax errors. The parser finds most of them. [`accepted`] finds those that the parser
//! accepts.

mod accepted;
mod context;
mod explain;
mod explanation;
#[cfg(test)]
mod tests;
mod words;

use migrator_model::Code;

use crate::characters;
use crate::finding::Finding;
use crate::script::Script;
use explain::explain;
use explanation::Explanation;
pub use words::is_reserved;

/// The first syntax error of a script. The errors after it are often its results.
pub(crate) fn find<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let refused = sql.errors.first();
    let refused = refused.map(|error| explain(sql, error.offset, &error.message));
    let mut found = refused.into_iter().chain(accepted::find(sql));
    let first = found.next()?;
    let Explanation {
        offset,
        message,
        help,
    } = found.fold(first, |first, other| match other.offset < first.offset {
        true => other,
        false => first,
    });
    let character = characters::behind_error(sql.text, offset);
    let (offset, message, help) = character.unwrap_or((offset, message, help));
    let message = format!("this is not SQL: {message}");
    Some(Finding::new(script, Code::M0208, offset, message, help))
}
