-- An account owns a tenant, though accounts belong to tenants.
-- migrator: requires auth/20240119104233
ALTER TABLE tenants ADD owner_id uuid REFERENCES accounts;
