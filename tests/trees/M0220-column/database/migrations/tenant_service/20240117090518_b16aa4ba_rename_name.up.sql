ALTER TABLE tenants
    RENAME COLUMN name TO display_name;
