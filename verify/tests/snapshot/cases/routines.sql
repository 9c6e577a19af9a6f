-- case: a function's body
CREATE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN 1;
END $$;
-- change
CREATE OR REPLACE FUNCTION f(a int, b text DEFAULT 'y') RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN 2;
END $$;
-- expect: function public.f(integer, text): arguments is a integer, b text DEFAULT 'y'::text, was a integer, b text DEFAULT 'x'::text
-- expect: function public.f(integer, text): body at line 3 is `RETURN 2;`, was `RETURN 1;`

-- case: a body of which only the first line is shared
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
-- change
CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1; END
-- and more
$$;
-- expect: function public.f(): body at line 2 is `-- and more`, was no line

-- case: functions of one name are told apart
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- change
CREATE FUNCTION f(text, VARIADIC int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- expect: function public.f(text, integer[]) appeared

-- case: what a function promises
CREATE FUNCTION f(int) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
-- change
ALTER FUNCTION f(int) IMMUTABLE STRICT LEAKPROOF SECURITY DEFINER PARALLEL SAFE COST 7 ROWS 5
    SET search_path = a, b;
ALTER FUNCTION f(int) SET work_mem = '1MB';
COMMENT ON FUNCTION f(int) IS 'x';
REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f(int) TO pilot_app;
ALTER FUNCTION f(int) OWNER TO pilot_other;
-- expect: function public.f(integer): comment is x, was not set
-- expect: function public.f(integer): cost is 7, was 100
-- expect: function public.f(integer): leakproof is yes, was not set
-- expect: function public.f(integer): owner is pilot_other, was postgres
-- expect: function public.f(integer): parallel is safe, was not set
-- expect: function public.f(integer): privileges is pilot_app: EXECUTE, was not set
-- expect: function public.f(integer): rows is 5, was 1000
-- expect: function public.f(integer): security is definer, was not set
-- expect: function public.f(integer): settings is search_path=a, b, work_mem=1MB, was not set
-- expect: function public.f(integer): strict is yes, was not set
-- expect: function public.f(integer): volatility is immutable, was volatile

-- case: a function with a body in SQL
-- since 14
CREATE TABLE t (a int);
CREATE FUNCTION f(x int) RETURNS int RETURN x + 1;
CREATE FUNCTION g(x int) RETURNS int BEGIN ATOMIC SELECT a FROM t; SELECT 1; END;
-- change
CREATE OR REPLACE FUNCTION f(x int) RETURNS int RETURN x + 2;
CREATE OR REPLACE FUNCTION g(x int) RETURNS int BEGIN ATOMIC SELECT a FROM t; SELECT 2; END;
-- expect: function public.f(integer): body is RETURN (x + 2), was RETURN (x + 1)
-- expect: function public.g(integer): body at line 4 is `SELECT 2;`, was `SELECT 1;`

-- case: what a function returns, and in which language
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION g(OUT a int, OUT b int) LANGUAGE sql AS 'SELECT 1, 2';
-- change
DROP FUNCTION f();
CREATE FUNCTION f() RETURNS TABLE (a int, b text) LANGUAGE plpgsql AS 'BEGIN END';
DROP FUNCTION g();
CREATE FUNCTION g(OUT a int, OUT c int) LANGUAGE sql AS 'SELECT 1, 2';
-- expect: function public.f(): body is BEGIN END, was SELECT 1
-- expect: function public.f(): language is plpgsql, was sql
-- expect: function public.f(): returns is TABLE(a integer, b text), was integer
-- expect: function public.f(): rows is 1000, was not set
-- expect: function public.g(): arguments is OUT a integer, OUT c integer, was OUT a integer, OUT b integer

-- case: a function's planner support
CREATE FUNCTION f(int4, int4) RETURNS SETOF int4 LANGUAGE internal STRICT IMMUTABLE AS 'generate_series_int4';
CREATE FUNCTION w() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';
-- change
ALTER FUNCTION f(int4, int4) SUPPORT generate_series_int4_support;
DROP FUNCTION w();
CREATE FUNCTION w() RETURNS bigint LANGUAGE internal WINDOW AS 'window_rank';
-- expect: function public.f(integer, integer): support is generate_series_int4_support, was not set
-- expect: function public.w(): body is window_rank, was window_row_number

-- case: a procedure
CREATE PROCEDURE p(INOUT a int) LANGUAGE sql AS 'SELECT 1';
-- change
CREATE OR REPLACE PROCEDURE p(INOUT a int) LANGUAGE sql AS 'SELECT 2';
CREATE PROCEDURE q() LANGUAGE sql AS '';
COMMENT ON PROCEDURE p(int) IS 'x';
-- expect: procedure public.p(integer): body is SELECT 2, was SELECT 1
-- expect: procedure public.p(integer): comment is x, was not set
-- expect: procedure public.q() appeared

-- case: an aggregate
CREATE FUNCTION add(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE total(int) (SFUNC = add, STYPE = int, INITCOND = '0');
-- change
CREATE OR REPLACE AGGREGATE total(int) (SFUNC = add, STYPE = int, INITCOND = '1', COMBINEFUNC = add, PARALLEL = SAFE);
CREATE AGGREGATE pct(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE AGGREGATE rows(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
COMMENT ON AGGREGATE total(int) IS 'x';
-- expect: aggregate public.pct(double precision, anyelement) appeared
-- expect: aggregate public.rows(*) appeared
-- expect: aggregate public.total(integer): combine function is public.add(integer,integer), was not set
-- expect: aggregate public.total(integer): comment is x, was not set
-- expect: aggregate public.total(integer): initial value is 1, was 0
-- expect: aggregate public.total(integer): parallel is safe, was not set

-- case: an operator with its negator
CREATE FUNCTION same(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE FUNCTION neg(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT - $1';
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = same);
-- change
CREATE OPERATOR !! (RIGHTARG = int, FUNCTION = neg);
ALTER OPERATOR === (int, int) SET (RESTRICT = eqsel, JOIN = eqjoinsel);
COMMENT ON OPERATOR === (int, int) IS 'x';
CREATE OPERATOR !== (LEFTARG = int, RIGHTARG = int, FUNCTION = same, NEGATOR = <=>);
-- expect: operator public.!!(NONE, integer) appeared
-- expect: operator public.!==(integer, integer) appeared
-- expect: operator public.<=>(integer, integer) appeared
-- expect: operator public.===(integer, integer): comment is x, was not set
-- expect: operator public.===(integer, integer): join is eqjoinsel, was not set
-- expect: operator public.===(integer, integer): restrict is eqsel, was not set

-- case: an operator class and its family
CREATE OPERATOR FAMILY f USING btree;
-- change
CREATE OPERATOR CLASS c FOR TYPE int USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 < (int, bigint), FUNCTION 1 (int, bigint) btint48cmp(int, bigint);
COMMENT ON OPERATOR CLASS c USING btree IS 'x';
COMMENT ON OPERATOR FAMILY f USING btree IS 'x';
-- expect: operator class public.c using btree appeared
-- expect: operator family public.c using btree appeared
-- expect: operator family public.f using btree: comment is x, was not set
-- expect: operator family public.f using btree: functions is 1 (integer, bigint) btint48cmp(integer,bigint), was not set
-- expect: operator family public.f using btree: operators is 1 <(integer,bigint), was not set

-- case: an operator class that was dropped leaves its family
CREATE SCHEMA s;
-- change
CREATE OPERATOR CLASS c FOR TYPE int USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
DROP OPERATOR CLASS c USING btree;
-- expect: operator family public.c using btree appeared
