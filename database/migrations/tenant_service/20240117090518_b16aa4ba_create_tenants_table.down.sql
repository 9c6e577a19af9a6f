-- Removes the tenants.
DROP TABLE tenant.tenants;
