-- Removes the isolation of the tenant service's tables.
DROP FUNCTION tenant.find_tenant(text);

DROP POLICY settings_isolation ON tenant.settings;

ALTER TABLE tenant.settings DISABLE ROW LEVEL SECURITY;

DROP POLICY domains_isolation ON tenant.domains;

ALTER TABLE tenant.domains DISABLE ROW LEVEL SECURITY;

DROP POLICY tenants_isolation ON tenant.tenants;

ALTER TABLE tenant.tenants DISABLE ROW LEVEL SECURITY;
