DROP FUNCTION tenant_count;
DROP TABLE tenants;
