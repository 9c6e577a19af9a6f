-- The schema for shared objects. Any role may use it, because the tables of all
-- services use its domains, types and functions.
CREATE SCHEMA core;

COMMENT ON SCHEMA core IS 'Shared extensions, domains, types, functions and the audit log';

GRANT USAGE ON SCHEMA core TO PUBLIC;
