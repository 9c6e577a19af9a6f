-- case: a schema appears
-- change
CREATE SCHEMA s;
COMMENT ON SCHEMA s IS 'x';
GRANT USAGE ON SCHEMA s TO pilot_app;
-- expect: schema s appeared

-- case: the schema public is shut
-- change
REVOKE ALL ON SCHEMA public FROM PUBLIC;
COMMENT ON SCHEMA public IS 'ours';
ALTER SCHEMA public OWNER TO pilot_app;
-- expect: schema public: comment is ours, was standard public schema
-- expect until 14: schema public: owner is pilot_app, was postgres
-- expect since 15: schema public: owner is pilot_app, was pg_database_owner
-- expect until 14: schema public: privileges is not set, was public: CREATE, USAGE
-- expect since 15: schema public: privileges is not set, was public: USAGE

-- case: the schema public is made again without what it came with
-- change
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
-- expect: schema public: comment is not set, was standard public schema
-- expect since 15: schema public: owner is postgres, was pg_database_owner
-- expect until 14: schema public: privileges is not set, was public: CREATE, USAGE
-- expect since 15: schema public: privileges is not set, was public: USAGE

-- case: the schema public disappears
-- change
DROP SCHEMA public;
-- expect: schema public disappeared
-- pg_dump is the same since 15: it takes the schema for granted, as it does not create it

-- case: privileges on a schema are granted and revoked
CREATE SCHEMA s;
-- change
GRANT CREATE, USAGE ON SCHEMA s TO pilot_app;
REVOKE CREATE, USAGE ON SCHEMA s FROM pilot_app;
-- same

-- case: an extension appears, and its members with it
-- needs extension hstore
-- change
CREATE SCHEMA s;
CREATE EXTENSION hstore SCHEMA s;
COMMENT ON EXTENSION hstore IS 'x';
-- expect: schema s appeared
-- expect: extension hstore appeared

-- case: an extension moves to another schema
-- needs extension hstore
CREATE SCHEMA s;
CREATE EXTENSION hstore;
-- change
ALTER EXTENSION hstore SET SCHEMA s;
-- expect: extension hstore: in schema is s, was public

-- case: privileges on a member of an extension
-- needs extension hstore
CREATE EXTENSION hstore;
-- change
REVOKE EXECUTE ON FUNCTION akeys(hstore) FROM PUBLIC;
-- expect: privileges on function public.akeys(public.hstore) appeared

-- case: an extension disappears
-- change
DROP EXTENSION plpgsql;
-- expect: extension plpgsql disappeared
-- pg_dump is the same: it takes plpgsql for granted

-- case: an object becomes a member of an extension
-- needs extension hstore
CREATE EXTENSION hstore;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- change
ALTER EXTENSION hstore ADD FUNCTION f();
-- expect: function public.f() disappeared

-- case: privileges on a function that Postgres made
-- change
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) FROM PUBLIC;
GRANT SELECT ON pg_catalog.pg_authid TO pilot_app;
-- expect: privileges on function pg_catalog.pg_sleep(double precision) appeared
-- expect: privileges on table pg_catalog.pg_authid appeared

-- case: a language
-- change
CREATE TRUSTED LANGUAGE mine HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;
COMMENT ON LANGUAGE mine IS 'x';
-- expect: language mine appeared

-- case: privileges on a language
-- change
REVOKE USAGE ON LANGUAGE sql FROM PUBLIC;
-- expect: privileges on language sql appeared
-- pg_dump is the same: it looks at procedural languages only

-- case: a transform
CREATE FUNCTION from_sql(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'prsd_lextype';
CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION from_sql(internal));
-- change
CREATE FUNCTION to_bool(internal) RETURNS bool LANGUAGE internal IMMUTABLE AS 'boolin';
CREATE TRANSFORM FOR bool LANGUAGE sql (FROM SQL WITH FUNCTION from_sql(internal), TO SQL WITH FUNCTION to_bool(internal));
DROP TRANSFORM FOR int LANGUAGE sql;
CREATE TRANSFORM FOR int LANGUAGE plpgsql (FROM SQL WITH FUNCTION from_sql(internal));
-- expect: function public.to_bool(internal) appeared
-- expect: transform for boolean language sql appeared
-- expect: transform for integer language plpgsql appeared
-- expect: transform for integer language sql disappeared

-- case: an access method
-- change
CREATE ACCESS METHOD tree TYPE INDEX HANDLER bthandler;
CREATE ACCESS METHOD pile TYPE TABLE HANDLER heap_tableam_handler;
COMMENT ON ACCESS METHOD tree IS 'x';
-- expect: access method pile appeared
-- expect: access method tree appeared

