DROP VIEW tenant_ids;

DROP VIEW tenant_names;

DROP TABLE tenants;
