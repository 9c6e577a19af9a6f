ALTER TABLE tenants
    DROP COLUMN owner_id;
