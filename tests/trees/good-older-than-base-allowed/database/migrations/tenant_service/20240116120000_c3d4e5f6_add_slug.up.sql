-- migrator: allow M0236 because no database has the later one
ALTER TABLE tenants ADD COLUMN slug text;
