-- migrator: allow M0104 because it is never reverted
CREATE TABLE domains (
    name text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
