-- Removes roles and permissions.
DROP TABLE auth.role_permissions;

DROP TABLE auth.roles;

DROP TABLE auth.permissions;
