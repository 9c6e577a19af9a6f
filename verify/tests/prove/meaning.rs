//! Texts of one meaning are no difference, and any other meaning is.

use crate::support::{Tried, registry, try_all, version};
use migrator_localpg::Throwaway;

const GIVEN: &str = "CREATE SCHEMA shop; CREATE TYPE shop.e AS ENUM ('a', 'b', 'c');
    CREATE TABLE shop.t (id int, s varchar(10), c char(2), x text, e shop.e, n int, m numeric(8, 2),
        at timestamptz, span int4range, tags text[], j jsonb);
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'";

/// The major version since which there is such, what makes it, what drops it, and what makes it
/// again in other words.
type Case = (u32, &'static str, &'static str, &'static str);

const DROP_CHECK: &str = "ALTER TABLE shop.t DROP CONSTRAINT k";

const SAME: &[Case] = &[
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (s IN ('new', 'done'))",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK
            (s::text = ANY (ARRAY['new'::character varying, 'done'::character varying]::text[]))",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (s NOT IN ('new', 'done') OR s IS NULL)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (((((s)::text <> ALL
            (ARRAY[('new'::character varying)::text, ('done'::character varying)::text])) OR
            (s IS NULL))))",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (c IN ('a', 'bc'))",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK ((c = ANY (ARRAY['a'::bpchar, 'bc'::bpchar])))",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (e IN ('a', 'b'))",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK ((e = ANY (ARRAY['a'::shop.e, 'b'::shop.e])))",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (m IN (1, 2.5))",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK ((m = ANY (ARRAY[(1)::numeric, 2.5])))",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n BETWEEN 1 AND 10 AND n <> 5)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n >= 1 AND n <= 10 AND n <> 5)",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (n NOT BETWEEN 1 AND 10 OR n = 5 OR (n = 6 OR n = 7))",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK ((n < 1 OR n > 10) OR (n = 5) OR n = 6 OR n = 7)",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (s LIKE 'a%' AND x NOT LIKE '_' AND x ILIKE 'b%')
            NOT VALID",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK
            ((((s)::text ~~ 'a%'::text) AND (x !~~ '_'::text) AND (x ~~* 'b%'::text))) NOT VALID",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK (coalesce(s, 'x') IN ('x', 'y')
            AND CASE WHEN n BETWEEN 1 AND 2 THEN s IN ('p', 'q') ELSE true END)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k CHECK ((((COALESCE(s, 'x'::character varying))::text =
            ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])) AND CASE WHEN
            ((n >= 1) AND (n <= 2)) THEN ((s)::text = ANY ((ARRAY['p'::character varying,
            'q'::character varying])::text[])) ELSE true END))",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD CONSTRAINT k EXCLUDE USING gist (span WITH &&)
            WHERE (s IN ('a', 'b') AND n BETWEEN 1 AND 2 AND n <> 3)",
        DROP_CHECK,
        "ALTER TABLE shop.t ADD CONSTRAINT k EXCLUDE USING gist (span WITH &&)
            WHERE ((s::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[]))
            AND n >= 1 AND n <= 2 AND n <> 3)",
    ),
    (
        13,
        "ALTER TABLE shop.t ALTER at SET DEFAULT now() + interval '24 hours',
            ALTER tags SET DEFAULT '{a,\"b c\"}',
            ALTER n SET DEFAULT CASE WHEN 'a'::varchar IN ('a', 'b') THEN 1 ELSE 2 END",
        "ALTER TABLE shop.t ALTER at DROP DEFAULT, ALTER tags DROP DEFAULT, ALTER n DROP DEFAULT",
        "ALTER TABLE shop.t ALTER at SET DEFAULT (now() + '24:00:00'::interval),
            ALTER tags SET DEFAULT '{a,b c}'::text[],
            ALTER n SET DEFAULT CASE WHEN (('a'::character varying)::text = ANY
            (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])) THEN 1 ELSE 2 END",
    ),
    (
        13,
        "ALTER TABLE shop.t ADD g boolean GENERATED ALWAYS AS (s IN ('new', 'late')) STORED,
            ADD h text COLLATE \"C\" GENERATED ALWAYS AS
                (CASE WHEN s IN ('a', 'b') THEN x || 'z' END) STORED",
        "ALTER TABLE shop.t DROP g, DROP h",
        "ALTER TABLE shop.t ADD g boolean GENERATED ALWAYS AS (((s)::text = ANY
            ((ARRAY['new'::character varying, 'late'::character varying])::text[]))) STORED,
            ADD h text COLLATE \"C\" GENERATED ALWAYS AS (CASE WHEN ((s)::text = ANY
            ((ARRAY['a'::character varying, 'b'::character varying])::text[])) THEN (x || 'z'::text)
            ELSE NULL::text END) STORED",
    ),
    (
        13,
        "CREATE UNIQUE INDEX i ON shop.t (id, lower(s), (s IN ('x', 'y'))) WHERE s IN ('new', 'open')",
        "DROP INDEX shop.i",
        "CREATE UNIQUE INDEX i ON shop.t USING btree (id, lower((s)::text), (((s)::text = ANY
            ((ARRAY['x'::character varying, 'y'::character varying])::text[])))) WHERE ((s)::text =
            ANY ((ARRAY['new'::character varying, 'open'::character varying])::text[]))",
    ),
    (
        13,
        "CREATE VIEW shop.v (a, b) AS SELECT id, s FROM shop.t WHERE n BETWEEN 1 AND 3 AND
            s IN ('new', 'x') UNION SELECT n, x FROM shop.t;
        CREATE VIEW shop.w WITH (security_barrier) AS
            SELECT * FROM shop.v WHERE b IN ('p', 'q');
        CREATE MATERIALIZED VIEW shop.m AS
            SELECT count(*) FILTER (WHERE c.s IN ('a', 'b') AND n BETWEEN 1 AND 2 AND n <> 7) FROM shop.t c",
        "DROP MATERIALIZED VIEW shop.m; DROP VIEW shop.w; DROP VIEW shop.v",
        "CREATE VIEW shop.v AS SELECT t.id AS a, t.s AS b FROM shop.t WHERE ((t.n >= 1) AND
            (t.n <= 3) AND ((t.s)::text = ANY ((ARRAY['new'::character varying,
            'x'::character varying])::text[]))) UNION SELECT t.n AS a, t.x AS b FROM shop.t;
        CREATE VIEW shop.w WITH (security_barrier = true) AS SELECT v.a, v.b FROM shop.v WHERE
            ((v.b)::text = ANY ((ARRAY['p'::character varying, 'q'::character varying])::text[]));
        CREATE MATERIALIZED VIEW shop.m AS SELECT count(*) FILTER (WHERE (((c.s)::text = ANY
            ((ARRAY['a'::character varying, 'b'::character varying])::text[])) AND (c.n >= 1) AND
            (c.n <= 2) AND (c.n <> 7))) AS count FROM shop.t c",
    ),
    (
        13,
        "CREATE POLICY p ON shop.t USING (s IN ('new', 'done') AND n BETWEEN 1 AND 2)
            WITH CHECK (s IN ('new', 'x') OR EXISTS (SELECT FROM shop.t o
                WHERE o.id = t.n AND o.s IN ('a', 'b')))",
        "DROP POLICY p ON shop.t",
        "CREATE POLICY p ON shop.t USING ((((s)::text = ANY ((ARRAY['new'::character varying,
            'done'::character varying])::text[])) AND (n >= 1) AND (n <= 2)))
            WITH CHECK ((((s)::text = ANY ((ARRAY['new'::character varying,
            'x'::character varying])::text[])) OR (EXISTS ( SELECT FROM shop.t o WHERE
            ((o.id = t.n) AND ((o.s)::text = ANY ((ARRAY['a'::character varying,
            'b'::character varying])::text[])))))))",
    ),
    (
        13,
        "CREATE DOMAIN shop.d AS varchar DEFAULT CASE WHEN 'a'::varchar IN ('a', 'b') THEN 'x' END
            CONSTRAINT k CHECK (VALUE IN ('a', 'b') AND length(VALUE) BETWEEN 1 AND 2 AND VALUE <> 'c')",
        "DROP DOMAIN shop.d",
        "CREATE DOMAIN shop.d AS varchar DEFAULT CASE WHEN (('a'::character varying)::text = ANY
            ((ARRAY['a'::character varying, 'b'::character varying])::text[])) THEN 'x'::text
            ELSE NULL::text END CONSTRAINT k CHECK ((VALUE)::text = ANY
            ((ARRAY['a'::character varying, 'b'::character varying])::text[]) AND
            length(VALUE) >= 1 AND length(VALUE) <= 2 AND VALUE <> 'c')",
    ),
    (
        13,
        "CREATE TRIGGER \"g on x\" BEFORE UPDATE ON shop.t FOR EACH ROW WHEN (NEW.s IN ('a', 'b')
            AND OLD.n BETWEEN 1 AND 2 AND OLD.n <> 3) EXECUTE FUNCTION shop.f()",
        "DROP TRIGGER \"g on x\" ON shop.t",
        "CREATE TRIGGER \"g on x\" BEFORE UPDATE ON shop.t FOR EACH ROW WHEN ((((new.s)::text = ANY
            ((ARRAY['a'::character varying, 'b'::character varying])::text[])) AND (old.n >= 1) AND
            (old.n <= 2) AND (old.n <> 3))) EXECUTE FUNCTION shop.f()",
    ),
    (
        13,
        "CREATE RULE r AS ON UPDATE TO shop.t WHERE NEW.s IN ('a', 'b')
            DO ALSO DELETE FROM shop.t WHERE n BETWEEN 1 AND 2 AND n <> 3",
        "DROP RULE r ON shop.t",
        "CREATE RULE r AS ON UPDATE TO shop.t WHERE ((new.s)::text = ANY
            ((ARRAY['a'::character varying, 'b'::character varying])::text[]))
            DO DELETE FROM shop.t WHERE ((t.n >= 1) AND (t.n <= 2) AND (t.n <> 3))",
    ),
    (
        14,
        "CREATE FUNCTION shop.g(a varchar, b boolean DEFAULT 'a'::varchar IN ('a', 'b'))
            RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT a IN ('p', 'q') AND g.b; END;
        CREATE FUNCTION shop.h(n int) RETURNS boolean LANGUAGE sql RETURN n BETWEEN 1 AND 2 AND n <> 3;
        CREATE PROCEDURE shop.pr(n int) BEGIN ATOMIC
            DELETE FROM shop.t WHERE s IN ('a', 'b'); DELETE FROM shop.t WHERE t.n = pr.n; END",
        "DROP PROCEDURE shop.pr; DROP FUNCTION shop.h; DROP FUNCTION shop.g",
        "CREATE FUNCTION shop.g(a varchar, b boolean DEFAULT (('a'::character varying)::text = ANY
            ((ARRAY['a'::character varying, 'b'::character varying])::text[])))
            RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT (((a)::text = ANY
            ((ARRAY['p'::character varying, 'q'::character varying])::text[])) AND b); END;
        CREATE FUNCTION shop.h(n int) RETURNS boolean LANGUAGE sql
            RETURN ((n >= 1) AND (n <= 2) AND (n <> 3));
        CREATE PROCEDURE shop.pr(n int) BEGIN ATOMIC DELETE FROM shop.t WHERE ((t.s)::text = ANY
            ((ARRAY['a'::character varying, 'b'::character varying])::text[]));
            DELETE FROM shop.t WHERE (t.n = pr.n); END",
    ),
    (
        14,
        "CREATE STATISTICS shop.st ON (s IN ('a', 'b')), n FROM shop.t",
        "DROP STATISTICS shop.st",
        "CREATE STATISTICS shop.st ON n, ((s)::text = ANY ((ARRAY['a'::character varying,
            'b'::character varying])::text[])) FROM shop.t",
    ),
    (
        13,
        "CREATE TABLE shop.p (s varchar, n int) PARTITION BY RANGE ((s IN ('a', 'b')), n)",
        "DROP TABLE shop.p",
        "CREATE TABLE shop.p (s varchar, n int) PARTITION BY RANGE ((((s)::text = ANY
            ((ARRAY['a'::character varying, 'b'::character varying])::text[]))), n)",
    ),
    (
        15,
        "CREATE PUBLICATION migrator_meaning FOR TABLE shop.t WHERE (x = 'a' AND
            n BETWEEN 1 AND 2 AND n <> 3) WITH (publish = 'insert')",
        "DROP PUBLICATION migrator_meaning",
        "CREATE PUBLICATION migrator_meaning FOR TABLE shop.t WHERE (((x = 'a'::text) AND (n >= 1) AND
            (n <= 2) AND (n <> 3))) WITH (publish = 'insert')",
    ),
];

