-- The roles of each account in each tenant, and the function that checks them.
CREATE TABLE auth.role_grants (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    account_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    role_id uuid NOT NULL,
    granted_by uuid,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT role_grants_pkey PRIMARY KEY (id),
    CONSTRAINT role_grants_account_id_tenant_id_role_id_key UNIQUE (account_id, tenant_id, role_id),
    CONSTRAINT role_grants_account_id_fkey FOREIGN KEY (account_id)
        REFERENCES auth.accounts (id) ON DELETE CASCADE,
    CONSTRAINT role_grants_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT role_grants_role_id_fkey FOREIGN KEY (role_id)
        REFERENCES auth.roles (id) ON DELETE CASCADE,
    CONSTRAINT role_grants_granted_by_fkey FOREIGN KEY (granted_by)
        REFERENCES auth.accounts (id) ON DELETE SET NULL,
    CONSTRAINT role_grants_expires_at_check CHECK (expires_at > created_at)
);

COMMENT ON TABLE auth.role_grants IS 'Roles that accounts have in tenants';
COMMENT ON COLUMN auth.role_grants.granted_by IS 'Null for the first owner, and once the granting account is gone';
COMMENT ON COLUMN auth.role_grants.expires_at IS 'Null means until it is taken back';

CREATE INDEX role_grants_tenant_id_idx ON auth.role_grants (tenant_id);

CREATE INDEX role_grants_role_id_idx ON auth.role_grants (role_id);

CREATE INDEX role_grants_granted_by_idx ON auth.role_grants (granted_by);

CREATE TRIGGER role_grants_record_change
    AFTER INSERT OR UPDATE OR DELETE ON auth.role_grants
    FOR EACH ROW EXECUTE FUNCTION core.record_change();

CREATE FUNCTION auth.has_permission(account_id uuid, tenant_id uuid, permission_code text) RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = ''
AS $$
    SELECT EXISTS (
        SELECT 1
        FROM auth.role_grants AS g
        JOIN auth.role_permissions AS p ON p.role_id = g.role_id
        WHERE g.account_id = has_permission.account_id
            AND g.tenant_id = has_permission.tenant_id
            AND p.permission_code = has_permission.permission_code
            AND (g.expires_at IS NULL OR g.expires_at > pg_catalog.now())
    );
$$;

COMMENT ON FUNCTION auth.has_permission(uuid, uuid, text) IS
    'Whether an account may do something in a tenant, by any of its roles that has not expired';