-- case: a table of another access method
CREATE ACCESS METHOD pile TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE t (a int);
-- change
DROP TABLE t;
CREATE TABLE t (a int) USING pile;
-- expect: table public.t: access method is pile, was heap

-- case: an event trigger
CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER a ON sql_drop EXECUTE FUNCTION f();
CREATE EVENT TRIGGER c ON sql_drop EXECUTE FUNCTION f();
-- change
ALTER EVENT TRIGGER a DISABLE;
CREATE EVENT TRIGGER b ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE') EXECUTE FUNCTION f();
COMMENT ON EVENT TRIGGER a IS 'x';
DROP EVENT TRIGGER c;
CREATE EVENT TRIGGER c ON sql_drop WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION f();
-- expect: event trigger a: comment is x, was not set
-- expect: event trigger a: enabled is never, was not set
-- expect: event trigger b appeared
-- expect: event trigger c: tags is DROP TABLE, was not set

-- case: an event trigger that forbids to drop
CREATE SCHEMA s;
-- change
CREATE FUNCTION s.f() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;
CREATE EVENT TRIGGER no ON sql_drop EXECUTE FUNCTION s.f();
-- expect: function s.f() appeared
-- expect: event trigger no appeared

-- case: a publication and its tables
CREATE TABLE t (a int, b int);
CREATE TABLE u (a int);
CREATE PUBLICATION p FOR TABLE t;
-- change
ALTER PUBLICATION p SET (publish = 'insert', publish_via_partition_root = true);
ALTER PUBLICATION p ADD TABLE u;
ALTER PUBLICATION p DROP TABLE t;
CREATE PUBLICATION q FOR ALL TABLES;
COMMENT ON PUBLICATION p IS 'x';
-- expect: publication p: comment is x, was not set
-- expect: publication p: publishes is insert, was insert, update, delete, truncate
-- expect: publication p: via partition root is yes, was not set
-- expect: publication q appeared
-- expect: publication member public.t in p disappeared
-- expect: publication member public.u in p appeared

-- case: rows, columns and schemas in a publication
-- since 15
CREATE SCHEMA s;
CREATE TABLE t (a int PRIMARY KEY, b int);
CREATE PUBLICATION p FOR TABLE t;
CREATE PUBLICATION q;
-- change
ALTER PUBLICATION p SET TABLE t (a) WHERE (a > 3);
ALTER PUBLICATION q ADD TABLES IN SCHEMA s;
-- expect: publication member public.t in p: columns is a, was not set
-- expect: publication member public.t in p: row filter is (a > 3), was not set
-- expect: publication member schema s in q appeared

-- case: generated columns in a publication
-- since 18
CREATE PUBLICATION p;
-- change
ALTER PUBLICATION p SET (publish_generated_columns = stored);
-- expect: publication p: generated columns is stored, was not set

-- case: a subscription
CREATE SUBSCRIPTION s CONNECTION 'host=nowhere password=secret' PUBLICATION p WITH (connect = false);
-- change
ALTER SUBSCRIPTION s SET PUBLICATION p, q WITH (refresh = false);
CREATE SUBSCRIPTION r CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false);
COMMENT ON SUBSCRIPTION s IS 'x';
-- expect: subscription r appeared
-- expect: subscription s: comment is x, was not set
-- expect: subscription s: publications is p, q, was p

-- case: the options of a subscription
-- since 16
CREATE SUBSCRIPTION s CONNECTION 'host=nowhere password=secret' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- change
ALTER SUBSCRIPTION s SET (binary = true, streaming = on, disable_on_error = true, origin = none, run_as_owner = true);
-- expect: subscription s: binary is yes, was not set
-- expect: subscription s: disabled on error is yes, was not set
-- expect: subscription s: origin is none, was not set
-- expect: subscription s: run as owner is yes, was not set
-- expect until 17: subscription s: streaming is on, was not set
-- expect since 18: subscription s: streaming is on, was parallel

