-- migrator: lock-timeout 10s
-- Forgets the owners; column, constraint and index go together.
DROP INDEX tenant.tenants_owner_account_id_idx;

ALTER TABLE tenant.tenants
    DROP CONSTRAINT tenants_owner_account_id_fkey,
    DROP COLUMN owner_account_id;
