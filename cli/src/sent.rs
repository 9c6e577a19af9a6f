//! `--verbose`: shows each message that the command sends to the server.
//!
//! tokio-postgres logs a message before it sends it, and `migrator_runtime::connect` logs a long
//! message. The logger here prints both, without what may be a password.

use log::{Level, LevelFilter, Log, Metadata, Record};
use migrator_model::sql::{may_have_password, without_passwords};
use migrator_runtime::connect::TICKET;

use crate::console::Console;

/// The crates that log messages to the server.
const SENDERS: [&str; 2] = ["tokio_postgres", "migrator_connect"];

/// The words before the SQL of a message.
const PREFIXES: [&str; 2] = ["executing simple query: ", "executing statement batch: "];

/// The words before the parameters of a prepared statement.
const PARAMETERS: &str = "with parameters: ";

/// At most this number of bytes of a message is shown.
const MOST: usize = 16 * 1024;

/// Shows from now on each message to the server. In a program with a logger of its own, that logger
/// gets the messages.
pub(crate) fn show(console: &Console) {
    let logger = Sent {
        console: console.clone(),
    };
    if log::set_boxed_logger(Box::new(logger)).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

struct Sent {
    console: Console,
}

impl Log for Sent {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let sender = metadata.target().split("::").next();
        // Notices have the level `Info`, and the console prints them.
        metadata.level() == Level::Debug && sender.is_some_and(|one| SENDERS.contains(&one))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata())
            && let Some(text) = shown(&record.args().to_string())
        {
            self.console.sent(&text);
        }
    }

    fn flush(&self) {}
}

/// What is shown of a log line. `None` for the ticket of a long message, which follows.
fn shown(line: &str) -> Option<String> {
    let sql = PREFIXES.iter().find_map(|prefix| line.strip_prefix(prefix));
    if sql.is_some_and(|sql| sql.starts_with(TICKET)) {
        return None;
    }
    if let Some((head, parameters)) = line.split_once(PARAMETERS)
        && may_have_password(parameters)
    {
        return Some(format!("{head}{PARAMETERS}[hidden]"));
    }
    let text = without_passwords(sql.unwrap_or(line));
    let end = text.floor_char_boundary(MOST);
    Some(match text.len() - end {
        0 => text.into_owned(),
        rest => format!("{}… and {rest} more bytes", &text[..end]),
    })
}

#[cfg(test)]
mod tests {
    use super::{MOST, shown};

    #[test]
    fn a_message_is_shown_without_its_passwords() {
        let shown = |line: &str| shown(line).unwrap_or_default();
        assert_eq!(shown("executing simple query: SELECT 'a'"), "SELECT 'a'");
        assert_eq!(
            shown("executing statement batch: ALTER ROLE r PASSWORD 'x'"),
            "ALTER ROLE r PASSWORD '[hidden]'"
        );
        assert_eq!(
            shown("executing statement s0 with parameters: [\"password 'x'\"]"),
            "executing statement s0 with parameters: [hidden]"
        );
        let ticket = "executing simple query: migrator: the long message 0123";
        assert_eq!(shown(ticket), "");
        let long = format!("executing simple query: {}", "x".repeat(MOST + 7));
        assert!(shown(&long).ends_with("x… and 7 more bytes"));
    }
}