-- case: foreign data
CREATE FOREIGN DATA WRAPPER w OPTIONS (debug 'true');
CREATE SERVER s TYPE 'old' VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (host 'a');
CREATE USER MAPPING FOR pilot_app SERVER s OPTIONS ("user" 'x', password 'secret');
CREATE FOREIGN TABLE t (a int OPTIONS (c 'x')) SERVER s OPTIONS (o 'x');
-- change
ALTER FOREIGN DATA WRAPPER w OPTIONS (SET debug 'false');
ALTER SERVER s VERSION '2' OPTIONS (SET host 'b', ADD port '3');
ALTER USER MAPPING FOR pilot_app SERVER s OPTIONS (SET "user" 'y');
CREATE USER MAPPING FOR PUBLIC SERVER s;
ALTER FOREIGN TABLE t OPTIONS (SET o 'y');
ALTER FOREIGN TABLE t ALTER a OPTIONS (SET c 'y'), ADD b int;
GRANT USAGE ON FOREIGN SERVER s TO pilot_app;
GRANT USAGE ON FOREIGN DATA WRAPPER w TO pilot_app;
COMMENT ON FOREIGN DATA WRAPPER w IS 'x';
COMMENT ON SERVER s IS 'x';
COMMENT ON FOREIGN TABLE t IS 'x';
-- expect: foreign table public.t: comment is x, was not set
-- expect: foreign table public.t: foreign options is o 'y', was o 'x'
-- expect: column public.t.a: foreign options is c 'y', was c 'x'
-- expect: column public.t.b appeared
-- expect: foreign-data wrapper w: comment is x, was not set
-- expect: foreign-data wrapper w: options is debug 'false', was debug 'true'
-- expect: foreign-data wrapper w: privileges is pilot_app: USAGE, was not set
-- expect: server s: comment is x, was not set
-- expect: server s: options is host 'b', port '3', was host 'a'
-- expect: server s: privileges is pilot_app: USAGE, was not set
-- expect: server s: version is 2, was 1
-- expect: user mapping for pilot_app server s: options is password (hidden), user 'y', was password (hidden), user 'x'
-- expect: user mapping for public server s appeared

-- case: a password is not told
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE USER MAPPING FOR pilot_app SERVER s OPTIONS ("user" 'x', password 'secret');
-- change
ALTER USER MAPPING FOR pilot_app SERVER s OPTIONS (SET password 'other');
-- same
-- pg_dump differs: it prints passwords

-- case: a foreign server disappears with its mappings and tables
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE USER MAPPING FOR pilot_app SERVER s;
-- change
DROP FOREIGN DATA WRAPPER w CASCADE;
-- expect: foreign-data wrapper w disappeared

-- case: default privileges
CREATE SCHEMA s;
-- change
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO pilot_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO pilot_app;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE pilot_other GRANT USAGE ON SCHEMAS TO pilot_app WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
-- expect: default privileges of pilot_other on schemas appeared
-- expect: default privileges of postgres in public on sequences appeared
-- expect: default privileges of postgres in s on tables appeared
-- expect: default privileges of postgres on functions appeared
-- expect: default privileges of postgres on types appeared

-- case: default privileges given and taken
-- change
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pilot_app;
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM pilot_app;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
-- same

-- case: the settings of the database
-- change
DO $$BEGIN
    EXECUTE format('ALTER DATABASE %I SET work_mem = ''1MB''', current_database());
    EXECUTE format('ALTER DATABASE %I SET search_path = a, "B c", public', current_database());
    EXECUTE format('ALTER DATABASE %I SET app.name = ''a=b''', current_database());
    EXECUTE format('ALTER ROLE pilot_app IN DATABASE %I SET statement_timeout = 5', current_database());
END$$;
-- expect: database: setting app.name is a=b, was not set
-- expect: database: setting search_path is a, "B c", public, was not set
-- expect: database: setting statement_timeout of pilot_app is 5, was not set
-- expect: database: setting work_mem is 1MB, was not set

-- case: privileges on the database, its comment and its limit
-- change
DO $$BEGIN
    EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO pilot_app', current_database());
    EXECUTE format('COMMENT ON DATABASE %I IS ''x''', current_database());
    EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 9', current_database());
END$$;
-- expect: database: comment is x, was not set
-- expect: database: connection limit is 9, was not set
-- expect: database: privileges is pilot_app: CONNECT, CREATE; public: TEMPORARY, was not set

-- case: a setting of the session is nobody's
SET search_path = public;
CREATE TABLE t (a interval DEFAULT '1 day 2 hours', b float8 DEFAULT 0.1, c timestamptz DEFAULT '2024-01-01 00:00:00+00', d bytea DEFAULT '\x00ff');
CREATE VIEW v AS SELECT * FROM t WHERE a > '3 days';
-- change
SET search_path = information_schema, pg_catalog;
SET datestyle = 'German'; SET intervalstyle = 'iso_8601'; SET timezone = 'Asia/Tokyo';
SET extra_float_digits = 0; SET bytea_output = 'escape'; SET quote_all_identifiers = on;
SET standard_conforming_strings = off;
-- same

-- case: tables that pretend to be the catalog's
CREATE SCHEMA evil;
-- change
CREATE TABLE evil.pg_class (oid oid);
CREATE FUNCTION evil.quote_ident(text) RETURNS text LANGUAGE sql AS 'SELECT ''x''';
SET search_path = evil, pg_catalog;
-- expect: table evil.pg_class appeared
-- expect: function evil.quote_ident(text) appeared
