\set ON_ERROR_STOP on
CREATE TABLE domains (
    name text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
