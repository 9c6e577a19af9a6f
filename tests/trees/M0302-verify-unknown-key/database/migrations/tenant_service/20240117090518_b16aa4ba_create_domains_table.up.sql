CREATE TABLE domains (
    name text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
