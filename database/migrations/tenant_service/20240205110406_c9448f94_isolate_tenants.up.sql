-- From now on, a role sees only its current tenant. The policies do not apply to
-- the owner of the tables (no FORCE): it migrates, and services use other roles.
ALTER TABLE tenant.tenants ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenants_isolation ON tenant.tenants
    USING (id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY tenants_isolation ON tenant.tenants IS 'A tenant sees and changes itself only';

ALTER TABLE tenant.domains ENABLE ROW LEVEL SECURITY;

CREATE POLICY domains_isolation ON tenant.domains
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY domains_isolation ON tenant.domains IS 'A tenant sees and changes its own domains only';

ALTER TABLE tenant.settings ENABLE ROW LEVEL SECURITY;

CREATE POLICY settings_isolation ON tenant.settings
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY settings_isolation ON tenant.settings IS 'A tenant sees and changes its own settings only';

-- A service must find a tenant before it can enter it: by its slug or its host.
CREATE FUNCTION tenant.find_tenant(slug_or_host text) RETURNS uuid
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT t.id
    FROM tenant.tenants AS t
    WHERE t.slug = pg_catalog.lower(slug_or_host)
        AND t.status <> 'archived'
    UNION ALL
    SELECT d.tenant_id
    FROM tenant.domains AS d
    JOIN tenant.tenants AS t ON t.id = d.tenant_id
    WHERE d.host OPERATOR(core.=) slug_or_host::core.citext
        AND d.verified_at IS NOT NULL
        AND t.status <> 'archived'
    LIMIT 1;
$$;

COMMENT ON FUNCTION tenant.find_tenant(text) IS
    'The tenant behind a slug or a verified host name; sees all tenants, so it returns nothing but the key';
