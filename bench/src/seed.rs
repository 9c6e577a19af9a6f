//! Long scripts of the forms that occur in practice.

use std::fmt::Write as _;

/// The forms of a seed: one INSERT with many rows, many INSERTs, a long string, the body of a
/// block.
pub const SEEDS: [&str; 4] = ["rows", "statements", "string", "body"];

/// [`SEEDS`], and forms that the check of a tree reads in another way: statements that are all
/// unlike each other, thousands of tables with their changes, comments, nested expressions,
/// functions, and the rows of a `COPY` that a dump has.
pub const ALL: [&str; 10] = [
    "rows",
    "statements",
    "string",
    "body",
    "unlike",
    "tables",
    "comments",
    "nested",
    "functions",
    "copy",
];

/// The scripts of a migration.
#[derive(Debug)]
pub struct Seed {
    /// The long script.
    pub up: String,
    /// The script that reverts it.
    pub down: String,
}

/// A script of one of the forms [`ALL`] with about this number of bytes. `None` if there is no
/// such form.
#[must_use]
pub fn seed(name: &str, bytes: usize) -> Option<Seed> {
    let (start, end) = match name {
        "rows" => ("INSERT INTO t VALUES (0, 'the first', 1.25, NULL)", ";\n"),
        "string" => ("UPDATE t SET note = '", "';\n"),
        "body" => ("DO $seed$\nBEGIN\n", "END\n$seed$;\n"),
        "copy" => ("COPY t FROM stdin;\n", "\\.\n"),
        name if ALL.contains(&name) => ("", ""),
        _ => return None,
    };
    let (mut text, mut down) = (String::with_capacity(bytes + 1024), String::new());
    text += "CREATE TABLE t (id bigint PRIMARY KEY, name text, price numeric, note text);\n";
    text += start;
    let mut number = 0;
    while text.len() < bytes {
        number += 1;
        piece(&mut text, name, number);
        let _ = match name {
            "tables" => writeln!(down, "DROP TABLE t{number};"),
            "functions" => writeln!(down, "DROP FUNCTION f{number}(integer, text);"),
            _ => Ok(()),
        };
    }
    down += "DROP TABLE t;\n";
    Some(Seed {
        up: text + end,
        down,
    })
}

/// Adds a part of a script.
fn piece(text: &mut String, name: &str, number: usize) {
    let values = format!("({number}, 'customer number {number}', {number}.25, NULL)");
    let n = number;
    // Writing to a string cannot fail.
    let _ = match name {
        "rows" => write!(text, ",\n  {values}"),
        "string" => writeln!(text, "line {n} of a long text"),
        "copy" => writeln!(text, "{n}\tcustomer number {n}\t{n}.25\t\\N"),
        "comments" => writeln!(text, "-- The row number {n}.\n/* {n} */ SELECT {n};"),
        "nested" => writeln!(
            text,
            "SELECT a{n} FROM (SELECT (((id + {n}) * (2 - {n})) / (1 + (id))) AS a{n} FROM t \
             WHERE id IN (SELECT id FROM t AS b{n} WHERE b{n}.id = {n})) AS c{n};"
        ),
        "functions" => writeln!(
            text,
            "CREATE FUNCTION f{n}(a integer, b text) RETURNS integer LANGUAGE plpgsql AS $f$\n\
             BEGIN\n  RETURN a + {n} + length(b);\nEND\n$f$;"
        ),
        "tables" => writeln!(
            text,
            "CREATE TABLE t{n} (id bigint PRIMARY KEY, name text);\n\
             ALTER TABLE t{n} ADD COLUMN note text;\n\
             CREATE INDEX t{n}_name ON t{n} (name);"
        ),
        "unlike" => match n % 4 {
            0 => writeln!(
                text,
                "UPDATE t SET name = 'a{n}' WHERE id = {n} AND c{n} IS NULL;"
            ),
            1 => writeln!(text, "DELETE FROM t AS a{n} WHERE a{n}.id = {n};"),
            2 => writeln!(
                text,
                "INSERT INTO t (id, c{n}) SELECT {n}, b{n}.id FROM t AS b{n};"
            ),
            _ => writeln!(text, "SELECT id AS d{n}, f{n}(name) FROM t ORDER BY d{n};"),
        },
        _ => writeln!(text, "INSERT INTO t VALUES {values};"),
    };
}
