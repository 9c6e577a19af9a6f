-- migrator: allow M0220 because no service reads it
ALTER TABLE tenants RENAME TO customers;
