//! `wait`: the database that is ready.

use crate::line::{Line, Tone};
use crate::view::Wait;
use crate::words::{count, seconds};

pub(super) fn lines(view: &Wait, database: &str) -> Vec<Line> {
    let waited = format!("{database} ({})", seconds(view.waited));
    let current = Line::worded(Tone::Good, "current", &waited);
    let missing = view.missing.first().map(|first| {
        let number = count(view.missing.len(), "migration");
        Line::note(format!(
            "the database has {number} that this binary does not have, such as `{first}`"
        ))
    });
    missing.into_iter().chain([current]).collect()
}
