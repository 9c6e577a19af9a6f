-- Removes the tenants' domains.
DROP TABLE tenant.domains;
