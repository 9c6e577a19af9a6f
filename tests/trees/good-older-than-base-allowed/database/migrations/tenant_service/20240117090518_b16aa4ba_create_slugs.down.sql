DROP VIEW tenant_ids;
