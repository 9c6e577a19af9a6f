ALTER TABLE tenants
    DROP COLUMN created_at,
    DROP COLUMN plan;
