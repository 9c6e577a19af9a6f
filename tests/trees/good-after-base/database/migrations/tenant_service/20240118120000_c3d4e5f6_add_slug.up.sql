ALTER TABLE tenants ADD COLUMN slug text;
