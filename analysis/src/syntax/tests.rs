//! Typical mistakes in, findings out: the place, the message, the help.

use migrator_model::{Code, Tree, resolve};

use crate::analyse;

const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n";

/// All that is said of an up script but for its down script and its effect on users.
fn said(up: &str) -> Vec<String> {
    let tree = Tree::new("database")
        .with_file("services.toml", MANIFEST)
        .with_file("migrations/a/20240101000000_00000000_m.up.sql", up)
        .with_file(
            "migrations/a/20240101000000_00000000_m.down.sql",
            "SELECT 1;",
        );
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, [], "{up}");
    let codes = [Code::M0208, Code::M0241];
    let found = analyse(&resolved)
        .into_iter()
        .filter(|one| codes.contains(&one.code));
    found
        .map(|one| {
            let position = one.position().expect("it has a place");
            let message = one.message.trim_start_matches("this is not SQL: ");
            format!("{} {position} {message} ({})", one.code, one.help)
        })
        .collect()
}

#[track_caller]
fn each(expected: &[(&str, &str)]) {
    for (script, sentence) in expected {
        assert_eq!(said(script), [format!("M0208 {sentence}")], "{script}");
    }
}

const HELP: &str = "write it in Postgres's syntax; `migrator check --server` asks a server";

/// Scripts that ALTER TABLE does not allow, and what is said of each.
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
    let nothing = said("ALTER TABLE t;");
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
        if !said(script).is_empty() {
            each(&[(script, &sentence)]);
        }
    }
}

/// Scripts for other databases, and what is said of each.
const FOREIGN: &[(&str, &str)] = &[
    (
        "CREATE TABLE a (id int AUTO_INCREMENT PRIMARY KEY);",
        "1:24 `AUTO_INCREMENT` is not known to Postgres (write `GENERATED BY DEFAULT AS IDENTITY`)",
    ),
    (
        "CREATE TABLE a (id int PRIMARY KEY AUTO_INCREMENT);",
        "1:36 `AUTO_INCREMENT` is not known to Postgres (write `GENERATED BY DEFAULT AS IDENTITY`)",
    ),
    (
        "CREATE TABLE a (id int IDENTITY(1, 1));",
        "1:24 `IDENTITY` is not known to Postgres (write `GENERATED BY DEFAULT AS IDENTITY`)",
    ),
    (
        "CREATE TABLE a (id int) ENGINE=InnoDB;",
        "1:25 `ENGINE` is not known to Postgres (remove it: Postgres has no such option of a table)",
    ),
    (
        "CREATE TABLE `a` (id int);",
        "1:14 Postgres does not quote names with back-ticks (write the name without quotes, or in double quotes)",
    ),
    (
        "SELECT `a` FROM t;",
        "1:8 Postgres does not quote names with back-ticks (write the name without quotes, or in double quotes)",
    ),
    (
        "CREATE TABLE [a] (id int);",
        "1:14 Postgres does not quote names with brackets (write the name without brackets, or in double quotes)",
    ),
    (
        "CREATE TABLE a (id int);\nGO\n",
        "2:1 no statement starts with `GO` (remove it: a statement ends with `;`)",
    ),
    (
        "CREATE TABLE a (id int)\nGO\n",
        "2:1 no statement starts with `GO` (remove it: a statement ends with `;`)",
    ),
    (
        "# why\nSELECT 1;",
        "1:1 `#` does not begin a comment in Postgres (begin the comment with `--`)",
    ),
    (
        "SELECT 1; // why",
        "1:11 `//` does not begin a comment in Postgres (begin the comment with `--`)",
    ),
    (
        "COMMENT ON TABLE t IS \"x\";",
        "1:23 a comment is a string, and double quotes quote names (write it in single quotes)",
    ),
    (
        "INSERT INTO t VALUES (1, \"it's\");",
        "1:26 `\"it's\"` is a column name here, because double quotes quote names (write a string in single quotes: `'it''s'`)",
    ),
    (
        "CREATE TABLE a (b text DEFAULT \"x\");",
        "1:32 `\"x\"` is a column name here, because double quotes quote names (write a string in single quotes: `'x'`)",
    ),
    (
        "<<<<<<< HEAD\nSELECT 1;\n",
        "1:1 this merge conflict is not resolved (keep one side, and remove the lines of `<`, `=` and `>`)",
    ),
    (
        "SELECT 1;\n=======\nSELECT 2;\n",
        "2:1 this merge conflict is not resolved (keep one side, and remove the lines of `<`, `=` and `>`)",
    ),
];

#[test]
fn syntax_of_other_databases_is_reported_with_that_of_postgres() {
    each(FOREIGN);
}

