//! Texts that mean the same.

use super::{Case, DROP_CHECK};

pub(super) const SAME: &[Case] = &[
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
