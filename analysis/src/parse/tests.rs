//! Scripts in, trees out.

use super::{Kind, on_large_stack, parse};

#[test]
fn a_tree_contains_its_statements() {
    let sql = parse("-- head\nCREATE TABLE a.b (id int);\n\nSELECT 1 + 2;\n");
    assert_eq!(sql.errors, []);
    let statements: Vec<&str> = sql.statements().map(|id| sql.text_of(id)).collect();
    assert_eq!(statements, ["CREATE TABLE a.b (id int);", "SELECT 1 + 2;"]);
    let table = sql
        .find(super::ROOT, Kind::TABLE_NAME)
        .expect("it is there");
    assert_eq!(sql.text_of(table), "a.b");
    assert!(
        sql.ancestors(table)
            .any(|id| sql.kind(id) == Kind::CREATE_TABLE)
    );
}

#[test]
fn a_statement_that_is_rolled_back_to_a_savepoint_has_no_effect() {
    let sql = parse(
        "CREATE TABLE a (); SAVEPOINT s; CREATE TABLE b (); SAVEPOINT t; SELECT 1; \
         ROLLBACK TO S; CREATE TABLE c (); RELEASE s; CREATE TABLE d ();",
    );
    let tables = sql
        .statements()
        .filter_map(|id| sql.find(id, Kind::TABLE_NAME));
    let tables: Vec<&str> = tables.map(|id| sql.text_of(id)).collect();
    assert_eq!(tables, ["a", "c", "d"]);
    assert_eq!(sql.all_statements().count(), 9);
}

#[test]
fn a_syntax_error_has_a_place() {
    let sql = parse("SELECT 1;\nCREAT TABLE x ();");
    assert_eq!(sql.errors[0].offset, 10, "{:?}", sql.errors);
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [
        ("(", ")"),
        ("NOT ", ""),
        ("- ", ""),
        ("CASE WHEN ", " END"),
        ("[", "]"),
    ] {
        for depth in [200, 100_000] {
            let text = format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth));
            let errors = on_large_stack(|| parse(&text).errors.len()).expect("it ends");
            assert!(depth == 200 || errors > 0, "{open} {depth}");
        }
    }
}
