/*
 * Domains of tenants.
 * migrator: lock-timeout 10s
 */
CREATE TABLE domains (
    name text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
