-- migrator: lock-timeout 10s
-- migrator: lock-timeout 20s
CREATE TABLE domains (
    name text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
