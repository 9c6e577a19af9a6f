//! Large scripts in, the parts that the parser gets out.

use std::fmt::Write as _;

use super::chunks;
use crate::parse::{Kind, ROOT, parse};

/// A script with this start, many repetitions, and this end.
fn seed(start: &str, repeat: impl Fn(usize) -> String, end: &str) -> String {
    let mut text = start.to_owned();
    for number in 0..8_000 {
        write!(text, "{}", repeat(number)).expect("a string takes it");
    }
    text + end
}

/// The text that the parser gets.
fn parsed(text: &str) -> String {
    let parts = chunks(text).into_iter().flatten();
    parts.map(|part| &text[part]).collect()
}

#[test]
fn of_equal_rows_only_the_first_one_is_parsed() {
    let row = |number| format!(",\n ({number}, 'name {number}', now(), NULL)");
    let end = ", (1, E'a\\'b', now(), -5.5) ON CONFLICT DO NOTHING;\nSELECT 1;";
    let text = seed("INSERT INTO t VALUES (0, 'it''s', now(), NULL)", row, end);
    let expected = "INSERT INTO t VALUES (0, 'it''s', now(), NULL)";
    assert_eq!(parsed(&text), format!("{expected}{end}"));
    let sql = parse(&text);
    assert_eq!(sql.errors, []);
    let statements: Vec<_> = sql.statements().map(|id| sql.range(id)).collect();
    assert_eq!(statements, [0..text.len() - 10, text.len() - 9..text.len()]);
    let conflict = sql
        .find(ROOT, Kind::ON_CONFLICT_CLAUSE)
        .expect("it is there");
    assert_eq!(sql.text_of(conflict), "ON CONFLICT DO NOTHING");
}

#[test]
fn of_equal_statements_only_the_first_one_is_parsed() {
    let both = |number: usize| {
        let values = format!("INSERT INTO t (a, b) VALUES ({number}, '{number}');\n");
        values + &format!("UPDATE t SET a = {number} WHERE b = 'x';\nDELETE FROM t WHERE a = 1;\n")
    };
    let text = seed("CREATE TABLE t (a int, b text);\n", both, "SELECT 1;\n");
    let expected = format!("CREATE TABLE t (a int, b text);\n{}SELECT 1;\n", both(0));
    assert_eq!(parsed(&text), expected);
}

#[test]
fn a_row_or_statement_of_another_form_is_parsed() {
    let row = |number| format!(", ({number}, 'x')");
    for other in [
        ", (1 + 1, 'x')",
        ", (1, \"x\")",
        ", (1, x)",
        ", (1, 'x', 2)",
        ", (1, B'1')",
        ", (1, 0x1F)",
        ", (1, 'x' 'y')",
    ] {
        let text = seed("INSERT INTO t VALUES (1, 'x')", row, &format!("{other};"));
        assert_eq!(
            parsed(&text),
            format!("INSERT INTO t VALUES (1, 'x'){other};")
        );
    }
    let insert = |number| format!("INSERT INTO t VALUES ({number});\n");
    let commented = |number| format!("{}COMMENT ON TABLE t IS '{number}';\n", insert(number));
    let text = seed("", commented, "");
    assert_eq!(parsed(&text).matches("INSERT").count(), 1);
    assert_eq!(parsed(&text).matches("COMMENT").count(), 8_000);
    for other in [
        "INSERT INTO u VALUES (1);\n",
        "INSERT INTO t VALUES (1) RETURNING a;\n",
        "DELETE FROM t;\n",
        "DELETE FROM t WHERE 1 = 1;\n",
        "TRUNCATE t;\n",
    ] {
        let text = seed("", insert, other);
        assert_eq!(parsed(&text), format!("{}{other}", insert(0)));
    }
}

#[test]
fn rows_after_a_statement_that_empties_the_table_are_parsed() {
    let insert = |number| format!("INSERT INTO t VALUES ({number});\n");
    for between in [
        "DELETE FROM t;\n",
        "TRUNCATE t;\n",
        "ALTER TABLE t ADD c int;\n",
    ] {
        let text = seed("", insert, &format!("{between}{}", insert(7)));
        assert_eq!(
            parsed(&text),
            format!("{}{between}{}", insert(0), insert(7))
        );
    }
}

#[test]
fn values_of_an_enum_that_the_script_adds_are_parsed() {
    let insert = |number| format!("INSERT INTO t VALUES ('{number}');\n");
    let text = seed("ALTER TYPE mood ADD VALUE '7999';\n", insert, "");
    assert_eq!(parsed(&text), text);
}

#[test]
fn an_error_after_many_rows_has_its_place() {
    let insert = |number| format!("INSERT INTO t VALUES ({number}, 'é');\n");
    let text = seed("", insert, "INSERT INTO t VALUES (1;\n");
    let sql = parse(&text);
    assert_eq!(sql.errors[0].offset, text.len() - 2, "{:?}", sql.errors);
    let deep = "(".repeat(1_000) + &")".repeat(1_000);
    let text = seed("", insert, &format!("SELECT {deep};"));
    let sql = parse(&text);
    let start = text.len() - 2_001;
    assert_eq!(sql.errors[0].offset, start + 256, "{:?}", sql.errors);
}

#[test]
fn a_large_script_without_repetitions_is_parsed_in_chunks() {
    let create = |number| {
        format!(
            "CREATE TABLE t{number} (a int /* {} */);\n",
            "x".repeat(500)
        )
    };
    let text = seed("", create, "");
    assert!(chunks(&text).len() > 1, "it is large");
    assert_eq!(parsed(&text), text);
    let sql = parse(&text);
    assert_eq!(sql.errors, []);
    assert_eq!(sql.statements().count(), 8_000);
    let last = sql.statements().last().expect("there is one");
    assert!(sql.text_of(last).starts_with("CREATE TABLE t7999 (a int"));
    assert_eq!(sql.range(last).end, text.len() - 1);
}
