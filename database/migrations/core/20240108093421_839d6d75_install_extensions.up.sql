-- The three extensions of the platform. All are trusted, so the owner of the
-- database may install them. No IF NOT EXISTS: if one exists in another schema,
-- references to core.* and the down script would fail.
CREATE EXTENSION pgcrypto WITH SCHEMA core;

CREATE EXTENSION citext WITH SCHEMA core;

CREATE EXTENSION pg_trgm WITH SCHEMA core;
