//! Refuses scripts that do not fit into a message to the server.

use migrator_model::{Code, MigrationId, Mode};

use crate::error::fault::{Fault, Left};

use super::source::Source;

/// The largest message in bytes. The server ends a session that sends a message of 1 GiB or more
/// (`PQ_LARGE_MESSAGE_LIMIT` in `libpq.h`, `MaxAllocSize` in `memutils.h`). The statements around
/// the scripts need less than the rest.
pub(super) const LONGEST: usize = (1 << 30) - (1 << 20);

/// The fault if the message of a step would be longer than `longest`. `recorded` has the scripts
/// that the step writes to the history.
pub(super) fn too_long(
    step: &MigrationId,
    source: &Source,
    recorded: &[&str],
    longest: usize,
) -> Option<Fault> {
    // Outside a transaction, the script is sent statement by statement.
    let sent = match source.mode {
        Mode::Transaction => source.sql.len(),
        Mode::NoTransaction => 0,
    };
    let plain = recorded.iter().map(|sql| sql.len()).sum::<usize>();
    // A quoted text has at most twice the length.
    if sent + 2 * plain <= longest {
        return None;
    }
    let length = sent + recorded.iter().map(|sql| quoted(sql)).sum::<usize>();
    (length > longest).then(|| {
        let message = format!(
            "its scripts need a message of {} MB, and the server takes at most {} MB",
            megabytes(length),
            longest / 1_000_000
        );
        let mut fault = Fault {
            code: Code::M0531,
            ..Fault::new(step.clone(), message, Left::Nothing)
        };
        fault.hint = Some(
            "split the migration: the message has the script, and both scripts again for the history"
                .to_owned(),
        );
        fault.at(source.path.as_deref(), &source.sql, None)
    })
}

/// The length of a text as a literal.
fn quoted(text: &str) -> usize {
    let doubled = |byte: &u8| matches!(byte, b'\'' | b'\\');
    text.len() + text.as_bytes().iter().filter(|byte| doubled(byte)).count()
}

/// Rounded up.
fn megabytes(bytes: usize) -> usize {
    bytes.div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use migrator_model::file_name::Direction;
    use migrator_model::{Code, MigrationId, Version};

    use super::too_long;
    use crate::error::fault::Left;
    use crate::step::source::Source;

    /// Whether a script that is recorded with a down script is refused.
    fn is_refused(up: &str, down: &str, longest: usize) -> bool {
        let id = MigrationId::recorded("core".to_owned(), Version::from_integer(1), "a_b");
        let source = Source::recorded(up.to_owned(), Direction::Up).expect("it has no directive");
        let fault = too_long(&id, &source, &[up, down], longest);
        if let Some(fault) = &fault {
            assert_eq!((fault.code, fault.left), (Code::M0531, Left::Nothing));
            assert!(fault.hint.is_some(), "it says what to do");
            assert!(
                fault
                    .to_string()
                    .contains("failed: its scripts need a message of 1 MB")
            );
        }
        fault.is_some()
    }

    #[test]
    fn a_message_that_the_server_refuses_is_not_sent() {
        let up = format!("SELECT '{}';", "x".repeat(90));
        assert_eq!(up.len(), 100);
        // The script, its literal with two more quotes, and the down script.
        assert!(!is_refused(&up, "SELECT 1;", 211));
        assert!(is_refused(&up, "SELECT 1;", 210));
    }

    #[test]
    fn outside_a_transaction_the_script_is_sent_in_parts() {
        let up = format!("-- migrator: no-transaction\n{}", "VACUUM;".repeat(20));
        assert!(!is_refused(&up, "", up.len()));
        assert!(is_refused(&up, "", up.len() - 1));
    }

    #[test]
    fn an_ordinary_script_is_sent() {
        assert!(!is_refused("SELECT 1;", "SELECT 1;", super::LONGEST));
    }
}
