-- Every service records events: the schema opens to all roles, its tables only
-- to those that operators name.
GRANT USAGE ON SCHEMA reporting TO PUBLIC;
