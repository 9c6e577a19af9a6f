ALTER TABLE tenants
    RENAME COLUMN display_name TO name;
