//! Which statements can run again after a later statement of the script has failed.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a few of hundreds of kinds of statements cannot be run again"
)]

use crate::kinds::{is_alter, is_create, is_drop, is_rename};
use crate::names::fold;
use crate::parse::{Id, Kind, Sql};

/// The result of running a statement twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The second run changes nothing.
    Same,
    /// The second run repeats the change: rows are inserted twice, or a sum is added twice.
    Doubles,
    /// The second run fails, because the object already exists or is already dropped.
    Fails,
}

/// The result of running a statement twice.
pub(crate) fn of(sql: &Sql<'_>, id: Id) -> Repeat {
    let kind = sql.kind(id);
    let says = |kind| sql.child(id, kind).is_some();
    let is_same = match kind {
        Kind::INSERT => {
            let is_doubled = !says(Kind::ON_CONFLICT_CLAUSE) && !is_conditional(sql, id);
            return if is_doubled {
                Repeat::Doubles
            } else {
                Repeat::Same
            };
        }
        Kind::UPDATE => {
            let is_doubled = counts(sql, id);
            return if is_doubled {
                Repeat::Doubles
            } else {
                Repeat::Same
            };
        }
        Kind::COPY if says(Kind::COPY_FROM) => return Repeat::Doubles,
        Kind::SELECT_INTO
        | Kind::IMPORT_FOREIGN_SCHEMA
        | Kind::COMMIT_PREPARED
        | Kind::ROLLBACK_PREPARED => false,
        Kind::DROP_OWNED => true,
        _ if is_create(kind) => says(Kind::IF_NOT_EXISTS) || says(Kind::OR_REPLACE),
        _ if is_drop(kind) => says(Kind::IF_EXISTS),
        _ if is_alter(kind) => is_alteration_same(sql, id),
        _ => true,
    };
    if is_same { Repeat::Same } else { Repeat::Fails }
}

fn is_alteration_same(sql: &Sql<'_>, id: Id) -> bool {
    let may_lack = sql.child(id, Kind::IF_EXISTS).is_some();
    let mut actions = sql.children(id).filter(|&part| !sql.is_leaf(part));
    actions.all(|action| {
        let is_moved = is_rename(sql.kind(action)) || sql.kind(action) == Kind::SET_SCHEMA;
        is_action_same(sql, action) || may_lack && is_moved
    })
}

/// Whether an action of an ALTER can run again. An action that sets a value can. One that adds,
/// drops or renames an object cannot.
fn is_action_same(sql: &Sql<'_>, action: Id) -> bool {
    let guards = [Kind::IF_EXISTS, Kind::IF_NOT_EXISTS];
    let is_guarded = |id| guards.into_iter().any(|kind| sql.child(id, kind).is_some());
    match sql.kind(action) {
        Kind::ADD_COLUMN
        | Kind::DROP_COLUMN
        | Kind::DROP_CONSTRAINT
        | Kind::ADD_VALUE
        | Kind::DROP_IDENTITY
        | Kind::DROP_EXPRESSION => is_guarded(action),
        Kind::ALTER_TYPE_ATTRIBUTE_ACTION_LIST => sql.children(action).all(|part| {
            let changes = [Kind::ADD_ATTRIBUTE, Kind::DROP_ATTRIBUTE];
            !changes.contains(&sql.kind(part)) || is_guarded(part)
        }),
        Kind::ALTER_COLUMN => sql.children(action).all(|part| is_action_same(sql, part)),
        Kind::SET_TYPE => {
            let using = sql.child(action, Kind::USING_EXPR);
            using.is_none_or(|using| sql.find(using, Kind::BIN_EXPR).is_none())
        }
        Kind::ADD_CONSTRAINT
        | Kind::ADD_GENERATED
        | Kind::SET_SCHEMA
        | Kind::RENAME_COLUMN
        | Kind::RENAME_CONSTRAINT
        | Kind::RENAME_VALUE
        | Kind::RENAME_ATTRIBUTE
        | Kind::ATTACH_PARTITION
        | Kind::DETACH_PARTITION
        | Kind::INHERIT_TABLE
        | Kind::NO_INHERIT_TABLE
        | Kind::NOT_OF
        | Kind::ADD_PUBLICATION_OBJECTS
        | Kind::DROP_PUBLICATION_OBJECTS
        | Kind::ALTER_EXTENSION_ADD
        | Kind::ALTER_EXTENSION_DROP
        | Kind::ALTER_OPTION_LIST => false,
        kind => !is_rename(kind),
    }
}

/// Whether an INSERT checks for existing rows.
fn is_conditional(sql: &Sql<'_>, id: Id) -> bool {
    let asks = [Kind::EXISTS_FN, Kind::NOT_IN, Kind::EXCEPT_KW, Kind::IS_KW];
    sql.descendants(id)
        .any(|node| asks.contains(&sql.kind(node)))
}

