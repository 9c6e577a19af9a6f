//! Characters that mislead a reader.

use super::findings;

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
        let findings = findings(script);
        let found = findings.first().map(String::as_str).unwrap_or_default();
        let of_grammar = format!("M0208 {place} {name} is not allowed here ({help})");
        let of_name = format!("M0241 {place} {name} is part of a name here ({help})");
        assert!(
            findings.len() == 1 && (found == of_grammar || found == of_name),
            "{script:?}: {findings:?}"
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
        assert_eq!(findings(script), [format!("M0241 {sentence}")], "{script:?}");
    }
    for script in [
        "SELECT 'a\u{a0}b \u{2013} \u{201c}c\u{201d}';",
        "-- caf\u{e9} \u{2014} \u{201c}quoted\u{201d}\u{a0}text\nSELECT 1;",
        "CREATE TABLE \"\u{645}\u{200c}\u{646}\" (id int);",
        "CREATE TABLE \u{fc}bersicht (m\u{fc}ll text);",
        "SELECT '\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{200f}';",
        "COMMENT ON TABLE t IS 'family: \u{1f468}\u{200d}\u{1f469}';",
    ] {
        assert!(
            findings(script).is_empty(),
            "{script:?}: {:?}",
            findings(script)
        );
    }
}
