DROP INDEX events_tenant_id;
