DROP VIEW tenant_overview;

CREATE VIEW tenant_ids AS
SELECT id
FROM tenants;
