//! Turns what `pg_dump` prints into an up script.

use std::collections::BTreeSet;

use migrator_model::sql::statements;

/// Settings that `pg_dump` writes for `psql`, and that no object depends on.
const SETTINGS: [&str; 12] = [
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "transaction_timeout",
    "client_encoding",
    "standard_conforming_strings",
    "check_function_bodies",
    "xmloption",
    "client_min_messages",
    "row_security",
    "default_tablespace",
    "default_with_oids",
];

/// Statements about objects that every new database has, or that an extension makes itself.
const LEFT_OUT: [&str; 5] = [
    "SELECT pg_catalog.set_config(",
    "SET default_table_access_method = heap",
    "CREATE SCHEMA public",
    "COMMENT ON SCHEMA public IS 'standard public schema'",
    "COMMENT ON EXTENSION ",
];

/// The first line of the script.
const HEAD: &str = "-- The schema as it was when migrator took it over.\n";

/// A function may use a table that the script creates later.
const UNCHECKED: &str = "SET LOCAL check_function_bodies = off;\n";

/// The statements that make the schema. `None` if there are none.
pub(super) fn up_script(dump: &str) -> Option<String> {
    let all = statements(dump);
    let kept: Vec<String> = all
        .into_iter()
        .filter_map(|range| dump.get(range))
        .filter_map(kept)
        .collect();
    if kept.is_empty() {
        return None;
    }
    let mut script = HEAD.to_owned();
    let is_routine = |statement: &String| {
        ["CREATE FUNCTION ", "CREATE PROCEDURE "]
            .iter()
            .any(|start| statement.starts_with(start))
    };
    if kept.iter().any(is_routine) {
        script += UNCHECKED;
    }
    for statement in kept {
        script += "\n";
        script += &statement;
        script += ";\n";
    }
    Some(script)
}

/// The part of an up script from which the down script is derived: the objects that do not go with
/// another one. The script creates all that it alters, so the other statements revert with these.
pub(super) fn to_revert(up: &str) -> String {
    let all: Vec<&str> = statements(up)
        .into_iter()
        .filter_map(|range| up.get(range))
        .collect();
    let owned: BTreeSet<&str> = all.iter().filter_map(|one| owned(one)).collect();
    let kept = all.into_iter().filter(|one| reverts(one, &owned));
    kept.fold(String::new(), |script, one| format!("{script}{one};\n"))
}

/// The sequence that a statement ties to a column: it is dropped with the column's table.
fn owned(statement: &str) -> Option<&str> {
    let (name, _) = statement
        .strip_prefix("ALTER SEQUENCE ")?
        .split_once(" OWNED BY ")?;
    Some(name)
}

fn reverts(statement: &str, owned: &BTreeSet<&str>) -> bool {
    let starts = |words: &str| statement.starts_with(words);
    if let Some(rest) = statement.strip_prefix("CREATE SEQUENCE ") {
        let name = rest.split_whitespace().next().unwrap_or_default();
        return !owned.contains(name);
    }
    // An index goes with its table.
    if starts("CREATE INDEX ") || starts("CREATE UNIQUE INDEX ") {
        return false;
    }
    let is_foreign_key = starts("ALTER TABLE ") && statement.contains(" FOREIGN KEY ");
    let is_of_privileges =
        starts("GRANT ") || starts("REVOKE ") || starts("ALTER DEFAULT PRIVILEGES ");
    starts("CREATE ") || is_foreign_key || is_of_privileges
}

/// A statement as the script has it.
fn kept(statement: &str) -> Option<String> {
    let is_left_out = LEFT_OUT.iter().any(|start| match start.ends_with(' ') {
        true => statement.starts_with(start),
        false => statement == *start || start.ends_with('(') && statement.starts_with(start),
    });
    if is_left_out {
        return None;
    }
    if let Some(extension) = statement.strip_prefix("CREATE EXTENSION IF NOT EXISTS ") {
        return Some(format!("CREATE EXTENSION {extension}"));
    }
    // `pg_dump --schema-only` fills no view, but a view that was never filled cannot be read.
    let unfilled = statement.strip_suffix("WITH NO DATA");
    if let Some(view) = unfilled.filter(|view| view.starts_with("CREATE MATERIALIZED VIEW ")) {
        return Some(view.trim_end().to_owned());
    }
    let Some(setting) = statement.strip_prefix("SET ") else {
        return Some(statement.to_owned());
    };
    let name = setting.split([' ', '=']).next().unwrap_or_default();
    (!SETTINGS.contains(&name)).then(|| format!("SET LOCAL {setting}"))
}

