ALTER TABLE tenants
    ALTER COLUMN name TYPE varchar(200);
