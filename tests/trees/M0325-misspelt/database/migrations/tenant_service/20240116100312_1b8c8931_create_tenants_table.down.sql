DROP TABLE tenant.tenants;
DROP SCHEMA tenant;
