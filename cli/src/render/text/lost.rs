//! The data that a plan removes: before a question, in a dry run, and before a run.

use migrator_model::MigrationId;

use crate::line::{Line, Tone};
use crate::view::{Lost, LostPart};
use crate::words::count;

/// What a plan would remove.
pub(crate) fn planned(lost: &[Lost]) -> Vec<Line> {
    let lost = lost.iter();
    lost.map(|lost| Line::worded(Tone::Bad, "would remove", &what(lost)))
        .collect()
}

/// What a run is about to remove.
pub(crate) fn starting(lost: &[Lost]) -> Vec<Line> {
    let lost = lost.iter();
    lost.map(|lost| Line::note(format!("this run removes {}", what(lost))))
        .collect()
}

/// The migrations whose down script may remove more than the list shows.
pub(crate) fn unclear(ids: &[MigrationId]) -> Vec<Line> {
    let ids = ids.iter();
    ids.map(|id| {
        Line::note(format!(
            "the down script of {id} runs SQL that cannot be read here: it may remove more data"
        ))
    })
    .collect()
}

fn what(lost: &Lost) -> String {
    let table = format!("table {}.{}", lost.schema, lost.table);
    let rows = lost.rows.and_then(|rows| usize::try_from(rows).ok());
    let rows = match rows {
        Some(rows) => format!(" with about {}", count(rows, "row")),
        None => String::new(),
    };
    match &lost.part {
        LostPart::Table => format!("{table}{rows}"),
        LostPart::Column(column) => format!("column {column} of {table}{rows}"),
        LostPart::Rows => format!("rows of {table}{rows}"),
    }
}
