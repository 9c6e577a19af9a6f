-- migrator: requires auth/20240119104233
-- migrator: lock-timeout 10s
-- migrator: allow M0216 because no tenant has an owner yet, so that the index is empty after one pass
-- migrator: allow M0218 because the column is new and null in every row, so that nothing is looked up
-- The account that is responsible for a tenant. Accounts belong to the service
-- auth, which depends on tenant. So only this migration requires one of auth.
ALTER TABLE tenant.tenants
    ADD COLUMN owner_account_id uuid,
    ADD CONSTRAINT tenants_owner_account_id_fkey FOREIGN KEY (owner_account_id)
        REFERENCES auth.accounts (id) ON DELETE SET NULL;

COMMENT ON COLUMN tenant.tenants.owner_account_id IS
    'Answers for the tenant and pays; null while the tenant looks for a new owner';

CREATE INDEX tenants_owner_account_id_idx ON tenant.tenants (owner_account_id)
    WHERE owner_account_id IS NOT NULL;
