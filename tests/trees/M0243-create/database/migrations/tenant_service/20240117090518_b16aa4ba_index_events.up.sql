-- migrator: no-transaction
CREATE INDEX CONCURRENTLY events_tenant_id ON events (tenant_id);
