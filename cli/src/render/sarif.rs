//! Findings as a SARIF 2.1.0 document, for code-scanning services.

use std::collections::BTreeSet;

use migrator_model::{Code, Place, Problem, small};
use serde_json::{Value, json};

use crate::view::{Check, Located, severity_word};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The text of the document.
pub(super) fn document(check: &Check) -> String {
    format!("{:#}", run(&check.findings))
}

/// One run of this tool, with a rule for each code that occurs.
fn run(findings: &[Located]) -> Value {
    let findings = findings.iter().map(|finding| &finding.problem);
    let codes: BTreeSet<Code> = small::collect(findings.clone().map(|finding| finding.code));
    let codes: Vec<Code> = codes.into_iter().collect();
    let results = findings.map(|finding| result(finding, &codes));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "migrator",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": codes.iter().copied().map(rule).collect::<Vec<_>>(),
                },
            },
            // Our columns count characters. SARIF's default is UTF-16 units.
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.title() },
        "help": {
            "text": format!("`migrator explain {code}` prints the page on it"),
            "markdown": code.page(),
        },
    })
}

fn result(finding: &Problem, codes: &[Code]) -> Value {
    json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": codes.iter().position(|code| *code == finding.code),
        "level": severity_word(finding.severity),
        "message": { "text": format!("{}\nhelp: {}", finding.message, finding.help) },
        "locations": finding.place.iter().map(location).collect::<Vec<_>>(),
    })
}

fn location(place: &Place) -> Value {
    let mut location = json!({ "artifactLocation": { "uri": uri(&place.path) } });
    if let Some(position) = place.position {
        location["region"] = json!({
            "startLine": position.line,
            "startColumn": position.column,
        });
    }
    json!({ "physicalLocation": location })
}

/// A relative reference, or a `file:` URI of a path from the root.
fn uri(path: &str) -> String {
    let drive = path.as_bytes().get(1) == Some(&b':');
    let start = match (path.starts_with('/'), drive) {
        (true, _) => "file://",
        (false, true) => "file:///",
        (false, false) => "",
    };
    let encoded = path.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    });
    start.to_owned() + &encoded.collect::<String>()
}

#[cfg(test)]
mod tests {
    use migrator_model::{Code, Place, Problem, Severity};

    use super::{run, uri};
    use crate::view::Located;

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri("database/a b%ö:.sql"), "database/a%20b%25%C3%B6%3A.sql");
        assert_eq!(uri("/tmp/x"), "file:///tmp/x");
        assert_eq!(uri("C:/x"), "file:///C%3A/x");
    }

    #[test]
    fn each_result_points_at_its_rule() {
        let place = || Place::within("a.sql", "x\ny z", 4);
        let mut warning = Problem::at(Code::M0216, place(), "slow", "be quick");
        warning.severity = Severity::Warning;
        let error = Problem::at(Code::M0104, Place::file("b.sql"), "alone", "write it");
        let findings = [warning.clone(), error, warning].map(|problem| Located {
            problem,
            line: None,
        });
        let document = run(&findings);
        let run = &document["runs"][0];
        let rules = &run["tool"]["driver"]["rules"];
        assert_eq!(rules.as_array().map(Vec::len), Some(2));
        assert_eq!(rules[1]["help"]["markdown"], Code::M0216.page());
        let results = &run["results"];
        assert_eq!(
            (&results[0]["ruleIndex"], &results[1]["ruleIndex"]),
            (&1.into(), &0.into())
        );
        assert_eq!(
            (&results[0]["level"], &results[1]["level"]),
            (&"warning".into(), &"error".into())
        );
        assert_eq!(results[0]["message"]["text"], "slow\nhelp: be quick");
        let location = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(location["region"]["startLine"], 2);
        assert_eq!(location["region"]["startColumn"], 3);
        let whole = &results[1]["locations"][0]["physicalLocation"];
        assert_eq!(whole["artifactLocation"]["uri"], "b.sql");
        assert!(whole.get("region").is_none());
    }
}