/// The names of the schemas that a script creates, without quotes.
pub(super) fn schemas(script: &str) -> Vec<String> {
    let all = statements(script).into_iter();
    let all = all.filter_map(|range| script.get(range));
    all.filter_map(schema).collect()
}

fn schema(statement: &str) -> Option<String> {
    let mut words = statement.split_whitespace().peekable();
    let mut is_next = |word: &str| {
        let found = words.next_if(|next| next.eq_ignore_ascii_case(word));
        found.is_some()
    };
    if !is_next("create") || !is_next("schema") {
        return None;
    }
    if is_next("if") {
        is_next("not");
        is_next("exists");
    }
    is_next("authorization");
    let rest = words.next()?;
    let name = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?.to_owned(),
        None => rest.to_lowercase(),
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::{schemas, to_revert, up_script};

    #[test]
    fn settings_of_psql_are_left_out() {
        let dump = "-- dump\nSET statement_timeout = 0;\n\
                    SELECT pg_catalog.set_config('search_path', '', false);\n\
                    SET default_tablespace = '';\nSET default_table_access_method = heap;\n\
                    CREATE SCHEMA public;\nCREATE SCHEMA public2;\n\
                    -- a comment\nCREATE TABLE public.a (b text DEFAULT ';\nSET x = 1;');\n\
                    SET default_table_access_method = columnar;\n";
        let expected = "-- The schema as it was when migrator took it over.\n\n\
                        CREATE SCHEMA public2;\n\n\
                        CREATE TABLE public.a (b text DEFAULT ';\nSET x = 1;');\n\n\
                        SET LOCAL default_table_access_method = columnar;\n";
        assert_eq!(up_script(dump).as_deref(), Some(expected));
        assert_eq!(up_script("SET row_security = off;\n"), None);
    }

    #[test]
    fn a_materialised_view_is_filled_and_an_extension_is_new() {
        let dump = "CREATE MATERIALIZED VIEW a AS\n SELECT 1\n  WITH NO DATA;\n\
                    CREATE EXTENSION IF NOT EXISTS b WITH SCHEMA public;\n\
                    COMMENT ON EXTENSION b IS 'c';";
        let script = up_script(dump).expect("a script");
        let expected = "CREATE MATERIALIZED VIEW a AS\n SELECT 1;\n\n\
                        CREATE EXTENSION b WITH SCHEMA public;\n";
        assert!(script.ends_with(expected), "{script}");
    }

    #[test]
    fn only_what_goes_with_nothing_else_is_reverted() {
        let up = "CREATE SCHEMA a; CREATE TABLE a.b (c int); CREATE SEQUENCE a.d\n AS int; \
                  CREATE SEQUENCE a.e; ALTER SEQUENCE a.d OWNED BY a.b.c; COMMENT ON TABLE a.b IS 'f'; \
                  CREATE INDEX g ON a.b (c); ALTER TABLE ONLY a.b ADD CONSTRAINT h PRIMARY KEY (c); \
                  ALTER TABLE ONLY a.b ADD CONSTRAINT i FOREIGN KEY (c) REFERENCES a.b(c);";
        let expected = "CREATE SCHEMA a;\nCREATE TABLE a.b (c int);\nCREATE SEQUENCE a.e;\n\
                        ALTER TABLE ONLY a.b ADD CONSTRAINT i FOREIGN KEY (c) REFERENCES a.b(c);\n";
        assert_eq!(to_revert(up), expected);
    }

    #[test]
    fn bodies_of_functions_are_not_checked() {
        let script = up_script("CREATE FUNCTION a() RETURNS int LANGUAGE sql AS 'SELECT 1';");
        let script = script.expect("a script");
        assert!(script.contains("SET LOCAL check_function_bodies = off;\n\nCREATE FUNCTION"));
    }

    #[test]
    fn schemas_are_found_by_their_names() {
        let script = "CREATE SCHEMA a; create schema if not exists B; CREATE SCHEMA \"C d\" ; \
                      CREATE TABLE e (); CREATE SCHEMA AUTHORIZATION f;";
        assert_eq!(schemas(script), ["a", "b", "C", "f"]);
    }
}
