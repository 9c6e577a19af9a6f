//! Mistakes in words and punctuation.

use super::{HELP, each, findings};

/// Scripts that ALTER TABLE does not allow, and the finding on each.
const ALTER: &[(&str, &str)] = &[
    (
        "ALTER TABLE s.t DELETE COLUMN a;",
        "1:17 `DELETE` is not an action of ALTER TABLE (write `DROP COLUMN`)",
    ),
    (
        "ALTER TABLE s.t\n  delete CONSTRAINT a;",
        "2:3 `delete` is not an action of ALTER TABLE (write `DROP CONSTRAINT`)",
    ),
    (
        "ALTER TABLE t REMOVE a;",
        "1:15 `REMOVE` is not an action of ALTER TABLE (write `DROP COLUMN`)",
    ),
    (
        "ALTER TABLE IF EXISTS ONLY s.t UPDATE COLUMN a;",
        "1:32 `UPDATE` is not an action of ALTER TABLE (write `ALTER COLUMN …`; rows are changed by `UPDATE table SET …`)",
    ),
    (
        "ALTER TABLE t ADD a int, DELETE b;",
        "1:26 `DELETE` is not an action of ALTER TABLE (write `DROP COLUMN`)",
    ),
    (
        "ALTER TABLE t DROP COLUMN a, b;",
        "1:30 `b` is not an action of ALTER TABLE (repeat the action: `DROP COLUMN b`)",
    ),
    (
        "ALTER TABLE t RENMAE a TO b;",
        "1:15 `RENMAE` is not an action of ALTER TABLE (did you mean `RENAME`?)",
    ),
    (
        "ALTER TABLE t CHANGE a b text;",
        "1:15 `CHANGE` is not an action of ALTER TABLE (write `RENAME COLUMN … TO …`, and `ALTER COLUMN … TYPE …` for a new type)",
    ),
    (
        "ALTER TABLE t DROP INDEX i;",
        "1:15 `DROP INDEX` is not an action of ALTER TABLE (write `DROP INDEX …` as a statement of its own)",
    ),
    (
        "ALTER TABLE t ALTER COLUMN a bigint;",
        "1:30 `bigint` is not an action of ALTER COLUMN (write `TYPE …` for another type, `SET …` or `DROP …`)",
    ),
    (
        "ALTER TABLE t ALTER COLUMN a SET TYPE bigint;",
        "1:30 `SET TYPE` is not an action of ALTER COLUMN (write `TYPE …` or `SET DATA TYPE …`)",
    ),
    (
        "ALTER TABLE t ALTER a NOT NULL;",
        "1:23 `NOT` is not an action of ALTER COLUMN (write `SET NOT NULL` or `DROP NOT NULL`)",
    ),
];

#[test]
fn an_unknown_action_of_alter_table_is_reported() {
    each(ALTER);
    let of_enum = "Postgres cannot remove a value of an enum: create a new type, and change the columns to it";
    each(&[
        (
            "ALTER INDEX s.i DELETE;",
            &format!("1:17 `DELETE` is not an action of ALTER INDEX ({HELP})"),
        ),
        (
            "ALTER VIEW v ADD COLUMN x int;",
            "1:14 `ADD` is not an action of ALTER VIEW (write `CREATE OR REPLACE VIEW …` with the new query)",
        ),
        (
            "ALTER TYPE m REMOVE VALUE 'x';",
            &format!("1:14 `REMOVE VALUE` is not an action of ALTER TYPE ({of_enum})"),
        ),
        (
            "ALTER TYPE s.m DROP VALUE 'x';",
            &format!("1:16 `DROP VALUE` is not an action of ALTER TYPE ({of_enum})"),
        ),
        (
            "DROP COLUMN a FROM t;",
            "1:1 no statement starts with `DROP COLUMN` (write `ALTER TABLE … DROP COLUMN …`)",
        ),
        (
            "ADD COLUMN a int;",
            "1:1 no statement starts with `ADD` (write it as an action of `ALTER TABLE …`)",
        ),
        (
            "ALTER TABLE t ADD COLUMN a int AFTER b;",
            "1:32 `AFTER` is not known to Postgres here (remove it: a new column comes after the others)",
        ),
        (
            "UPDATE TABLE a SET b = 1;",
            "1:8 `TABLE` is not allowed after `UPDATE` (remove it)",
        ),
    ]);
    let nothing = findings("ALTER TABLE t;");
    assert_eq!(
        nothing,
        [format!("M0208 1:1 this ALTER TABLE has no action ({HELP})")]
    );
}

