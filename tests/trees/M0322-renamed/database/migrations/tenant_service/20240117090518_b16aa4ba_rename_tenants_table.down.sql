ALTER TABLE customers RENAME TO tenants;
