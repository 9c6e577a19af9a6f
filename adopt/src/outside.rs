//! Finds statements that Postgres refuses inside a transaction.

use migrator_model::sql::{self, Part};

/// Whether a script has a statement that cannot run inside a transaction.
pub(crate) fn any_statement(script: &str) -> bool {
    let mut all = sql::statements(script).into_iter();
    all.any(|at| must_run_outside(&script[at]))
}

fn must_run_outside(statement: &str) -> bool {
    let parts = sql::parts(statement);
    let word = |(part, _): &(Part<'_>, usize)| match part {
        Part::Word(word) => word.to_ascii_lowercase(),
        Part::Quoted(_) | Part::Text(_) | Part::Mark(_) => String::new(),
    };
    let words: Vec<_> = parts.iter().map(word).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let is_concurrent = || words.contains(&"concurrently");
    match words.as_slice() {
        ["cluster"]
        | ["vacuum", ..]
        | ["alter", "system", ..]
        | ["create", "unique", "index", "concurrently", ..]
        | ["create" | "drop", "index", "concurrently", ..]
        | [
            "create" | "drop",
            "database" | "tablespace" | "subscription",
            ..,
        ] => true,
        ["reindex", ..] => {
            is_concurrent() || words.contains(&"database") || words.contains(&"system")
        }
        ["alter", "table", .., _] => words.contains(&"detach") && is_concurrent(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::any_statement;

    #[test]
    fn statements_that_must_run_outside_are_found() {
        for sql in [
            "SELECT 1; create index /* now */ concurrently i ON a (b);",
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON a (b)",
            "DROP INDEX CONCURRENTLY i",
            "REINDEX TABLE CONCURRENTLY a",
            "ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
            "VACUUM a",
            "CREATE DATABASE a",
        ] {
            assert!(any_statement(sql), "{sql}");
        }
    }

    #[test]
    fn other_statements_are_not_found() {
        for sql in [
            "",
            "CREATE INDEX i ON a (b)",
            "CREATE INDEX \"concurrently\" ON a (b)",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY a",
            "SELECT 'VACUUM'; -- VACUUM",
            "ALTER TABLE a ADD COLUMN concurrently int",
            "ALTER TYPE a ADD VALUE 'b'",
        ] {
            assert!(!any_statement(sql), "{sql}");
        }
    }
}
