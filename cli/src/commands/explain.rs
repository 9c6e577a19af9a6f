//! `explain`: the page on a code.

use migrator_model::Code;
use serde_json::json;

use super::Context;
use crate::exit::Exit;

pub(super) fn run(context: &mut Context<'_>, code: Code) -> Exit {
    let output = &mut *context.output;
    output.line(code.page().trim_end());
    output.member("code", json!(code.as_str()));
    output.member("title", json!(code.title()));
    output.member("page", json!(code.page()));
    Exit::Done
}
