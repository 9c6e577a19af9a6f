-- migrator: allow M0222 because no service reads it
DROP TABLE tenants;
