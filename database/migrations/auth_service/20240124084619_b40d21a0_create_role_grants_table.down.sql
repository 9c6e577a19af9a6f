-- Takes all roles back.
DROP FUNCTION auth.has_permission(uuid, uuid, text);

DROP TABLE auth.role_grants;
