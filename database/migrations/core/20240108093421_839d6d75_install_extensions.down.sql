-- Removes the extensions, newest first.
DROP EXTENSION pg_trgm;

DROP EXTENSION citext;

DROP EXTENSION pgcrypto;
