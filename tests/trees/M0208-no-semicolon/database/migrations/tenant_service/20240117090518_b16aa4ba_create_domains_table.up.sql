CREATE TABLE domains (
    name text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
)
CREATE INDEX domains_tenant_id_idx ON domains (tenant_id);
