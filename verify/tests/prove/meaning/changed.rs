//! Texts that mean something else.

use super::{Case, DROP_CHECK};

pub(super) const CHANGED: &[Case] = &[
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n < 5)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n <= 5)",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (s IN ('a', 'b'))",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (s IN ('a', 'c'))",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (s IN ('a', 'b'))",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (s IN ('a', 'b', 'c'))",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (s IN ('a', 'b'))",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (s NOT IN ('a', 'b'))",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (s IN ('a', 'b'))",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (x IN ('a', 'b'))",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n BETWEEN 1 AND 10 AND id > 0)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n BETWEEN 1 AND 11 AND id > 0)",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n > 1 AND (n < 3 OR id > 0))",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK ((n > 1 AND n < 3) OR id > 0)",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (x::varchar(3) = 'abc')",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (x::varchar(4) = 'abc')",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (m::int = 1)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (m = 1)",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (x COLLATE \"C\" < 'b')",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (x < 'b')",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n > 0)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n > 0) NOT VALID",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n > 0)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n > 0) NO INHERIT",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (coalesce(n, id) > 0)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (coalesce(id, n) > 0)",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k EXCLUDE USING gist (span WITH &&) WHERE (n > 1)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k EXCLUDE USING gist (span WITH &&) WHERE (n > 2)",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k UNIQUE (id, n)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k UNIQUE (n, id)",
    ),
    (
        13,
        "ALTER TABLE shop.t ALTER at SET DEFAULT now() + interval '1 day'",
        "ALTER TABLE shop.t ALTER at DROP DEFAULT",
        "ALTER TABLE shop.t ALTER at SET DEFAULT now() + interval '1 month'",
    ),
    (
        13,
        "ALTER TABLE shop.t ALTER x SET DEFAULT 'a'",
        "ALTER TABLE shop.t ALTER x DROP DEFAULT",
        "ALTER TABLE shop.t ALTER x SET DEFAULT 'A'",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD g int GENERATED ALWAYS AS (n + 1) STORED",
        "ALTER TABLE shop.t DROP g",
        "ALTER TABLE shop.t ADD g int GENERATED ALWAYS AS (n - 1) STORED",
    ),
    (
        13,
        "CREATE INDEX i ON shop.t (id) WHERE n < 5",
        "DROP INDEX shop.i",
        "CREATE INDEX i ON shop.t (id) WHERE n <= 5",
    ),
    (
        13,
        "CREATE INDEX i ON shop.t (id)",
        "DROP INDEX shop.i",
        "CREATE INDEX i ON shop.t (id DESC)",
    ),
    (
        13,
        "CREATE VIEW shop.v AS SELECT id FROM shop.t WHERE n < 5",
        "DROP VIEW shop.v",
        "CREATE VIEW shop.v AS SELECT id FROM shop.t WHERE n <= 5",
    ),
    (
        13,
        "CREATE VIEW shop.v AS SELECT id FROM shop.t JOIN shop.t u USING (id)",
        "DROP VIEW shop.v",
        "CREATE VIEW shop.v AS SELECT id FROM shop.t LEFT JOIN shop.t u USING (id)",
    ),
    (
        13,
        "CREATE VIEW shop.v AS SELECT id FROM shop.t UNION SELECT n FROM shop.t",
        "DROP VIEW shop.v",
        "CREATE VIEW shop.v AS SELECT id FROM shop.t UNION ALL SELECT n FROM shop.t",
    ),
    (
        13,
        "CREATE MATERIALIZED VIEW shop.v AS SELECT id FROM shop.t LIMIT 5",
        "DROP MATERIALIZED VIEW shop.v",
        "CREATE MATERIALIZED VIEW shop.v AS SELECT id FROM shop.t LIMIT 6",
    ),
    (
        13,
        "CREATE POLICY p ON shop.t USING (n < 5)",
        "DROP POLICY p ON shop.t",
        "CREATE POLICY p ON shop.t USING (n <= 5)",
    ),
    (
        13,
        "CREATE POLICY p ON shop.t FOR INSERT WITH CHECK (n < 5)",
        "DROP POLICY p ON shop.t",
        "CREATE POLICY p ON shop.t FOR INSERT WITH CHECK (n <= 5)",
    ),
    (
        13,
        "CREATE DOMAIN shop.d AS int CONSTRAINT k CHECK (VALUE < 5)",
        "DROP DOMAIN shop.d",
        "CREATE DOMAIN shop.d AS int CONSTRAINT k CHECK (VALUE <= 5)",
    ),
    (
        13,
        "CREATE DOMAIN shop.d AS int DEFAULT 1",
        "DROP DOMAIN shop.d",
        "CREATE DOMAIN shop.d AS int DEFAULT 2",
    ),
    (
        13,
        "CREATE TRIGGER g BEFORE UPDATE ON shop.t FOR EACH ROW WHEN (NEW.n < 5)
            EXECUTE FUNCTION shop.f()",
        "DROP TRIGGER g ON shop.t",
        "CREATE TRIGGER g BEFORE UPDATE ON shop.t FOR EACH ROW WHEN (NEW.n <= 5)
            EXECUTE FUNCTION shop.f()",
    ),
    (
        13,
        "CREATE RULE r AS ON UPDATE TO shop.t WHERE NEW.n < 5 DO INSTEAD NOTHING",
        "DROP RULE r ON shop.t",
        "CREATE RULE r AS ON UPDATE TO shop.t WHERE NEW.n <= 5 DO INSTEAD NOTHING",
    ),
    (
        13,
        "CREATE FUNCTION shop.g(n int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION shop.g",
        "CREATE FUNCTION shop.g(n int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    (
        13,
        "CREATE FUNCTION shop.g() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION shop.g",
        "CREATE FUNCTION shop.g() RETURNS int LANGUAGE sql AS 'SELECT  1'",
    ),
    (
        14,
        "CREATE FUNCTION shop.g(n int) RETURNS boolean LANGUAGE sql RETURN n < 5",
        "DROP FUNCTION shop.g",
        "CREATE FUNCTION shop.g(n int) RETURNS boolean LANGUAGE sql RETURN n <= 5",
    ),
    (
        14,
        "CREATE STATISTICS shop.st ON (n + 1), id FROM shop.t",
        "DROP STATISTICS shop.st",
        "CREATE STATISTICS shop.st ON (n + 2), id FROM shop.t",
    ),
    (
        13,
        "CREATE TABLE shop.p (n int) PARTITION BY RANGE ((n + 1))",
        "DROP TABLE shop.p",
        "CREATE TABLE shop.p (n int) PARTITION BY RANGE ((n + 2))",
    ),
    (
        15,
        "CREATE PUBLICATION migrator_changed FOR TABLE shop.t WHERE (n < 5)
            WITH (publish = 'insert')",
        "DROP PUBLICATION migrator_changed",
        "CREATE PUBLICATION migrator_changed FOR TABLE shop.t WHERE (n <= 5)
            WITH (publish = 'insert')",
    ),
];