/// Whether an UPDATE computes a column from its old value.
fn counts(sql: &Sql<'_>, id: Id) -> bool {
    let mut columns = sql
        .descendants(id)
        .filter(|&node| sql.kind(node) == Kind::SET_SINGLE_COLUMN);
    columns.any(|set| {
        let target = sql.find(set, Kind::COLUMN_NAME_REF);
        let target = target.map(|id| fold(sql.text_of(id)));
        let mut operators = sql
            .descendants(set)
            .filter(|&node| sql.kind(node) == Kind::BIN_EXPR);
        operators.any(|operator| {
            let mut names = sql
                .descendants(operator)
                .filter(|&node| sql.kind(node) == Kind::NAME_REF);
            names.any(|name| Some(fold(sql.text_of(name))) == target)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{Repeat, of};
    use crate::parse::parse;

    #[track_caller]
    fn each(expected: Repeat, statements: &[&str]) {
        for statement in statements {
            let sql = parse(statement);
            assert_eq!(sql.errors, [], "{statement}");
            let id = sql.statements().next().expect("there is one");
            assert_eq!(of(&sql, id), expected, "{statement}");
        }
    }

    #[test]
    fn a_statement_that_sets_a_value_can_run_again() {
        each(
            Repeat::Same,
            &[
                "ALTER TABLE t SET (autovacuum_vacuum_scale_factor = 0.1)",
                "ALTER TABLE t RESET (fillfactor), ALTER c SET STATISTICS 500",
                "ALTER TABLE t ALTER c SET DEFAULT 1, ALTER d DROP DEFAULT, ALTER e SET NOT NULL",
                "ALTER TABLE t ALTER c SET STORAGE external, ALTER c SET (n_distinct = 5)",
                "ALTER TABLE t ALTER c TYPE bigint, ALTER d TYPE int USING d::int",
                "ALTER TABLE t VALIDATE CONSTRAINT k, OWNER TO x, CLUSTER ON i",
                "ALTER TABLE t ENABLE ROW LEVEL SECURITY, DISABLE TRIGGER ALL, SET LOGGED",
                "ALTER TABLE t ADD COLUMN IF NOT EXISTS c int, DROP CONSTRAINT IF EXISTS k",
                "ALTER TABLE t ALTER c DROP IDENTITY IF EXISTS",
                "ALTER TABLE IF EXISTS t RENAME TO u",
                "ALTER INDEX i SET (fillfactor = 70)",
                "ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 100",
                "ALTER SEQUENCE s INCREMENT 2",
                "ALTER FUNCTION f() SET search_path = a",
                "ALTER ROLE r SET work_mem = '1GB'",
                "ALTER DATABASE d SET work_mem = '1GB'",
                "ALTER SYSTEM SET work_mem = '1GB'",
                "ALTER TYPE m ADD VALUE IF NOT EXISTS 'x'",
                "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r",
                "ALTER PUBLICATION p SET TABLE t",
                "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
                "ALTER POLICY p ON t USING (true)",
                "COMMENT ON TABLE t IS 'x'",
                "GRANT SELECT ON t TO r",
                "REVOKE SELECT ON t FROM r",
                "SECURITY LABEL ON TABLE t IS 'x'",
                "CREATE OR REPLACE VIEW v AS SELECT 1",
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
                "DROP INDEX CONCURRENTLY IF EXISTS i",
                "REINDEX INDEX CONCURRENTLY i",
                "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
                "TRUNCATE t",
                "DELETE FROM t WHERE a IS NULL",
                "UPDATE t SET a = 1, b = lower(b) WHERE a IS NULL",
                "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
                "INSERT INTO t SELECT 1 WHERE NOT EXISTS (SELECT FROM t)",
                "LOCK TABLE t",
                "SET lock_timeout = '1s'",
                "SELECT setval('s', 5)",
                "VACUUM t",
                "ANALYZE t",
            ],
        );
    }

    #[test]
    fn a_statement_that_creates_or_drops_an_object_cannot_run_again() {
        each(
            Repeat::Fails,
            &[
                "CREATE INDEX CONCURRENTLY i ON t (a)",
                "CREATE TABLE t (a int)",
                "CREATE TABLE t AS SELECT 1",
                "CREATE TYPE m AS ENUM ()",
                "CREATE EXTENSION x",
                "DROP INDEX CONCURRENTLY i",
                "DROP TABLE t",
                "ALTER TABLE t SET (fillfactor = 70), ADD COLUMN c int",
                "ALTER TABLE IF EXISTS t ADD COLUMN c int",
                "ALTER TABLE t DROP COLUMN c",
                "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID",
                "ALTER TABLE t RENAME TO u",
                "ALTER TABLE t RENAME a TO b",
                "ALTER TABLE t SET SCHEMA s",
                "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
                "ALTER TABLE t ALTER c ADD GENERATED ALWAYS AS IDENTITY",
                "ALTER TABLE t ALTER c TYPE int USING c * 100",
                "ALTER TYPE m ADD VALUE 'x'",
                "ALTER TYPE m RENAME VALUE 'x' TO 'y'",
                "ALTER INDEX i RENAME TO j",
                "ALTER PUBLICATION p ADD TABLE t",
            ],
        );
    }

    #[test]
    fn a_statement_that_adds_rows_or_counts_repeats_its_effect() {
        each(
            Repeat::Doubles,
            &[
                "INSERT INTO t VALUES (1)",
                "INSERT INTO t SELECT * FROM u",
                "UPDATE t SET a = a + 1",
                "UPDATE t SET b = 1, a = 'x' || a",
                "COPY t FROM '/rows'",
            ],
        );
    }
}
