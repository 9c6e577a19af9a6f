-- Removes the isolation of the auth service's tables.
DROP POLICY api_key_permissions_isolation ON auth.api_key_permissions;

ALTER TABLE auth.api_key_permissions DISABLE ROW LEVEL SECURITY;

DROP POLICY role_permissions_isolation ON auth.role_permissions;

DROP POLICY role_permissions_visibility ON auth.role_permissions;

ALTER TABLE auth.role_permissions DISABLE ROW LEVEL SECURITY;

DROP POLICY api_keys_isolation ON auth.api_keys;

ALTER TABLE auth.api_keys DISABLE ROW LEVEL SECURITY;

DROP POLICY role_grants_isolation ON auth.role_grants;

ALTER TABLE auth.role_grants DISABLE ROW LEVEL SECURITY;

DROP POLICY roles_isolation ON auth.roles;

DROP POLICY roles_visibility ON auth.roles;

ALTER TABLE auth.roles DISABLE ROW LEVEL SECURITY;
