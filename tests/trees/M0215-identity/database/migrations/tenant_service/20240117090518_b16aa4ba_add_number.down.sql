ALTER TABLE tenants DROP COLUMN number;
