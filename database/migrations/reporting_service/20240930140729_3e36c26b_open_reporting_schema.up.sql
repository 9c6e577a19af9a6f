-- Every service records events. So all roles may use the schema, but only the
-- roles that operators choose may use its tables.
GRANT USAGE ON SCHEMA reporting TO PUBLIC;
