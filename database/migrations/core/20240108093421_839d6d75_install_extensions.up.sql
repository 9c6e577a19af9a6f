-- The three extensions that the platform uses, all trusted, so the owner of the
-- database may install them. No IF NOT EXISTS: one that is already there, in
-- another schema, would break every reference to core.* and the down script.
CREATE EXTENSION pgcrypto WITH SCHEMA core;

CREATE EXTENSION citext WITH SCHEMA core;

CREATE EXTENSION pg_trgm WITH SCHEMA core;
