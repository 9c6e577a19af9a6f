ALTER TABLE tenants
    ALTER COLUMN name TYPE text;
