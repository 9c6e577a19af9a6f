//! An explanation of a syntax error.

/// The help for an error without a better one.
pub(super) const HELP: &str =
    "write it in Postgres's syntax; `migrator check --server` asks a server";

/// A syntax error with its place.
pub(super) struct Explanation {
    pub(super) offset: usize,
    pub(super) message: String,
    pub(super) help: String,
}

impl Explanation {
    pub(super) fn new(
        offset: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Explanation {
        Explanation {
            offset,
            message: message.into(),
            help: help.into(),
        }
    }
}

/// A text in back-ticks. If the text contains back-ticks, quotes replace them.
pub(super) fn shown(text: &str) -> String {
    match text.contains('`') {
        true => text.replace('`', "'"),
        false => format!("`{text}`"),
    }
}

pub(super) fn shown_part(text: &str) -> String {
    text.replace('`', "'")
}
