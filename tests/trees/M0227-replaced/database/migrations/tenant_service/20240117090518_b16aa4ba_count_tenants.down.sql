SELECT count(*) FROM tenants;
