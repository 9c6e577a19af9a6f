//! Tests the errors on a faulty tree, in a build without a build script.

mod support;

use support::Crate;
use support::tree::script;

/// Three faults: a wrong name, a missing down script, wrong SQL.
fn three_faults(example: &Crate) {
    example.write("database/migrations/core/notes.txt", "remember\n");
    example.remove(&script(2, "down"));
    example.write(&script(4, "up"), "-- nothing\n");
}

const FAULTS: [(&str, &str, &str); 3] = [
    (
        "database/migrations/audit/20240101120000_2a1b2c3d_create_event.up.sql: ",
        "[M0104]",
        "`20240101120000_2a1b2c3d_create_event.down.sql`",
    ),
    ("database/migrations/core/notes.txt: ", "[M0111]", "(help: "),
    (
        "database/migrations/tenant_service/20240104120000_3a1b2c3d_index_tenant.up.sql",
        "[M0203]",
        "(help: ",
    ),
];

#[test]
fn every_fault_is_one_error_at_the_argument_without_further_errors() {
    let example = Crate::new("faults-at-the-argument");
    three_faults(&example);
    assert_faults(&example, "src/main.rs:1:65: error: ");
}

/// Without an argument, the errors are at the call.
#[test]
fn every_fault_is_one_error_at_the_call_if_there_is_no_argument() {
    let example = Crate::new("faults-at-the-call");
    three_faults(&example);
    let main = support::MAIN.replace("\"database\"", "");
    example.write("src/main.rs", &main);
    assert_faults(&example, "src/main.rs:1:38: error: ");
}

fn assert_faults(example: &Crate, place: &str) {
    let build = example.build();
    let findings = build.findings();
    assert!(!build.succeeded);
    assert_eq!(findings.len(), FAULTS.len(), "{findings:#?}");
    for (found, (path, code, help)) in findings.iter().zip(FAULTS) {
        assert!(found.starts_with(&format!("{place}{path}")), "{found}");
        assert!(found.contains(code) && found.contains(help), "{found}");
    }
}

/// Cargo reads lines. A line break in a file's name must not begin a new line.
#[cfg(unix)]
#[test]
fn a_line_break_in_a_file_name_begins_no_line_of_output() {
    let example = Crate::with_build_script("line-end");
    example.write("database/migrations/core/a\ncargo::warning=b", "");
    let build = example.build();
    let findings = build.findings();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(
        findings[0].contains(r"core/a\ncargo::warning=b: "),
        "{findings:#?}"
    );
}

/// Two versions of the crates may meet in one build.
#[test]
fn a_registry_with_another_layout_does_not_compile() {
    for (table, message) in [
        (
            r#"b"MGRT\x63\0\0\0""#,
            "another version of `migrator-model`",
        ),
        (r#"b"""#, "this is no registry"),
    ] {
        let example = Crate::new("layout");
        let main = format!(
            "static REGISTRY: runtime::Registry = runtime::__private::registry({table}, \"\");\n\
             fn main() {{ print!(\"{{REGISTRY:?}}\"); }}\n"
        );
        example.write("src/main.rs", &main);
        let build = example.build();
        assert!(!build.succeeded);
        assert!(build.findings()[0].contains(message), "{}", build.stderr);
    }
}
