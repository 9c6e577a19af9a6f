-- Closes the schema to all but its owner.
REVOKE USAGE ON SCHEMA reporting FROM PUBLIC;
