-- migrator: allow M0216 because the table is new
CREATE TABLE domains (
    name text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