#[test]
fn names_in_double_quotes_that_can_be_columns_are_not_reported() {
    for script in [
        "INSERT INTO t SELECT \"a\" FROM u;",
        "INSERT INTO t (\"a\") VALUES (1) ON CONFLICT DO UPDATE SET \"a\" = excluded.\"a\";",
        "INSERT INTO t VALUES ((SELECT \"a\" FROM u));",
        "CREATE TABLE t (\"a\" text DEFAULT 'x');",
    ] {
        assert!(said(script).is_empty(), "{script}: {:?}", said(script));
    }
}

#[test]
fn sql_that_postgres_accepts_is_not_reported() {
    for script in [
        "CREATE SCHEMA s CREATE TABLE w (id int); SELECT 1;",
        "CREATE SCHEMA s CREATE TABLE w (id int) CREATE VIEW v AS SELECT 1; CREATE TABLE t ();",
        "CREATE TABLE a (id int); CREATE TABLE b (id int)",
        "SELECT 1 AS \"select\"\n, 2;",
        "CREATE TABLE a (\"user\" text, \"order\" int);",
    ] {
        assert!(said(script).is_empty(), "{script}: {:?}", said(script));
    }
}

/// A script, the place of the character, its name and the help.
const MISLEADING: &[(&str, &str, &str, &str)] = &[
    (
        "CREATE\u{a0}TABLE t (id int);",
        "1:7",
        "the no-break space U+00A0",
        "replace it with a plain space",
    ),
    (
        "CREATE TABLE t (id int);\u{200b}",
        "1:25",
        "the zero-width space U+200B",
        "remove it",
    ),
    (
        "SELECT 1;\n\u{feff}SELECT 2;",
        "2:1",
        "the byte-order mark U+FEFF",
        "remove it",
    ),
    (
        "SELECT 1;\u{2028}SELECT 2;",
        "1:10",
        "the line separator U+2028",
        "replace it with a line break",
    ),
    (
        "INSERT INTO t VALUES (\u{2018}a b\u{2019});",
        "1:23",
        "the typographic single quote U+2018",
        "replace it with a plain quote: `'` for a string, `\"` for a name",
    ),
    (
        "\u{2013}- why\nSELECT 1;",
        "1:1",
        "the en dash U+2013",
        "replace it with a plain `-`",
    ),
    (
        "SELECT 1\u{ff1b}\nSELECT 2 FROM a b c;",
        "1:9",
        "the full-width character U+FF1B",
        "replace it with the plain character",
    ),
    (
        "CREATE TABLE t\u{3000}(id\u{3000}int);",
        "1:15",
        "the full-width space U+3000",
        "replace it with a plain space",
    ),
    (
        "CREATE TABLE t (id\u{2002}int);",
        "1:19",
        "the typographic space U+2002",
        "replace it with a plain space",
    ),
    (
        "SELECT 1;\u{7}",
        "1:10",
        "the control character U+0007",
        "remove it",
    ),
];

#[test]
fn a_misleading_character_is_named_at_its_place() {
    for (script, place, name, help) in MISLEADING {
        let said = said(script);
        let found = said.first().map(String::as_str).unwrap_or_default();
        let of_grammar = format!("M0208 {place} {name} is not allowed here ({help})");
        let of_name = format!("M0241 {place} {name} is part of a name here ({help})");
        assert!(
            said.len() == 1 && (found == of_grammar || found == of_name),
            "{script:?}: {said:?}"
        );
    }
}

#[test]
fn text_that_looks_different_from_what_it_does_is_reported() {
    let hidden = "in a comment makes the script look different from what it does (remove it)";
    for (script, sentence) in [
        ("-- \u{202e}x\nSELECT 1;", format!("1:4 the bidirectional control U+202E {hidden}")),
        ("/* a\n \u{2066} */ SELECT 1;", format!("2:2 the bidirectional control U+2066 {hidden}")),
        ("-- a\u{2029}DROP TABLE t;\nSELECT 1;", "1:5 the paragraph separator U+2029 in a comment makes the script look different from what it does (replace it with a line break)".to_owned()),
        ("SELECT '\u{2067}x';", "1:9 the bidirectional control U+2067 in a string makes the script look different from what it does (remove it, or write it as an escape: `U&'\\2066'`)".to_owned()),
        ("SELECT \"a\u{200b}\" FROM t;", "1:10 the zero-width space U+200B is part of a quoted name (remove it)".to_owned()),
    ] {
        assert_eq!(said(script), [format!("M0241 {sentence}")], "{script:?}");
    }
    for script in [
        "SELECT 'a\u{a0}b \u{2013} \u{201c}c\u{201d}';",
        "-- caf\u{e9} \u{2014} \u{201c}quoted\u{201d}\u{a0}text\nSELECT 1;",
        "CREATE TABLE \"\u{645}\u{200c}\u{646}\" (id int);",
        "CREATE TABLE \u{fc}bersicht (m\u{fc}ll text);",
        "SELECT '\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{200f}';",
        "COMMENT ON TABLE t IS 'family: \u{1f468}\u{200d}\u{1f469}';",
    ] {
        assert!(said(script).is_empty(), "{script:?}: {:?}", said(script));
    }
}
