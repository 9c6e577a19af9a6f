//! `explain`: the page on a code.

use migrator_model::{Code, nearest};
use serde_json::json;

use super::{Context, Outcome};
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) fn run(context: Context<'_>, wanted: &str) -> Outcome {
    let Some(code) = Code::find(wanted) else {
        let codes = Code::ALL.iter().map(|code| code.as_str());
        let help = match nearest(&wanted.to_uppercase(), codes) {
            Some(code) => format!("did you mean {code}?"),
            None => "a code is M and four digits, such as M0104".to_owned(),
        };
        let message = format!("`{wanted}` is not a code");
        return Err(Failure::new(Code::M0406, Exit::Usage, message, help));
    };
    let output = context.output;
    output.line(code.page().trim_end());
    output.member("code", json!(code.as_str()));
    output.member("title", json!(code.title()));
    output.member("page", json!(code.page()));
    Ok(Exit::Done)
}
