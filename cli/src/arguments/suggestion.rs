//! Suggestions for a misspelt command, option or value. clap also suggests words that are not
//! similar. These suggestions follow the same rule as those for services and codes. For a word that
//! another migration tool uses as a command, the suggestion is the command that does the same here.

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use migrator_model::nearest;

/// Commands of other tools, and what to run instead.
const COMMON_WORDS: [(&[&str], &[&str]); 7] = [
    (
        &["new", "add", "generate", "create-migration"],
        &["migrator create --service=NAME --name=TITLE"],
    ),
    (
        &["migrate", "deploy", "apply"],
        &["migrator up --service=NAME"],
    ),
    (
        &["rollback", "revert", "undo"],
        &["migrator down --service=NAME"],
    ),
    (&["info", "pending"], &["migrator status"]),
    (&["version"], &["migrator --version", "migrator status"]),
    (&["lint", "validate"], &["migrator check"]),
    (&["diff"], &["migrator drift"]),
];

/// The error with our suggestion instead of clap's.
pub(crate) fn with_suggestion(mut error: Error, program: Command) -> Error {
    for kind in [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
        ContextKind::Suggested,
    ] {
        error.remove(kind);
    }
    if error.kind() == ErrorKind::InvalidSubcommand {
        command(&mut error, &program);
    } else if error.kind() == ErrorKind::UnknownArgument {
        option(&mut error, program);
    } else if error.kind() == ErrorKind::InvalidValue {
        value(&mut error);
    }
    error
}

fn command(error: &mut Error, program: &Command) {
    let Some(typed) = text(error, ContextKind::InvalidSubcommand) else {
        return;
    };
    let typed = typed.to_lowercase();
    // Before the similar names: `undo` is similar to `redo`, which does something else.
    let common = COMMON_WORDS
        .iter()
        .find(|(words, _)| words.contains(&typed.as_str()));
    if let Some((_, calls)) = common {
        let tips = calls.iter().map(|call| format!("run '{call}'").into());
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(tips.collect()),
        );
        return;
    }
    let names = program.get_subcommands().map(Command::get_name);
    if let Some(meant) = nearest(&typed, names) {
        let meant = ContextValue::Strings(vec![meant.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, meant);
    }
}

fn option(error: &mut Error, mut program: Command) {
    program.build();
    let mut arguments = std::env::args().skip(1);
    let name = arguments.find(|argument| program.find_subcommand(argument).is_some());
    let command = match name.and_then(|name| program.find_subcommand_mut(name)) {
        Some(command) => command,
        None => &mut program,
    };
    // clap's usage text contains clap's own suggestion.
    let usage = ContextValue::StyledStr(command.render_usage());
    error.insert(ContextKind::Usage, usage);
    let typed = text(error, ContextKind::InvalidArg);
    let Some(typed) = typed.as_deref().and_then(|typed| typed.strip_prefix("--")) else {
        return;
    };
    let options = command.get_arguments().filter_map(clap::Arg::get_long);
    match nearest(&typed.to_lowercase(), options) {
        Some(meant) if meant == typed => {
            let tip = format!("write '--{typed}' after '{}'", command.get_name());
            error.insert(
                ContextKind::Suggested,
                ContextValue::StyledStrs(vec![tip.into()]),
            );
        }
        Some(meant) => {
            let meant = ContextValue::String(format!("--{meant}"));
            error.insert(ContextKind::SuggestedArg, meant);
        }
        None => {}
    }
}

fn value(error: &mut Error) {
    let Some(typed) = text(error, ContextKind::InvalidValue) else {
        return;
    };
    let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue) else {
        return;
    };
    let meant = nearest(&typed.to_lowercase(), values.iter().map(String::as_str));
    if let Some(meant) = meant.map(str::to_owned) {
        error.insert(ContextKind::SuggestedValue, ContextValue::String(meant));
    }
}

fn text(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    }
}
