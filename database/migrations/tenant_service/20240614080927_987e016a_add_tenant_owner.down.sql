-- migrator: lock-timeout 10s
-- Removes the owners: the column, with its constraint and its index.
DROP INDEX tenant.tenants_owner_account_id_idx;

ALTER TABLE tenant.tenants
    DROP CONSTRAINT tenants_owner_account_id_fkey,
    DROP COLUMN owner_account_id;
