//! The scripts of Flyway's files: their settings and placeholders.

use std::collections::BTreeSet;

use migrator_model::{Code, Place, Problem};

use crate::files::Files;
use crate::source::OldScript;

/// Reads the script of a file, and `FILE.conf` beside it.
///
/// # Errors
///
/// A file is not UTF-8, the script runs on a condition, or it has placeholders.
pub(super) fn read(files: &Files, path: &str) -> Result<OldScript, Vec<Problem>> {
    let conf = format!("{path}.conf");
    let settings = match files.has(&conf) {
        true => files.text(&conf).map_err(|problem| vec![*problem])?,
        false => String::new(),
    };
    let text = files.text(path).map_err(|problem| vec![*problem])?;
    let mut problems = Vec::new();
    if setting(&settings, "shouldExecute").is_some() {
        let place = Place::file(files.shown(&conf));
        let message = "Flyway runs this script on a condition, `shouldExecute`";
        let help = "remove the condition, or the script and its settings";
        problems.push(Problem::at(Code::M1002, place, message, help));
    }
    if setting(&settings, "placeholderReplacement") != Some("false") {
        problems.extend(placeholders(&files.shown(path), &text, &files.shown(&conf)));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let script = OldScript::query(files.shown(path), text);
    Ok(match setting(&settings, "executeInTransaction") {
        Some(value) => OldScript {
            no_transaction: value == "false",
            ..script
        },
        None => script,
    })
}

/// A value in a file with lines `KEY=VALUE`.
fn setting<'a>(settings: &'a str, name: &str) -> Option<&'a str> {
    let lines = settings.lines().filter_map(|line| line.split_once('='));
    let mut values = lines.filter(|(key, _)| key.trim() == name);
    values.next().map(|(_, value)| value.trim())
}

/// A problem at the first use of each placeholder, `${NAME}`.
fn placeholders(path: &str, text: &str, conf: &str) -> Vec<Problem> {
    let mut names = BTreeSet::new();
    let starts = text.match_indices("${");
    let placeholders = starts.filter_map(|(at, _)| {
        let name = text[at + 2..].split(['}', '\n']).next()?;
        let is_closed = text[at + 2 + name.len()..].starts_with('}');
        (is_closed && names.insert(name)).then_some((at, name))
    });
    placeholders
        .map(|(at, name)| {
            let message = format!("Flyway replaces `${{{name}}}` by a value");
            let help = format!(
                "write the value into the file; if the text is meant as it stands, write \
                 `placeholderReplacement=false` into `{conf}`"
            );
            Problem::at(Code::M1002, Place::within(path, text, at), message, help)
        })
        .collect()
}