fn is_known(since: u32) -> bool {
    since <= Throwaway::shared().expect("a server").programs().major
}

#[tokio::test]
async fn texts_of_the_same_meaning_are_sound() {
    let mut scripts = vec![("shop", 1, GIVEN, "DROP SCHEMA shop CASCADE")];
    let cases = SAME.iter().filter(|(since, ..)| is_known(*since));
    for ((_, make, remove, remake), number) in cases.zip(1..) {
        scripts.push(("shop", 2 * number, *make, *remove));
        scripts.push(("shop", 2 * number + 1, *remove, *remake));
    }
    let tried = try_all(registry(&scripts), None).await;
    let wrong: Vec<_> = tried
        .iter()
        .zip(&scripts)
        .filter(|(tried, _)| **tried != Tried::Sound)
        .map(|(tried, (_, number, up, _))| format!("{} {up}\n{tried:#?}", version(*number)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

const CHANGED: &[Case] = &[
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

#[tokio::test]
async fn a_text_of_another_meaning_is_a_fault() {
    for (_, make, remove, remake) in CHANGED.iter().filter(|(since, ..)| is_known(*since)) {
        let given = format!("{GIVEN}; {make}");
        let scripts = [
            ("shop", 1, given.as_str(), "DROP SCHEMA shop CASCADE"),
            ("shop", 2, *remove, *remake),
        ];
        let tried = try_all(registry(&scripts), Some(2)).await;
        let found = tried.last();
        assert!(
            matches!(found, Some(Tried::NotUndone(left)) if left.len() == 1),
            "{make}\n{remake}\n{found:?}"
        );
    }
}
