-- The schema of the user service; USER is a reserved word, hence the plural.
CREATE SCHEMA users;

COMMENT ON SCHEMA users IS 'People: profiles, preferences and memberships in tenants';
