//! The call that runs a command again after it has failed, to paste into a shell.

use migrator_runtime::Selection;

use super::context::Context;
use crate::arguments::{Command, Down, Redo, Run, Up};

/// The call, with the options that decide what is run and where. `None` if the command works on many
/// databases, or if another run of it would do something else.
pub(super) fn call(context: &Context, command: &Command) -> Option<String> {
    let mut words = match command {
        Command::Up(up) if up.steps.is_none() && !up.switch && !up.dry_run => of_up(up),
        Command::Down(down) if !down.dry_run => of_down(down),
        Command::Redo(redo) => of_redo(redo),
        Command::Up(_)
        | Command::Down(_)
        | Command::Plan(_)
        | Command::Adopt(_)
        | Command::Baseline(_)
        | Command::Check(_)
        | Command::Completions { .. }
        | Command::Create(_)
        | Command::Digest
        | Command::Drift(_)
        | Command::Explain { .. }
        | Command::Graph(_)
        | Command::History(_)
        | Command::Init(_)
        | Command::List(_)
        | Command::Man { .. }
        | Command::Repair(_)
        | Command::Report(_)
        | Command::Schema(_)
        | Command::Status(_)
        | Command::Verify(_)
        | Command::Wait(_) => return None,
        #[cfg(feature = "local-server")]
        Command::Server { .. } | Command::With(_) => return None,
    };
    if command.members().is_some() {
        return None;
    }
    if context.global.database_url.is_some() {
        // Without the password.
        words.push(format!("--database-url={}", context.database.get()?));
    }
    let words = words.iter().map(|word| quoted(word));
    Some(format!("migrator {}", words.collect::<Vec<_>>().join(" ")))
}

fn of_up(up: &Up) -> Vec<String> {
    let mut words = vec!["up".to_owned(), services(&up.service)];
    words.extend(up.to.map(|version| format!("--to={version}")));
    flag(&mut words, up.allow_out_of_order, "--allow-out-of-order");
    flag(&mut words, up.allow_missing, "--allow-missing");
    run(&mut words, &up.run);
    words
}

fn of_down(down: &Down) -> Vec<String> {
    let mut words = vec!["down".to_owned(), services(&down.service)];
    words.extend(down.steps.map(|steps| format!("--steps={steps}")));
    words.extend(down.to.map(|version| match version.as_integer() {
        0 => "--to=0".to_owned(),
        _ => format!("--to={version}"),
    }));
    flag(&mut words, down.all, "--all");
    flag(&mut words, down.cascade, "--cascade");
    flag(&mut words, down.yes, "--yes");
    run(&mut words, &down.run);
    words
}

fn of_redo(redo: &Redo) -> Vec<String> {
    let mut words = vec!["redo".to_owned(), format!("--service={}", redo.service)];
    run(&mut words, &redo.run);
    words
}

fn services(selection: &Selection) -> String {
    match selection {
        Selection::All => "--service=all".to_owned(),
        Selection::Named(names) => format!("--service={}", names.join(",")),
    }
}

/// The options of a run that decide which history it changes, and over which connections.
fn run(words: &mut Vec<String>, run: &Run) {
    let schema = run.writes.history.schema.as_ref();
    words.extend(schema.map(|schema| format!("--schema={schema}")));
    flag(words, run.writes.single_connection, "--single-connection");
}

fn flag(words: &mut Vec<String>, is_given: bool, flag: &str) {
    if is_given {
        words.push(flag.to_owned());
    }
}

/// The word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=,./:@%+".contains(c);
    match word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_reads_a_word_as_it_is() {
        assert_eq!(quoted("--service=a,b"), "--service=a,b");
        assert_eq!(
            quoted("--database-url=postgresql://u@/d?host=/tmp&port=1"),
            "'--database-url=postgresql://u@/d?host=/tmp&port=1'"
        );
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
