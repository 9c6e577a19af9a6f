-- The schema of the auth service.
CREATE SCHEMA auth;

COMMENT ON SCHEMA auth IS 'Accounts, credentials, roles, permissions, sessions and tokens';
