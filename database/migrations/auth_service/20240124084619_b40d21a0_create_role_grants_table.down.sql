-- Removes all grants of roles.
DROP FUNCTION auth.has_permission(uuid, uuid, text);

DROP TABLE auth.role_grants;
