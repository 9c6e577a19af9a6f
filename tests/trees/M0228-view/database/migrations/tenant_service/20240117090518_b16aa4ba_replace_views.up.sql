DROP VIEW tenant_names;

DROP VIEW tenant_ids;

CREATE VIEW tenant_overview AS
SELECT id, name
FROM tenants;
