CREATE TABLE domains (
    name text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
-- migrator: lock-timeout 10s
CREATE INDEX domains_by_tenant ON domains (tenant_id);
