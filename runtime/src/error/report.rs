//! The full text of an error.

use std::fmt::Write as _;

use super::Error;
use super::fault::Fault;
use super::kind::ErrorKind;

impl Error {
    /// The full text, on several lines: the code and the message, the place in the script, the
    /// details the server gave, what was done before, and what to do.
    ///
    /// [`Display`](std::fmt::Display) has the message alone, for a line of a log.
    ///
    /// ```text
    /// error[M0501]: `tenant/20240101120000_a1b2c3d4_seed` failed: division by zero
    ///   --> database/migrations/tenant/20240101120000_a1b2c3d4_seed.up.sql:1:8
    ///   line: SELECT 1/0;
    ///   sqlstate: 22012
    ///   help: the script was rolled back; fix it and run again
    /// ```
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = format!("error[{}]: {self}", self.code());
        let mut lines = self.kind.details();
        lines.extend(self.sources());
        if let count @ 1.. = self.report.done.len() {
            lines.push(format!("note: steps done before, which remain: {count}"));
        }
        lines.push(format!("help: {}", self.help()));
        for line in lines {
            // Writing to a string does not fail.
            let _ = write!(text, "\n  {line}");
        }
        text
    }

    fn sources(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            lines.push(format!("cause: {error}"));
            source = error.source();
        }
        lines
    }
}

impl ErrorKind {
    /// The other details of the error, one per line.
    pub(crate) fn details(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match self {
            ErrorKind::Script(fault) => lines.extend(of_script(fault)),
            ErrorKind::Scripts(faults) => {
                for fault in faults {
                    lines.push(fault.to_string());
                    lines.extend(of_script(fault));
                }
            }
            // The message has a single conflict already.
            ErrorKind::Refused(conflicts) if conflicts.len() == 1 => {}
            ErrorKind::Refused(conflicts) => {
                lines.extend(conflicts.iter().map(ToString::to_string));
            }
            ErrorKind::Connection { why, .. } => lines.push(format!("cause: {why}")),
            ErrorKind::History {
                why,
                sqlstate,
                blockers,
                ..
            } => {
                lines.push(format!("cause: {why}"));
                lines.extend(sqlstate.iter().map(|state| format!("sqlstate: {state}")));
                lines.extend(blockers.iter().map(|one| format!("blocker: {one}")));
            }
            ErrorKind::UnknownService(_)
            | ErrorKind::Locked { .. }
            | ErrorKind::LockLost { .. }
            | ErrorKind::Connect(_)
            | ErrorKind::SecondConnection { .. }
            | ErrorKind::ReadOnly(_)
            | ErrorKind::Format(_)
            | ErrorKind::NotCurrent { .. }
            | ErrorKind::Stopped(_)
            | ErrorKind::Engine(_) => {}
        }
        lines
    }
}

fn of_script(fault: &Fault) -> impl Iterator<Item = String> {
    let place = fault.path.as_ref().map(|path| match fault.position {
        Some(at) => format!("--> {path}:{}:{}", at.line, at.column),
        None => format!("--> {path}"),
    });
    let details = [
        ("line", &fault.line),
        ("sqlstate", &fault.sqlstate),
        ("detail", &fault.detail),
        ("hint", &fault.hint),
        ("context", &fault.context),
    ];
    let details = details.into_iter().filter_map(|(word, text)| {
        let text = text.as_ref()?.trim();
        Some(format!("{word}: {text}"))
    });
    place.into_iter().chain(details)
}

#[cfg(test)]
mod tests {
    use migrator_model::place::Position;
    use migrator_model::{MigrationId, Version};

    use crate::error::fault::{Fault, Left};
    use crate::error::{Error, ErrorKind};

    #[test]
    fn the_report_has_the_code_the_place_the_sqlstate_and_the_help() {
        let version = Version::from_integer(20_240_101_120_000);
        let step = MigrationId::recorded("tenant", version, "a1b2c3d4_seed");
        let fault = Fault::new(step, "division by zero".to_owned(), Left::Nothing);
        let sql = "SELECT 1;\nSELECT 1/0;\n";
        let fault = Fault {
            sqlstate: Some("22012".to_owned()),
            ..fault.at(Some("seed.up.sql"), sql, Some(Position::at(sql, 17)))
        };
        let error = Error::from(ErrorKind::Script(Box::new(fault)));
        assert_eq!(
            error.report(),
            "error[M0501]: `tenant/20240101120000_a1b2c3d4_seed` failed: division by zero\n  \
             --> seed.up.sql:2:8\n  \
             line: SELECT 1/0;\n  \
             sqlstate: 22012\n  \
             help: the script was rolled back; fix it and run again"
        );
    }
}
