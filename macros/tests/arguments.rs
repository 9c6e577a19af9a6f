//! Tests the errors on wrong arguments of `embed_migrations!`.

mod support;

use support::Crate;

/// An argument, the column of the error, and the message.
const WRONG: &[(&str, usize, &str)] = &[
    (r#""/database""#, 1, FOLDER),
    (r#""C:/database""#, 1, FOLDER),
    (r#""data\\base""#, 1, FOLDER),
    (r#""""#, 1, FOLDER),
    (r#""///""#, 1, FOLDER),
    (r#""data\0base""#, 1, FOLDER),
    (r#""database"x"#, 1, FOLDER),
    (r#"b"database""#, 1, EXPECTED),
    ("'d'", 1, EXPECTED),
    ("42", 1, EXPECTED),
    ("database", 1, EXPECTED),
    (r#"concat!("data", "base")"#, 1, EXPECTED),
    (r#""database", service = ["core"]"#, 13, EXPECTED),
    (r#""database", "other""#, 13, EXPECTED),
    (r#""database", , "#, 13, EXPECTED),
    (",", 1, EXPECTED),
    (r#""database" services = ["core"]"#, 12, "expected `,`"),
    (
        r#"services = ["core"], "database""#,
        22,
        "expected nothing more",
    ),
    (
        r#""database", services = ["core"], services = ["core"]"#,
        34,
        "expected nothing more",
    ),
    (r#""database", services ["core"]"#, 22, "expected `=`"),
    (
        r#""database", services = "core""#,
        24,
        "expected square brackets",
    ),
    (
        r#""database", services = [core]"#,
        25,
        "expected string literal",
    ),
    (
        r#""database", services = [1]"#,
        25,
        "expected string literal",
    ),
    (
        r#""database", services = ["core" "tenant"]"#,
        32,
        "expected `,`",
    ),
    (r#""database", services = []"#, 24, EMPTY),
    (r#""database", services = [""]"#, 25, NO_SERVICE),
    (r#""database", services = ["tennant"]"#, 25, MISSPELT),
    (r#""databas""#, 1, NO_FOLDER),
    (r#""src/main.rs""#, 1, NOT_A_FOLDER),
];

const FOLDER: &str = "expected a folder relative to that of Cargo.toml, such as \"database\"";
const EXPECTED: &str =
    "expected a folder such as \"database\", `services = [\"…\"]`, or both in this order";
const EMPTY: &str = "name at least one service, or leave `services` out to embed all";
const NO_SERVICE: &str = "unknown service `` \
    (help: the services are core, audit, mail, tenant)";
const MISSPELT: &str = "unknown service `tennant` \
    (help: did you mean `tenant`? the services are core, audit, mail, tenant)";
const NO_FOLDER: &str = "databas/services.toml: the manifest does not exist [M0101]";
const NOT_A_FOLDER: &str = "src/main.rs: expected the folder of the tree, found a file [M0115]";

#[test]
fn a_wrong_argument_is_one_error_at_the_argument() {
    let example = Crate::new("wrong-arguments");
    let start = "static R: runtime::Registry = runtime::embed_migrations!(";
    let modules = WRONG.iter().enumerate().map(|(i, (argument, ..))| {
        format!("mod m{i} {{ #![expect(dead_code, reason = \"a test\")]\n{start}{argument}); }}\n")
    });
    example.write(
        "src/main.rs",
        &format!("{}fn main() {{}}\n", modules.collect::<String>()),
    );
    let build = example.build();
    let expected: Vec<String> = WRONG
        .iter()
        .enumerate()
        .map(|(i, (_, column, message))| {
            let (line, column) = (2 * i + 2, start.len() + column);
            format!("src/main.rs:{line}:{column}: error: {message}")
        })
        .collect();
    let findings = build.findings();
    for (found, expected) in findings.iter().zip(&expected) {
        assert!(
            found.starts_with(expected.as_str()),
            "{found}\nis not\n{expected}"
        );
    }
    assert_eq!(findings.len(), expected.len(), "{findings:#?}");
}

#[test]
fn every_unknown_service_is_an_error_at_its_name() {
    let example = Crate::new("unknown-services");
    example.write(
        "src/main.rs",
        "static R: runtime::Registry =\n\
         runtime::embed_migrations!(services = [\"cor\", \"core\", \"tenants\"]);\n\
         fn main() { println!(\"{R:?}\") }\n",
    );
    assert_eq!(
        example.build().findings(),
        [
            "src/main.rs:2:40: error: unknown service `cor` (help: did you mean `core`? the services are core, audit, mail, tenant)",
            "src/main.rs:2:55: error: unknown service `tenants` (help: did you mean `tenant`? the services are core, audit, mail, tenant)",
        ]
    );
}
