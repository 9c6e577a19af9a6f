//! Tests the errors on wrong arguments of the attribute, and on wrong test functions.

mod support;

use support::Crate;

/// The attribute's arguments, the function, and each error: its column and its message. The
/// column counts from the start of the arguments, or from the start of the function.
const WRONG: &[(&str, &str, &[Fault])] = &[
    ("", GOOD, &[arguments(-16, REGISTRY)]),
    ("42", GOOD, &[arguments(0, REGISTRY)]),
    ("\"REGISTRY\"", GOOD, &[arguments(0, REGISTRY)]),
    ("services = [\"core\"]", GOOD, &[arguments(0, REGISTRY)]),
    ("R.get()", GOOD, &[arguments(1, REGISTRY)]),
    ("R services = [\"core\"]", GOOD, &[arguments(2, REGISTRY)]),
    ("R, service = [\"core\"]", GOOD, &[arguments(3, OPTIONS)]),
    ("R, 42", GOOD, &[arguments(3, OPTIONS)]),
    (
        "R, services = []",
        GOOD,
        &[arguments(14, "name at least one service")],
    ),
    (
        "R, services = \"core\"",
        GOOD,
        &[arguments(14, "expected square brackets")],
    ),
    (
        "R, crate = a, crate = b",
        GOOD,
        &[arguments(14, "this option appears twice")],
    ),
    ("R", "static X: u8 = 0;", &[function(0, FUNCTION)]),
    ("R", "mod inner {}", &[function(0, FUNCTION)]),
    ("R", "fn t(db: Db) {}", &[function(0, ASYNC)]),
    (
        "R",
        "async fn t() {}",
        &[function(
            10,
            "a test takes its database: `db: TestDatabase`",
        )],
    ),
    ("R", "async fn t(a: A<B, C>, b: B) {}", &[function(23, ONE)]),
    (
        "R",
        "async fn t<T>(db: T) {}",
        &[function(10, "a test cannot be generic")],
    ),
    (
        "R",
        "#[test] async fn t(db: Db) {}",
        &[function(1, "remove `#[test]`")],
    ),
    (
        "",
        "fn t(a: A, b: B) {}",
        &[
            arguments(-16, REGISTRY),
            function(0, ASYNC),
            function(11, ONE),
        ],
    ),
];

const GOOD: &str = "async fn t(db: Db) {}";
const REGISTRY: &str = "name the registry, a static: `#[migrator_runtime::test(crate::REGISTRY)]`";
const OPTIONS: &str = "the options are `services = [\"…\"]` and `crate = path`";
const FUNCTION: &str = "expected an `async fn` with one parameter, `db: TestDatabase`";
const ASYNC: &str = "a test with a database is an `async fn`";
const ONE: &str = "a test takes its database and nothing more";

/// The place of an error, and the beginning of its message.
struct Fault {
    line: usize,
    column: isize,
    message: &'static str,
}

const fn arguments(column: isize, message: &'static str) -> Fault {
    Fault {
        line: 0,
        column: column + 17,
        message,
    }
}

const fn function(column: isize, message: &'static str) -> Fault {
    Fault {
        line: 1,
        column: column + 1,
        message,
    }
}

#[test]
fn every_error_of_a_wrong_test_is_reported_at_its_place() {
    let example = Crate::new("wrong-tests");
    let module = |(number, (arguments, item, _)): (usize, &(&str, &str, _))| {
        format!("mod m{number} {{\n#[runtime::test({arguments})]\n{item}\n}}\n")
    };
    let modules: String = WRONG.iter().enumerate().map(module).collect();
    example.write("src/main.rs", &format!("{modules}fn main() {{}}\n"));
    let build = example.build();
    let expected: Vec<String> = WRONG
        .iter()
        .enumerate()
        .flat_map(|(number, (_, _, faults))| faults.iter().map(move |fault| (number, fault)))
        .map(|(number, fault)| {
            let line = number * 4 + 2 + fault.line;
            format!(
                "src/main.rs:{line}:{}: error: {}",
                fault.column, fault.message
            )
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
