//! `explain`: the page about a code.

use migrator_model::Code;

use super::context::Answer;
use crate::view::{Page, View};

pub(super) fn run(code: Code) -> Answer {
    Answer::done(View::Page(Page { code }))
}
