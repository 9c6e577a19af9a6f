-- A tenant cannot see the roles, grants and keys of another. Accounts and
-- sessions belong to no tenant; only the auth service's role reads them.
ALTER TABLE auth.roles ENABLE ROW LEVEL SECURITY;

CREATE POLICY roles_visibility ON auth.roles
    FOR SELECT
    USING (tenant_id IS NULL);

COMMENT ON POLICY roles_visibility ON auth.roles IS 'Everybody sees the roles of the platform';

CREATE POLICY roles_isolation ON auth.roles
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY roles_isolation ON auth.roles IS 'A tenant sees and changes its own roles';

ALTER TABLE auth.role_grants ENABLE ROW LEVEL SECURITY;

CREATE POLICY role_grants_isolation ON auth.role_grants
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY role_grants_isolation ON auth.role_grants IS 'A tenant sees and changes its own grants';

ALTER TABLE auth.api_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY api_keys_isolation ON auth.api_keys
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY api_keys_isolation ON auth.api_keys IS 'A tenant sees and changes its own keys';

-- A user may read and change the permissions of a role or a key if the user may
-- read and change the role or the key: the subqueries obey the policies too.
ALTER TABLE auth.role_permissions ENABLE ROW LEVEL SECURITY;

CREATE POLICY role_permissions_visibility ON auth.role_permissions
    FOR SELECT
    USING (
        EXISTS (
            SELECT 1
            FROM auth.roles AS r
            WHERE r.id = role_id
        )
    );

COMMENT ON POLICY role_permissions_visibility ON auth.role_permissions IS 'Seen by who sees the role';

CREATE POLICY role_permissions_isolation ON auth.role_permissions
    USING (
        EXISTS (
            SELECT 1
            FROM auth.roles AS r
            WHERE r.id = role_id
                AND r.tenant_id = (SELECT core.current_tenant_id())
        )
    );

COMMENT ON POLICY role_permissions_isolation ON auth.role_permissions IS 'A tenant changes what its own roles allow';

ALTER TABLE auth.api_key_permissions ENABLE ROW LEVEL SECURITY;

CREATE POLICY api_key_permissions_isolation ON auth.api_key_permissions
    USING (
        EXISTS (
            SELECT 1
            FROM auth.api_keys AS k
            WHERE k.id = api_key_id
        )
    );

COMMENT ON POLICY api_key_permissions_isolation ON auth.api_key_permissions IS 'A tenant sees and changes what its own keys allow';
