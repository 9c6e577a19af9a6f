//! Values that a script adds to an enum.

use super::codes;

#[test]
fn an_enum_value_is_not_used_in_the_transaction_that_adds_it() {
    let after = |add: &str, uses: &str| codes(&[&format!("{add}; {uses}")]);
    let add = "ALTER TYPE mood ADD VALUE 'new'";
    for uses in [
        "ALTER TABLE moods ALTER mood SET DEFAULT 'new'",
        "ALTER TABLE moods ADD other mood DEFAULT 'new'",
        "CREATE TABLE w (m mood DEFAULT 'new')",
        "SELECT 'new'::mood",
        "SELECT CAST('new' AS public.mood)",
        "UPDATE moods SET mood = 'new'",
        "UPDATE moods SET note = 'x' WHERE mood = 'new'",
        "DELETE FROM moods WHERE moods.mood IN ('ok', 'new')",
        "INSERT INTO moods (id, mood) VALUES (1, 'ok'), (2, 'new')",
        "INSERT INTO moods (id, mood) SELECT 1, 'new'",
        "CREATE VIEW w AS SELECT * FROM moods WHERE mood <> 'new'",
        "ALTER TABLE moods ADD CONSTRAINT k CHECK (mood IN ('ok', 'new')) NOT VALID",
    ] {
        assert_eq!(after(add, uses), ["M0242"], "{uses}");
        let guarded = "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'new'";
        assert_eq!(after(guarded, uses), ["M0242"], "{uses}");
        let outside = format!("-- migrator: no-transaction\n{add}");
        assert!(
            !after(&outside, uses).contains(&"M0242".to_owned()),
            "{uses}"
        );
        assert!(codes(&[add, uses]).is_empty(), "{uses}");
    }
}

#[test]
fn another_use_of_the_text_of_an_enum_value_is_not_reported() {
    let after = |add: &str, uses: &str| codes(&[&format!("{add}; {uses}")]);
    let add = "ALTER TYPE mood ADD VALUE 'new'";
    for uses in [
        "SELECT 'new'::text",
        "SELECT 'ok'::mood",
        "UPDATE moods SET note = 'new' WHERE note = 'new'",
        "INSERT INTO moods (id, note) VALUES (1, 'new')",
        "INSERT INTO nobodys (mood) VALUES ('new')",
        "COMMENT ON TYPE mood IS 'new'",
        "ALTER TYPE mood ADD VALUE 'newer' AFTER 'new'",
        "CREATE FUNCTION f() RETURNS mood LANGUAGE plpgsql AS $$ BEGIN RETURN 'new'; END $$",
        "CREATE TABLE w (note text DEFAULT 'new')",
    ] {
        assert!(after(add, uses).is_empty(), "{uses}");
    }
    for (add, uses) in [
        (
            "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'sad'",
            "SELECT 'sad'::mood",
        ),
        (
            "ALTER TYPE nobodys ADD VALUE IF NOT EXISTS 'new'",
            "SELECT 'new'::nobodys",
        ),
        (
            "CREATE TYPE fresh AS ENUM (); ALTER TYPE fresh ADD VALUE 'new'",
            "SELECT 'new'::fresh",
        ),
    ] {
        assert!(after(add, uses).is_empty(), "{add}");
    }
    assert_eq!(
        after(
            "ALTER TYPE nobodys ADD VALUE 'new'",
            "SELECT 'new'::nobodys"
        ),
        ["M0242"]
    );
}
