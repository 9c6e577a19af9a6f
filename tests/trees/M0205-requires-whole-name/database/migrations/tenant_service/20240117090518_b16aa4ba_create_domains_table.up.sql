-- migrator: requires tenant/20240116100312_1b8c8931_create_tenants_table
CREATE TABLE domains (
    name text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