#[test]
fn a_misspelt_word_is_reported_with_a_suggestion() {
    each(&[
        (
            "CREAT TABLE a (id int);",
            "1:1 no statement starts with `CREAT` (did you mean `CREATE`?)",
        ),
        (
            "SELECT 1;\nUPDTE t SET a = 1;",
            "2:1 no statement starts with `UPDTE` (did you mean `UPDATE`?)",
        ),
        (
            "CREATE TABEL a (id int);",
            "1:8 `TABEL` cannot follow CREATE (did you mean `CREATE TABLE`?)",
        ),
        (
            "DROP INDX i;",
            "1:6 `INDX` cannot follow DROP (did you mean `DROP INDEX`?)",
        ),
        (
            "ALTER TABLE t ADD COLUM note text;",
            "1:19 `COLUM` is not allowed here (did you mean `COLUMN`?)",
        ),
        (
            "CREATE TABLE a (b int PRIMRY KEY);",
            "1:23 `PRIMRY` is not allowed here (did you mean `PRIMARY`?)",
        ),
        (
            "CREATE TABLE a (b int REFERENCE c);",
            "1:23 `REFERENCE` is not allowed here (did you mean `REFERENCES`?)",
        ),
        (
            "DROP TABLE IF EXIST a;",
            "1:15 `EXIST` is not allowed here (did you mean `EXISTS`?)",
        ),
        (
            "SELECT a FORM t;",
            "1:10 `FORM` is not allowed here (did you mean `FROM`?)",
        ),
        (
            "DELETE FROM t WHER a = 1;",
            "1:15 `WHER` is not allowed here (did you mean `WHERE`?)",
        ),
        (
            "INSERT INTO t VALUE (1);",
            "1:15 `VALUE` is not allowed here (did you mean `VALUES`?)",
        ),
        (
            "CREATE FUNCTION f() RETURN int LANGUAGE sql AS $$ SELECT 1 $$;",
            "1:21 `RETURN` is not allowed here (did you mean `RETURNS`?)",
        ),
        (
            "CREATE TYPE m ENUM ('a');",
            "1:15 `AS` is missing before `ENUM` (write `AS` before it)",
        ),
    ]);
}

#[test]
fn a_wrong_or_missing_comma_parenthesis_or_semicolon_is_reported() {
    let comma = "nothing follows this comma (remove the comma, or write what follows it)";
    let semicolon =
        "a semicolon is missing before this statement (end the statement before it with `;`)";
    let extra = "no open parenthesis matches this one (remove it, or write the missing `(`)";
    each(&[
        (
            "CREATE TABLE a (b int,\n  c text,\n);",
            &format!("2:9 {comma}"),
        ),
        ("INSERT INTO t VALUES (1), (2),;", &format!("1:30 {comma}")),
        ("SELECT a, FROM t;", &format!("1:9 {comma}")),
        ("UPDATE t SET a = 1, WHERE b = 2;", &format!("1:19 {comma}")),
        (
            "CREATE TABLE a (id int name text);",
            &format!("1:24 expected `,` or `)`, at `name` ({HELP})"),
        ),
        (
            "ALTER TABLE t DROP a DROP b;",
            &format!("1:22 `DROP` cannot follow `a`; perhaps a comma is missing ({HELP})"),
        ),
        (
            "CREATE TABLE a (\n  b int,\n  c numeric(3, 2;",
            "3:17 the parenthesis at 3:12 is not closed before the statement ends (write the missing `)`)",
        ),
        ("CREATE TABLE a (b int));", &format!("1:23 {extra}")),
        ("SELECT 1\nSELECT 2;", &format!("2:1 {semicolon}")),
        (
            "CREATE TABLE a (b int)\nCREATE TABLE c (d int);",
            &format!("2:1 {semicolon}"),
        ),
        (
            "DROP TABLE a\nALTER TABLE b ADD c int;",
            &format!("2:1 {semicolon}"),
        ),
    ]);
}

#[test]
fn a_reserved_word_is_no_name() {
    for (script, place, word) in [
        ("CREATE TABLE order (id int);", "1:14", "order"),
        ("CREATE TABLE a (id int, user text);", "1:25", "user"),
        ("CREATE TABLE a (table text);", "1:17", "table"),
        ("ALTER TABLE t ADD COLUMN \nGroup text;", "2:1", "Group"),
        ("CREATE TABLE s.end (id int);", "1:16", "end"),
    ] {
        let lower = word.to_lowercase();
        let sentence = format!(
            "{place} `{word}` is a reserved word, not a name (write `\"{lower}\"`, or choose another name)"
        );
        // Some reserved words name something behind a dot.
        if !findings(script).is_empty() {
            each(&[(script, &sentence)]);
        }
    }
}
