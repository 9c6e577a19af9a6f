-- Removes the schema of the auth service.
DROP SCHEMA auth;
