-- A schema that has everything that the catalog has, under the same names: whoever calls any of it
-- may not. To be put before `pg_catalog` on somebody's search path.

SET search_path = pg_catalog, pg_temp;
SET check_function_bodies = off;
CREATE SCHEMA evil;

DO $$
DECLARE found record;
BEGIN
  FOR found IN
    SELECT quote_ident(p.proname) AS name, pg_get_function_identity_arguments(p.oid) AS arguments
    FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.provariadic = 0
      AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) a JOIN pg_type t ON t.oid = a
        WHERE t.typtype = 'p' AND t.typname <> ALL ('{anyelement,anyarray,anynonarray}'::text[]))
      AND p.proargmodes IS NULL
      AND pg_get_function_identity_arguments(p.oid) !~ 'ORDER BY'
  LOOP
    EXECUTE format('CREATE FUNCTION evil.%s(%s) RETURNS text LANGUAGE plpgsql AS '
      || '$f$ BEGIN RAISE ''hostile''; END $f$', found.name, found.arguments);
  END LOOP;
  FOR found IN
    SELECT o.oid, o.oprname AS name, format_type(nullif(o.oprleft, 0), NULL) AS "left",
      format_type(o.oprright, NULL) AS "right"
    FROM pg_operator o
    WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind IN ('b', 'l')
      AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid IN (o.oprleft, o.oprright)
        AND t.typtype = 'p' AND t.typname <> ALL ('{anyelement,anyarray,anynonarray}'::text[]))
  LOOP
    EXECUTE format('CREATE FUNCTION evil.operator_%s(%s%s) RETURNS boolean LANGUAGE plpgsql AS '
      || '$f$ BEGIN RAISE ''hostile''; END $f$', found.oid, found."left" || ', ', found."right");
    EXECUTE format('CREATE OPERATOR evil.%s (FUNCTION = evil.operator_%s, %s RIGHTARG = %s)',
      found.name, found.oid, 'LEFTARG = ' || found."left" || ',', found."right");
  END LOOP;
  FOR found IN
    SELECT quote_ident(relname) AS name FROM pg_class
    WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')
  LOOP
    EXECUTE format('CREATE VIEW evil.%s AS SELECT 1 AS hostile', found.name);
  END LOOP;
  FOR found IN
    SELECT quote_ident(typname) AS name FROM pg_type
    WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r') AND typelem = 0
  LOOP
    EXECUTE format('CREATE TYPE evil.%s AS ENUM (''hostile'')', found.name);
  END LOOP;
END $$;

-- The right to call is asked for before the first row, so that none is needed to be found out.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA evil FROM PUBLIC;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
