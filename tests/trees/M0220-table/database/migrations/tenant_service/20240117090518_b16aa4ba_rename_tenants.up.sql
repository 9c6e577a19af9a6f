ALTER TABLE tenants
    RENAME TO customers;
