-- migrator: requires tenant/20240116100312
-- migrator: requires tenant/20240116100312
CREATE TABLE domains (
    name text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
