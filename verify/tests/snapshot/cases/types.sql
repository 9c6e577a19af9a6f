-- case: an enum gets a value in the middle
CREATE TYPE mood AS ENUM ('sad', 'glad');
-- change
ALTER TYPE mood ADD VALUE 'so''so' BEFORE 'glad';
-- expect: type public.mood: labels is 'sad', 'so''so', 'glad', was 'sad', 'glad'

-- case: values of an enum change places
CREATE TYPE mood AS ENUM ('sad', 'glad');
-- change
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('glad', 'sad');
COMMENT ON TYPE mood IS 'x';
-- expect: type public.mood: comment is x, was not set
-- expect: type public.mood: labels is 'glad', 'sad', was 'sad', 'glad'

-- case: a composite type gets and loses attributes
CREATE TYPE k AS (a int, b text, c text);
-- change
ALTER TYPE k ADD ATTRIBUTE d int, DROP ATTRIBUTE b, ALTER ATTRIBUTE a TYPE bigint;
COMMENT ON COLUMN k.c IS 'x';
-- expect: attribute public.k.a: type is bigint, was integer
-- expect: attribute public.k.b disappeared
-- expect: attribute public.k.c: comment is x, was not set
-- expect: attribute public.k.d appeared

-- case: a composite type appears
-- change
CREATE TYPE k AS (a int, b text);
-- expect: type public.k appeared

-- case: a range type comes with its constructors
-- change
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
-- expect: type public.span appeared

-- case: a range type over another subtype, with a multirange of another name
-- since 14
CREATE TYPE span AS RANGE (SUBTYPE = text, COLLATION = "C");
-- change
DROP TYPE span;
CREATE TYPE span AS RANGE (SUBTYPE = text, COLLATION = "POSIX", MULTIRANGE_TYPE_NAME = spans);
-- expect: type public.span: collation is "POSIX", was "C"
-- expect: type public.span: multirange is public.spans, was public.span_multirange

-- case: a base type
CREATE TYPE b;
CREATE FUNCTION b_in(cstring) RETURNS b LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION b_out(b) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
-- change
CREATE TYPE b (INPUT = b_in, OUTPUT = b_out, LIKE = text, CATEGORY = 'X', DELIMITER = ';');
-- expect: type public.b: alignment is i, was not set
-- expect: type public.b: category is X, was not set
-- expect: type public.b: delimiter is ;, was not set
-- expect: type public.b: form is base, was shell
-- expect: type public.b: input is public.b_in, was not set
-- expect: type public.b: length is -1, was not set
-- expect: type public.b: output is public.b_out, was not set
-- expect: type public.b: storage is extended, was not set

-- case: a shell type
-- change
CREATE TYPE s;
-- expect: type public.s appeared

-- case: an array of an own type is not told
CREATE SCHEMA s;
-- change
CREATE TYPE s.e AS ENUM ('a');
CREATE TABLE t (a s.e[]);
-- expect: type s.e appeared
-- expect: table public.t appeared

-- case: a domain and its constraints
CREATE DOMAIN d AS int CONSTRAINT pos CHECK (VALUE > 0);
CREATE DOMAIN e AS text;
-- change
ALTER DOMAIN d ADD CONSTRAINT small CHECK (VALUE < 100) NOT VALID;
ALTER DOMAIN d SET DEFAULT 4;
ALTER DOMAIN d DROP CONSTRAINT pos;
COMMENT ON DOMAIN d IS 'x';
COMMENT ON CONSTRAINT small ON DOMAIN d IS 'x';
REVOKE USAGE ON DOMAIN d FROM PUBLIC;
DROP DOMAIN e;
CREATE DOMAIN e AS text COLLATE "C";
-- expect: domain public.d: comment is x, was not set
-- expect: domain public.d: default is 4, was not set
-- expect: domain public.d: privileges is none but the owner's, was not set
-- expect: domain public.e: collation is "C", was not set
-- expect: constraint pos on public.d disappeared
-- expect: constraint small on public.d appeared

-- case: a domain becomes NOT NULL
CREATE DOMAIN d AS int;
-- change
ALTER DOMAIN d SET NOT NULL;
-- expect: domain public.d: not null is yes, was not set

-- case: a collation
CREATE COLLATION a (LOCALE = 'C');
-- change
CREATE COLLATION b FROM "C";
COMMENT ON COLLATION a IS 'x';
DROP COLLATION a;
CREATE COLLATION a (LC_COLLATE = 'C', LC_CTYPE = 'POSIX');
-- expect: collation public.a: character types is POSIX, was not set
-- expect: collation public.b appeared

-- case: a conversion
CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
-- change
CREATE DEFAULT CONVERSION d FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
ALTER CONVERSION c OWNER TO pilot_app;
COMMENT ON CONVERSION c IS 'x';
-- expect: conversion public.c: comment is x, was not set
-- expect: conversion public.c: owner is pilot_app, was postgres
-- expect: conversion public.d appeared

-- case: a cast
CREATE TYPE mood AS ENUM ('sad');
CREATE FUNCTION to_int(mood) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (mood AS int) WITH FUNCTION to_int(mood);
-- change
DROP CAST (mood AS int);
CREATE CAST (mood AS int) WITH FUNCTION to_int(mood) AS ASSIGNMENT;
CREATE CAST (mood AS bytea) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (mood AS int) IS 'x';
-- expect: cast (public.mood as bytea) appeared
-- expect: cast (public.mood as integer): comment is x, was not set
-- expect: cast (public.mood as integer): context is assignment, was explicit

-- case: text search
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);
-- change
ALTER TEXT SEARCH DICTIONARY d (ACCEPT = false);
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword WITH d, simple;
CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize, INIT = dsimple_init);
CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
COMMENT ON TEXT SEARCH CONFIGURATION c IS 'x';
-- expect: text search parser public.p appeared
-- expect: text search template public.t appeared
-- expect: text search dictionary public.d: options is stopwords = 'english', accept = 'false', was stopwords = 'english'
-- expect: text search configuration public.c: comment is x, was not set
-- expect: text search configuration public.c: mappings is asciihword: simple; asciiword: public.d, simple; email: simple; file: simple; float: simple; host: simple; hword: simple…, was asciihword: simple; asciiword: simple; email: simple; file: simple; float: simple; host: simple; hword: simple; hword_as…

-- case: another text search parser and template under their names
CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize, INIT = dsimple_init);
CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
-- change
DROP TEXT SEARCH TEMPLATE t;
CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize);
DROP TEXT SEARCH PARSER p;
CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
-- expect: text search parser public.p: headline is prsd_headline, was not set
-- expect: text search template public.t: init is not set, was dsimple_init
