//! A finding as a GitHub workflow command, which GitHub shows beside the line.
//!
//! The form and its escapes are those of `@actions/core`, `command.ts`.

use std::fmt::Write as _;

use migrator_model::Problem;

use crate::view::{Check, severity_word};

/// The annotation of each finding.
pub(super) fn annotations(check: &Check) -> impl Iterator<Item = String> {
    check.findings.iter().map(|one| annotation(&one.problem))
}

/// `::error file=…,line=…,col=…,title=M0104::message%0Ahelp: …`.
fn annotation(finding: &Problem) -> String {
    let Problem {
        code,
        message,
        help,
        ..
    } = finding;
    let mut text = format!(
        "::{} file={}",
        severity_word(finding.severity),
        property(finding.path().unwrap_or_default())
    );
    if let Some(position) = finding.position() {
        // Writing to a string cannot fail.
        let _ = write!(text, ",line={},col={}", position.line, position.column);
    }
    let words = data(&format!("{message}\nhelp: {help}"));
    text + &format!(",title={code}::{words}")
}

fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use migrator_model::{Code, Place, Problem, Severity};

    use super::annotation;

    #[test]
    fn what_github_would_obey_is_escaped() {
        let place = Place::file("a,b:c\n::error::d%");
        let finding = Problem::at(Code::M0111, place, "100 %\r\n::x", "none");
        assert_eq!(
            annotation(&finding),
            "::error file=a%2Cb%3Ac%0A%3A%3Aerror%3A%3Ad%25,title=M0111\
             ::100 %25%0D%0A::x%0Ahelp: none"
        );
    }

    #[test]
    fn a_warning_names_its_line_and_column() {
        let mut finding = Problem::at(Code::M0216, Place::within("a.sql", "x\ny z", 4), "m", "h");
        finding.severity = Severity::Warning;
        assert_eq!(
            annotation(&finding),
            "::warning file=a.sql,line=2,col=3,title=M0216::m%0Ahelp: h"
        );
    }
}
