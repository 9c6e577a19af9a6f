-- The schema of the tenant service.
CREATE SCHEMA tenant;

COMMENT ON SCHEMA tenant IS 'Tenants, their plans, domains and settings';
