ALTER TABLE domains
    DROP COLUMN tenant_id;
