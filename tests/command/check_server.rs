//! `check --server`: a server reads the scripts, and runs none.

use super::{checkout, checkout_with_a_warning, document, write};
use crate::support;
use crate::support::{database, on, output};

/// Postgres's grammar accepts at most 53 bits.
const REFUSED: &str = "SELECT 'ü', CAST(1 AS float(99));";

#[test]
fn the_server_rejects_a_syntax_error_and_runs_nothing() {
    let url = database();
    let checkout = checkout_with_a_warning(REFUSED);
    let check = ["check", "--server"];
    insta::with_settings!({ filters => server_filters() }, {
        insta::assert_snapshot!(output(&mut on(&url, checkout.path(), &check)));
        let github = ["check", "--server", "--output=github"];
        insta::assert_snapshot!(output(&mut on(&url, checkout.path(), &github)));
    });
    let document = document(&mut on(
        &url,
        checkout.path(),
        &["check", "--server", "--output=json"],
    ));
    assert_eq!(document["server"]["refused"], 1);
    assert_eq!(document["server"]["scripts"], 4);
    let found = |key: &str| document["findings"][1][key].clone();
    assert_eq!(
        (found("code"), found("severity")),
        ("M0208".into(), "error".into())
    );
    assert_eq!((found("line"), found("column")), (3.into(), 29.into()));
    assert_eq!(tables(&url), [""; 0]);
}

#[test]
fn the_server_accepts_a_tree_and_runs_nothing_of_it() {
    let url = database();
    // Without the guards, the first word would end the transaction.
    for second in [
        "",
        "ROLLBACK; CREATE TABLE made ();",
        "COMMIT; CREATE TABLE made ();",
    ] {
        let checkout = checkout_with_a_warning(second);
        let stem = "database/migrations/shop_service/20240101120000_0a1b2c3d_create_orders";
        if !second.is_empty() {
            write(checkout.path(), &format!("{stem}.up.sql"), second);
        }
        let output = output(&mut on(&url, checkout.path(), &["check", "--server"]));
        let accepts = match second {
            "" => "2 migrations of 1 service in database: 1 warning; PostgreSQL",
            _ => "accepts the grammar of 4 scripts",
        };
        assert!(output.contains(accepts), "{output}");
        assert_eq!(tables(&url), [""; 0]);
    }
}

#[test]
fn check_fails_if_the_server_is_unreachable() {
    let checkout = checkout();
    let url = "postgresql://app@127.0.0.1:1/shop";
    let output = output(&mut on(url, checkout.path(), &["check", "--server"]));
    assert!(output.starts_with("exit: 5\n"), "{output}");
}

/// The tables of a database that was empty.
fn tables(url: &str) -> Vec<String> {
    let query = "SELECT relname::text FROM pg_class \
                 WHERE relnamespace = 'public'::regnamespace OR relname IN ('orders', 'lines')";
    support::query(url, query)
}

/// The version of the test server.
fn server_filters() -> Vec<(&'static str, &'static str)> {
    let version = (
        r"PostgreSQL \d+(\.\d+|(beta|rc)\d+)?",
        "PostgreSQL [version]",
    );
    [support::filters(), vec![version]].concat()
}
