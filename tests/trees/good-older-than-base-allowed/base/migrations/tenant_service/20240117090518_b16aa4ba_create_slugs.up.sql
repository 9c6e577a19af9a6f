CREATE VIEW tenant_ids AS SELECT id FROM tenants;
