CREATE TABLE domains (
    name PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
