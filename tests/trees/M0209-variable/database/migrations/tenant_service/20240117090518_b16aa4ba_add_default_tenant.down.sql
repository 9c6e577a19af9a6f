DELETE FROM tenants;
